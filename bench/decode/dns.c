/*
 * Messages of DNS as nodes, beside ldns alone: parsing the same bytes, and
 * writing them as text, which nodes have too. CPU time of this thread: ratios
 * within one run hold on another machine, figures alone do not.
 *
 * usage: bench-decode-dns FOLDER [SECONDS-EACH]
 *
 * FOLDER has samples as tests/golden/decode/dns has them.
 */
#include "decode/decode.h"

#include <dirent.h>
#include <ldns/ldns.h> /* after what has stdbool.h: it has a bool of its own */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static double cpu_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
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

/* In turns, so that all see the same machine. */
static void row(const char *name, size_t len, size_t from, size_t to)
{
    double parsed = 0, written = 0, own = 0;
    for (int i = 0; i < 3; i++) {
        double one = rate(parse_by_ldns, from, to);
        double two = rate(write_by_ldns, from, to);
        double three = rate(decode, from, to);
        parsed = one > parsed ? one : parsed;
        written = two > written ? two : written;
        own = three > own ? three : own;
    }
    printf("%-20s %8zu %12.1f %12.1f %10.1f %10.2f %10.2f\n", name, len, parsed,
           written, own, own / parsed, own / written);
}

static void read_sample(const char *folder, const char *name)
{
    static char file_data[SAMPLE_MAX_LEN + 1];
    struct sample *sample = &samples[sample_count];
    char path[4096];
    ldns_pkt *packet;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL && sample_count < SAMPLES_MAX, "cannot open a sample");
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
    snprintf(sample->name, sizeof sample->name, "%s", name);
    sample->data = malloc(len);
    require(sample->data != NULL, "out of memory");
    memcpy(sample->data, body, len);
    sample->len = len;
    total_len += len;
    sample_count++;
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
    for (size_t i = 0; i < sample_count; i++)
        if (strstr(samples[i].name, "answer.") ||
            strstr(samples[i].name, "query.") ||
            strstr(samples[i].name, "nxdomain."))
            row(samples[i].name, samples[i].len, i, i + 1);
    row("all samples", total_len, 0, sample_count);
    for (size_t i = 0; i < sample_count; i++)
        free(samples[i].data);
    return 0;
}
