/*
 * Messages of DNS as nodes, beside ldns alone: parsing the same bytes, and
 * writing them as text, which nodes have too. CPU time of this thread: ratios
 * within one run hold on another machine, figures alone do not. Those printed
 * are the median of several turns.
 *
 * usage: bench-decode-dns FOLDER [SECONDS-EACH]
 *
 * FOLDER has samples as tests/golden/decode/dns has them. Others are made here,
 * by ldns, of records as zone files have them.
 */
#include "decode/decode.h"

#include <dirent.h>
#include <ldns/ldns.h> /* after what has stdbool.h: it has a bool of its own */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { SAMPLES_MAX = 100, SAMPLE_MAX_LEN = 65536 };

struct sample {
    char name[64];
    uint8_t *data;
    size_t len;
};

static struct sample samples[SAMPLES_MAX];
static size_t sample_count, total_len;
static double seconds_each = 1;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench-decode-dns: %s\n", what);
    exit(1);
}

static void parse_by_ldns(const struct sample *sample)
{
    ldns_pkt *packet;
    require(ldns_wire2pkt(&packet, sample->data, sample->len) == LDNS_STATUS_OK,
            "ldns does not read a sample any more");
    ldns_pkt_free(packet);
}

static void write_by_ldns(const struct sample *sample)
{
    ldns_pkt *packet;
    require(ldns_wire2pkt(&packet, sample->data, sample->len) == LDNS_STATUS_OK,
            "ldns does not read a sample any more");
    ldns_buffer *text = ldns_buffer_new(4096);
    require(text != NULL && ldns_pkt2buffer_str(text, packet) == LDNS_STATUS_OK,
            "ldns does not write a sample");
    ldns_buffer_free(text);
    ldns_pkt_free(packet);
}

static int count_node(void *user, unsigned depth, const struct mf_node *node)
{
    (void)depth;
    *(size_t *)user += node->text.len;
    return 0;
}

static void decode(const struct sample *sample)
{
    struct mf_view view;
    size_t text_len = 0;
    const struct mf_decode_opts opts = {.inflated_max = 0};
    const struct mf_body body = {
        .place = MF_BODY_MESSAGE,
        .data = {(const char *)sample->data, sample->len},
        .is_dns = true,
    };
    mf_view_init(&view, SIZE_MAX, count_node, &text_len);
    require(mf_decode(&body, &opts, &view) == 0 && text_len,
            "a sample was not read");
}

/* MB/s of what `work` reads. */
static double rate(void (*work)(const struct sample *), size_t from, size_t to)
{
    size_t len = 0;
    double start = cpu_s(), now;
    do {
        for (int turn = 0; turn < 16; turn++)
            for (size_t i = from; i < to; i++) {
                work(&samples[i]);
                len += samples[i].len;
            }
        now = cpu_s();
    } while (now - start < seconds_each);
    return (double)len / (now - start) / 1e6;
}

static void row(const char *name, size_t len, size_t from, size_t to)
{
    double parsed[TURNS], written[TURNS], own[TURNS], of_parsed[TURNS],
        of_written[TURNS];
    for (int i = 0; i < TURNS; i++) {
        parsed[i] = rate(parse_by_ldns, from, to);
        own[i] = rate(decode, from, to);
        written[i] = rate(write_by_ldns, from, to);
        of_parsed[i] = own[i] / parsed[i];
        of_written[i] = own[i] / written[i];
    }
    printf("%-20s %8zu %12.1f %12.1f %10.1f %10.2f %10.2f\n", name, len,
           median(parsed), median(written), median(own), median(of_parsed),
           median(of_written));
}

static void add_sample(const char *name, const uint8_t *data, size_t len)
{
    require(sample_count < SAMPLES_MAX, "too many samples");
    struct sample *sample = &samples[sample_count++];
    snprintf(sample->name, sizeof sample->name, "%s", name);
    sample->data = malloc(len);
    require(sample->data != NULL, "out of memory");
    memcpy(sample->data, data, len);
    sample->len = len;
    total_len += len;
}

/* An answer with `count` times the records `lines`, in which %u is a number. */
static void make_sample(const char *name, const char *const *lines,
                        unsigned count)
{
    char line[1024];
    uint8_t *wire;
    size_t len;
    ldns_rr *rr;
    ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str("example.com"),
                                          LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN,
                                          LDNS_QR | LDNS_RD | LDNS_RA);
    require(packet != NULL, "out of memory");
    for (unsigned i = 0; i < count; i++)
        for (size_t k = 0; lines[k]; k++) {
            snprintf(line, sizeof line, lines[k], i, i);
            require(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) ==
                            LDNS_STATUS_OK &&
                        ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr),
                    line);
        }
    require(ldns_pkt2wire(&wire, packet, &len) == LDNS_STATUS_OK,
            "ldns does not write a message");
    add_sample(name, wire, len);
    free(wire);
    ldns_pkt_free(packet);
}

