/*
 * What blocks, signatures and postings cost, in time and in bytes, and how
 * often signatures take a frame for one that holds a text which it does not.
 *
 * usage: bench-blocks [FLOWS [FOLDER-OF-BODIES]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "query/fold.h"
#include "store/block.h"
#include "traffic.h"

enum { NEEDLES = 200, BUCKETS_MAX = 12 };

struct frame {
    struct mf_buf signature;
    struct mf_buf text; /* folded; texts are apart from one another */
    uint8_t *block;     /* its block, borrowed */
    size_t block_len;
    unsigned at;
};

struct bench {
    size_t flow_count;
    struct traffic traffic;
    struct mf_flow **flows;
    size_t raw_len;
    struct mf_made_block *blocks;
    size_t block_count;
    struct frame *frames;
    size_t frame_count;
    struct mf_buf *parts; /* of the groups, one after another */
    size_t group_count;
};

static void require(int rc, const char *what)
{
    if (rc) {
        fprintf(stderr, "bench-blocks: %s\n", what);
        exit(1);
    }
}

/* Of this thread's CPU: others may use the machine. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * MF_NS_PER_S + now.tv_nsec;
}

static double us_since(int64_t start_ns)
{
    return (double)(cpu_ns() - start_ns) / 1e3;
}

static void make_flows(struct bench *bench)
{
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    bench->flows = calloc(bench->flow_count, sizeof *bench->flows);
    for (size_t i = 0; i < bench->flow_count; i++) {
        bench->flows[i] = traffic_flow(&bench->traffic, &buf);
        bench->raw_len += buf.len;
    }
    mf_buf_release(&buf);
}

static bool append_folded(void *user, const char *text, size_t len)
{
    struct mf_buf *out = user;
    require(mf_fold(text, len, out), "fold");
    mf_buf_append_byte(out, '\n');
    return false;
}

static bool append_text(void *user, const char *text, size_t len)
{
    mf_buf_append(user, text, len);
    return false;
}

/* Speed of folding and of signing, over all texts as one. */
static void bench_text(struct bench *bench)
{
    struct mf_buf text, folded;
    struct mf_signature *signature = mf_signature_new();
    mf_buf_init(&text, SIZE_MAX);
    mf_buf_init(&folded, SIZE_MAX);
    int64_t start_ns = cpu_ns();
    size_t some = bench->flow_count < 5000 ? bench->flow_count : 5000;
    for (size_t i = 0; i < some; i++)
        mf_flow_each_text(bench->flows[i], append_text, &text);
    printf("%-44s %9.2f us a flow\n", "visit texts (and copy them)",
           us_since(start_ns) / (double)some);
    require(mf_buf_reserve(&folded, text.len * 2), "memory");
    memset(folded.data, 1, text.len * 2);
    start_ns = cpu_ns();
    require(mf_fold((char *)text.data, text.len, &folded), "fold");
    printf("%-44s %9.0f MB/s\n", "fold", (double)text.len / us_since(start_ns));
    start_ns = cpu_ns();
    for (size_t at = 0; at < folded.len; at += MF_FRAME_LEN) {
        size_t left = folded.len - at;
        mf_signature_clear(signature);
        mf_signature_add(signature, (char *)folded.data + at,
                         left < MF_FRAME_LEN ? left : MF_FRAME_LEN);
    }
    printf("%-44s %9.0f MB/s\n", "sign folded text",
           (double)folded.len / us_since(start_ns));
    start_ns = cpu_ns();
    bool found = mf_fold_find((char *)text.data, text.len, "zqxjkvbw", 8);
    printf("%-44s %9.0f MB/s%s\n", "fold and find",
           (double)text.len / us_since(start_ns), found ? "!" : "");
    mf_signature_free(signature);
    mf_buf_release(&text);
    mf_buf_release(&folded);
}

