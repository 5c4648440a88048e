#include "import_pieces.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export/import.h"

/* What read(2) gives in place of the file, in pieces; NULL: the file. */
static const uint8_t *source;
static size_t source_len, piece_max;

/* The linker gives src/export these (--wrap=read). */
ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);

ssize_t __wrap_read(int fd, void *out, size_t len)
{
    if (!source)
        return __real_read(fd, out, len);
    len = len < piece_max ? len : piece_max;
    len = len < source_len ? len : source_len;
    memcpy(out, source, len);
    source += len;
    source_len -= len;
    return (ssize_t)len;
}

int fuzz_import_open(const void *data, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len ||
        lseek(fd, 0, SEEK_SET))
        abort();
    return fd;
}

struct outcome {
    uint64_t hash; /* of flows and notes */
    size_t count;
    int rc;
    struct mf_err err;
};

static void take(struct outcome *outcome, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        outcome->hash = (outcome->hash ^ at[i]) * UINT64_C(0x100000001b3);
    outcome->hash = (outcome->hash ^ len) * UINT64_C(0x100000001b3);
}

static struct outcome read_all(const void *data, size_t len, size_t piece)
{
    struct outcome outcome = {.err.text = ""};
    struct mf_import *from;
    struct mf_flow *flow;
    struct mf_buf note;
    source = len ? data : (const uint8_t *)"";
    source_len = len;
    piece_max = piece;
    mf_buf_init(&note, 1 << 20);
    outcome.rc = mf_import_new(-1, &from, &outcome.err);
    if (outcome.rc == 0) {
        while ((outcome.rc =
                    mf_import_next(from, &flow, &note, &outcome.err)) == 1) {
            size_t snapshot_len;
            const uint8_t *snapshot = mf_flow_snapshot(flow, &snapshot_len);
            take(&outcome, snapshot, snapshot_len);
            take(&outcome, note.data, note.len);
            outcome.count++;
            mf_flow_unref(flow);
        }
        mf_import_free(from);
    }
    mf_buf_release(&note);
    source = NULL;
    return outcome;
}

void fuzz_import_pieces(const void *data, size_t len)
{
    struct outcome whole = read_all(data, len, SIZE_MAX);
    struct outcome parts = read_all(data, len, 1);
    if (whole.rc != parts.rc || whole.count != parts.count ||
        whole.hash != parts.hash || strcmp(whole.err.text, parts.err.text)) {
        fprintf(stderr, "at once %zu flows: %s\nby bytes %zu flows: %s\n",
                whole.count, whole.err.text, parts.count, parts.err.text);
        abort();
    }
}
