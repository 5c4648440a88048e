#include "store/signer.h"

#include <stdlib.h>
#include <string.h>

#include "query/fold.h"

enum {
    TEXT_MIN_LEN = 3, /* shorter ones have no sequence */
    LINES = 1024,     /* a power of two */
    LINE_MIN_LEN = 8,
    LINE_MAX_LEN = 4096,
    KEPT_MAX_LEN = 1 << 20, /* of memory between frames */
};

struct mf_signer {
    struct mf_signature *signature;
    struct mf_buf folded;
    /* Lines of this frame, by a hash of their ends; the last that came. */
    struct mf_span lines[LINES];
};

struct mf_signer *mf_signer_new(void)
{
    struct mf_signer *signer = calloc(1, sizeof *signer);
    if (!signer)
        return NULL;
    mf_buf_init(&signer->folded, (size_t)1 << 31);
    signer->signature = mf_signature_new();
    if (!signer->signature) {
        mf_signer_free(signer);
        return NULL;
    }
    return signer;
}

void mf_signer_free(struct mf_signer *signer)
{
    if (!signer)
        return;
    mf_signature_free(signer->signature);
    mf_buf_release(&signer->folded);
    free(signer);
}

void mf_signer_clear(struct mf_signer *signer)
{
    mf_signature_clear(signer->signature);
    memset(signer->lines, 0, sizeof signer->lines);
    if (signer->folded.cap > KEPT_MAX_LEN)
        mf_buf_release(&signer->folded);
}

static uint64_t load8(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Whether the line was signed already; notes that it is now. */
static bool is_known(struct mf_signer *signer, struct mf_span line)
{
    uint64_t ends =
        load8(line.text) * 31 + load8(line.text + line.len - 8) + line.len;
    struct mf_span *known =
        &signer->lines[ends * UINT64_C(0x9e3779b97f4a7c15) >> 54 & (LINES - 1)];
    if (known->len == line.len && memcmp(known->text, line.text, line.len) == 0)
        return true;
    *known = line;
    return false;
}

int mf_signer_add(struct mf_signer *signer, struct mf_span text, bool stays)
{
    if (text.len < TEXT_MIN_LEN ||
        (stays && text.len >= LINE_MIN_LEN && text.len <= LINE_MAX_LEN &&
         is_known(signer, text)))
        return 0;
    mf_buf_clear(&signer->folded);
    int rc = mf_fold(text.text, text.len, &signer->folded);
    if (!rc)
        mf_signature_add(signer->signature, (const char *)signer->folded.data,
                         signer->folded.len);
    return rc;
}

int mf_signer_add_binary(struct mf_signer *signer, struct mf_span bytes)
{
    mf_buf_clear(&signer->folded);
    int rc = mf_fold_binary(bytes.text, bytes.len, &signer->folded);
    if (!rc)
        mf_signature_add_binary(signer->signature,
                                (const char *)signer->folded.data,
                                signer->folded.len);
    return rc;
}

void mf_signer_add_unread(struct mf_signer *signer)
{
    mf_signature_add_unread(signer->signature);
}

int mf_signer_encode(const struct mf_signer *signer, struct mf_buf *out)
{
    return mf_signature_encode(signer->signature, out);
}