static void keep_block(struct bench *bench, struct mf_block_maker *maker)
{
    struct mf_made_block *made = &bench->blocks[bench->block_count++];
    require(mf_block_maker_finish(maker, made), "finish");
    for (unsigned i = 0; i < made->frame_count; i++)
        bench->frames[bench->frame_count++] =
            (struct frame){.signature = made->signatures[i],
                           .block = made->data.data,
                           .block_len = made->data.len,
                           .at = i};
}

static void make_blocks(struct bench *bench)
{
    struct mf_block_maker *maker = mf_block_maker_new();
    double add_us = 0, finish_us = 0;
    bench->blocks = calloc(bench->flow_count, sizeof *bench->blocks);
    bench->frames = calloc(bench->flow_count, sizeof *bench->frames);
    for (size_t i = 0; i < bench->flow_count; i++) {
        const struct mf_block_entry entry = {i + 1, MF_BLOCK_HEAD};
        unsigned frame, slot;
        int64_t start_ns = cpu_ns();
        int rc =
            mf_block_maker_add(maker, &entry, bench->flows[i], &frame, &slot);
        add_us += us_since(start_ns);
        if (rc == MF_EFULL) {
            start_ns = cpu_ns();
            keep_block(bench, maker);
            finish_us += us_since(start_ns);
            rc = mf_block_maker_add(maker, &entry, bench->flows[i], &frame,
                                    &slot);
        }
        require(rc, "add");
    }
    keep_block(bench, maker);
    mf_block_maker_free(maker);
    size_t block_len = 0, signature_len = 0;
    for (size_t i = 0; i < bench->block_count; i++)
        block_len += bench->blocks[i].data.len;
    for (size_t i = 0; i < bench->frame_count; i++)
        signature_len += bench->frames[i].signature.len;
    double flows = (double)bench->flow_count, raw = (double)bench->raw_len;
    printf("%-44s %9.2f us a flow\n", "add", add_us / flows);
    printf("%-44s %9.2f us a flow, %.0f MB/s\n", "finish", finish_us / flows,
           raw / finish_us);
    printf("%-44s %9zu of %zu flows, %zu frames\n", "blocks",
           bench->block_count, bench->flow_count, bench->frame_count);
    printf("%-44s %9.1f %% of raw\n", "bytes of blocks",
           100 * (double)block_len / raw);
    printf("%-44s %9.0f bytes each\n", "signatures until they are sealed",
           (double)signature_len / (double)bench->frame_count);
}

static void make_groups(struct bench *bench)
{
    size_t parts = mf_postings_part_count(), len = 0;
    double us = 0, worst_us = 0;
    bench->group_count = bench->frame_count / MF_GROUP_FRAMES;
    bench->parts = calloc(bench->group_count * parts + 1, sizeof *bench->parts);
    for (size_t g = 0; g < bench->group_count; g++) {
        int64_t start_ns = cpu_ns();
        struct mf_postings *postings = mf_postings_new();
        for (unsigned i = 0; i < MF_GROUP_FRAMES; i++) {
            const struct mf_buf *signature =
                &bench->frames[g * MF_GROUP_FRAMES + i].signature;
            require(
                mf_postings_add(postings, i, signature->data, signature->len),
                "postings");
        }
        for (size_t i = 0; i < parts; i++) {
            struct mf_buf *part = &bench->parts[g * parts + i];
            int64_t part_ns = cpu_ns();
            mf_buf_init(part, SIZE_MAX);
            require(mf_postings_put_part(postings, i, part), "part");
            double part_us = us_since(part_ns);
            worst_us = part_us > worst_us ? part_us : worst_us;
            len += part->len;
        }
        mf_postings_free(postings);
        us += us_since(start_ns);
    }
    if (!bench->group_count)
        return;
    double flows = (double)(bench->group_count * MF_GROUP_FRAMES) /
                   (double)bench->frame_count * (double)bench->flow_count;
    printf("%-44s %9.2f us a flow, %.1f ms a group, worst part %.2f ms\n",
           "seal", us / flows, us / 1e3 / (double)bench->group_count,
           worst_us / 1e3);
    printf("%-44s %9.1f %% of raw, %zu parts of %zu bytes\n",
           "bytes of postings",
           100 * (double)len /
               (flows / (double)bench->flow_count * (double)bench->raw_len),
           parts, len / parts / bench->group_count);
}