static void make_samples(void)
{
    static const char signature[] =
        "oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTrPYGv07h108dUKGMeDPKijVCHX3DDKdfb+"
        "v6o"
        "B9wfuh3DTJXUAfI/M0zmO/"
        "zz8bW0Rznl8O3tGNazPwQKkRN20XPXV6nwwfoXmJQbsLNrLfkG"
        "J5D6fwFm8nN+6pBzeDQfsS3Ap3o=";
    static char rrsig[512], dnskey[512];
    snprintf(rrsig, sizeof rrsig,
             "example.com. 300 IN RRSIG A 5 2 300 20300322173103 "
             "20260220173103 2642 example.com. %s",
             signature);
    snprintf(dnskey, sizeof dnskey, "example.com. 300 IN DNSKEY 257 3 5 %s",
             signature);
    static const char text[] =
        "v=spf1 include:_spf.example.com include:mail.example.net "
        "ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all";
    static char txt[512];
    snprintf(txt, sizeof txt, "example.com. 300 IN TXT \"%s\" \"%s\"", text,
             text);
    static const struct {
        const char *name;
        unsigned count;
        const char *lines[5];
    } shapes[] = {
        {"A", 1, {"example.com. 300 IN A 192.0.2.%u"}},
        {"AAAA, 4", 4, {"example.com. 300 IN AAAA 2001:db8:0:1::1%02u"}},
        {"CNAME and A",
         1,
         {"example.com. 300 IN CNAME www.cdn.example.net.",
          "www.cdn.example.net. 60 IN A 192.0.2.7"}},
        {"TXT", 1, {txt}},
        {"MX, 4", 4, {"example.com. 300 IN MX %u mail%u.example.com."}},
        {"SOA",
         1,
         {"example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. "
          "2026112801 7200 3600 1209600 3600"}},
        {"SRV, 4",
         4,
         {"_sip._tcp.example.com. 300 IN SRV 10 %u 5060 sip%u.example.com."}},
        {"HTTPS",
         1,
         {"example.com. 300 IN HTTPS 1 . alpn=\"h3,h2\" "
          "ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1"}},
        {"RRSIG and DNSKEY", 1, {rrsig, dnskey}},
        {"A, 100 of one name", 100, {"example.com. 300 IN A 192.0.2.%u"}},
        {"NS and A, 100 names",
         100,
         {"zone%u.example.com. 300 IN NS ns%u.example.com.",
          "ns%u.example.com. 300 IN A 192.0.2.%u"}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        make_sample(shapes[i].name, shapes[i].lines, shapes[i].count);
}

static void read_sample(const char *folder, const char *name)
{
    static char file_data[SAMPLE_MAX_LEN + 1];
    char path[4096];
    ldns_pkt *packet;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL, "cannot open a sample");
    size_t len = fread(file_data, 1, SAMPLE_MAX_LEN, file);
    fclose(file);
    const char *body = memmem(file_data, len, "\n\n", 2);
    if (!body)
        return;
    body += 2;
    len -= (size_t)(body - file_data);
    /* Both must read it, so hostile ones are not compared. */
    if (ldns_wire2pkt(&packet, (const uint8_t *)body, len) != LDNS_STATUS_OK)
        return;
    ldns_pkt_free(packet);
    add_sample(name, (const uint8_t *)body, len);
}

int main(int argc, char **argv)
{
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    require(dir != NULL, "usage: bench-decode-dns FOLDER [SECONDS-EACH]");
    if (argc > 2)
        seconds_each = atof(argv[2]);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strstr(entry->d_name, ".message") && !strstr(entry->d_name, ".txt"))
            read_sample(argv[1], entry->d_name);
    closedir(dir);
    require(sample_count > 0, "no samples");
    printf("%-20s %8s %12s %12s %10s %10s %10s\n", "MB/s", "bytes",
           "ldns parses", "and writes", "nodes", "of parsed", "of written");
    size_t golden_count = sample_count, golden_len = total_len;
    make_samples();
    for (size_t i = 0; i < golden_count; i++)
        if (strstr(samples[i].name, "answer.") ||
            strstr(samples[i].name, "query.") ||
            strstr(samples[i].name, "nxdomain."))
            row(samples[i].name, samples[i].len, i, i + 1);
    row("all samples", golden_len, 0, golden_count);
    for (size_t i = golden_count; i < sample_count; i++)
        row(samples[i].name, samples[i].len, i, i + 1);
    for (size_t i = 0; i < sample_count; i++)
        free(samples[i].data);
    return 0;
}