static void read_frames(struct bench *bench)
{
    double read_us = 0, flow_us = 0;
    size_t flows = 0;
    struct mf_buf snapshot;
    mf_buf_init(&snapshot, SIZE_MAX);
    for (size_t i = 0; i < bench->frame_count; i++) {
        struct frame *frame = &bench->frames[i];
        struct mf_frame *read;
        int64_t start_ns = cpu_ns();
        require(mf_frame_read(frame->block, frame->block_len, frame->at, &read,
                              NULL),
                "read");
        read_us += us_since(start_ns);
        mf_buf_init(&frame->text, SIZE_MAX);
        for (size_t k = 0; k < mf_frame_entry_count(read); k++, flows++) {
            struct mf_flow *flow;
            mf_buf_clear(&snapshot);
            start_ns = cpu_ns();
            require(mf_frame_snapshot(read, k, NULL, 0, &snapshot, NULL),
                    "snapshot");
            require(mf_flow_from_snapshot(snapshot.data, snapshot.len,
                                          MF_FLOW_ENDED, &flow, NULL),
                    "flow");
            flow_us += us_since(start_ns);
            mf_flow_each_text(flow, append_folded, &frame->text);
            struct mf_span id = mf_flow_id(flow);
            append_folded(&frame->text, id.text, id.len);
            mf_flow_unref(flow);
        }
        mf_frame_free(read);
    }
    mf_buf_release(&snapshot);
    printf("%-44s %9.1f us\n", "read a frame",
           read_us / (double)bench->frame_count);
    printf("%-44s %9.2f us\n", "read a flow of a frame",
           flow_us / (double)flows);
}

/* Frames of the groups that `needle` is in, and those taken for such. */
static void look_up(const struct bench *bench, const char *needle,
                    size_t *ret_in, size_t *ret_taken, size_t *ret_reads)
{
    uint32_t buckets[BUCKETS_MAX];
    size_t len = strlen(needle), parts = mf_postings_part_count();
    size_t count = mf_needle_buckets(needle, len, buckets, BUCKETS_MAX);
    *ret_in = *ret_taken = *ret_reads = 0;
    for (size_t g = 0; g < bench->group_count; g++) {
        struct mf_frame_set set;
        memset(&set, 0xff, sizeof set);
        for (size_t i = 0; i < count; i++) {
            const struct mf_buf *part =
                &bench->parts[g * parts + mf_posting_part_of(buckets[i])];
            require(mf_posting_narrow(part->data, part->len, buckets[i], &set),
                    "narrow");
            ++*ret_reads;
            uint64_t any = 0;
            for (size_t k = 0; k < MF_GROUP_FRAMES / 64; k++)
                any |= set.bits[k];
            if (!any)
                break;
        }
        for (size_t i = 0; i < MF_GROUP_FRAMES; i++) {
            const struct mf_buf *text =
                &bench->frames[g * MF_GROUP_FRAMES + i].text;
            bool is_in = memmem(text->data, text->len, needle, len) != NULL;
            bool taken = set.bits[i / 64] >> i % 64 & 1;
            require(is_in && !taken, "a frame is missed");
            *ret_in += is_in;
            *ret_taken += taken;
        }
    }
}

static void make_needle(struct bench *bench, size_t kind, char *needle)
{
    static const size_t lens[] = {3, 5, 8, 3, 5, 8};
    if (kind == 6) {
        traffic_uuid(&bench->traffic, needle);
    } else if (kind < 3) { /* a word's beginning */
        do
            strcpy(needle,
                   bench->traffic
                       .words[traffic_random(&bench->traffic, TRAFFIC_WORDS)]);
        while (strlen(needle) < lens[kind]);
        needle[lens[kind]] = '\0';
    } else {
        for (size_t i = 0; i < lens[kind]; i++)
            needle[i] = (char)('a' + traffic_random(&bench->traffic, 26));
        needle[lens[kind]] = '\0';
    }
}

/* What is said of needles that are in few frames: those cost. */
struct tally {
    double in, taken, wrong, reads;
    size_t count;
};

static void print_tally(const char *name, const struct tally *tally,
                        double frames, size_t groups)
{
    double count = (double)tally->count;
    if (tally->count)
        printf("%-32s %6zu %9.3f%% %9.3f%% %9.3f%% %12.1f\n", name,
               tally->count, 100 * tally->in / count / frames,
               100 * tally->taken / count / frames, 100 * tally->wrong / count,
               tally->reads / count / (double)groups);
}

static void bench_needles(struct bench *bench)
{
    static const char *const names[] = {
        "word of 3",  "word of 5",  "word of 8", "letters, 3",
        "letters, 5", "letters, 8", "uuid"};
    double frames = (double)(bench->group_count * MF_GROUP_FRAMES);
    if (!bench->group_count)
        return;
    printf("\n%-32s %6s %10s %10s %10s %12s\n", "needle", "", "in", "taken",
           "wrong", "reads/group");
    for (size_t kind = 0; kind < 7; kind++) {
        struct tally rare = {0}, common = {0};
        for (size_t i = 0; i < NEEDLES; i++) {
            char needle[64];
            size_t in, taken, reads;
            make_needle(bench, kind, needle);
            look_up(bench, needle, &in, &taken, &reads);
            struct tally *tally = (double)in < frames / 100 ? &rare : &common;
            tally->count++;
            tally->in += (double)in;
            tally->taken += (double)taken;
            tally->reads += (double)reads;
            tally->wrong += (double)(taken - in) /
                            (frames - (double)in > 0 ? frames - (double)in : 1);
        }
        char name[64];
        snprintf(name, sizeof name, "%s, in < 1%%", names[kind]);
        print_tally(name, &rare, frames, bench->group_count);
        snprintf(name, sizeof name, "%s, in more", names[kind]);
        print_tally(name, &common, frames, bench->group_count);
    }
}

static void release(struct bench *bench)
{
    for (size_t i = 0; i < bench->flow_count; i++)
        mf_flow_unref(bench->flows[i]);
    for (size_t i = 0; i < bench->frame_count; i++)
        mf_buf_release(&bench->frames[i].text);
    for (size_t i = 0; i < bench->block_count; i++)
        mf_made_block_release(&bench->blocks[i]);
    for (size_t i = 0; i < bench->group_count * mf_postings_part_count(); i++)
        mf_buf_release(&bench->parts[i]);
    free(bench->flows);
    free(bench->blocks);
    free(bench->frames);
    free(bench->parts);
    traffic_release(&bench->traffic);
}

int main(int argc, char **argv)
{
    static struct bench bench = {.flow_count = 20000};
    if (argc > 1)
        bench.flow_count = strtoul(argv[1], NULL, 10);
    if (argc > 3 || bench.flow_count == 0) {
        fprintf(stderr, "usage: bench-blocks [FLOWS [FOLDER-OF-BODIES]]\n");
        return 2;
    }
    traffic_init(&bench.traffic, argc > 2 ? argv[2] : NULL);
    make_flows(&bench);
    printf("%zu flows of %zu bytes\n", bench.flow_count,
           bench.raw_len / bench.flow_count);
    bench_text(&bench);
    make_blocks(&bench);
    make_groups(&bench);
    read_frames(&bench);
    bench_needles(&bench);
    release(&bench);
    return 0;
}
