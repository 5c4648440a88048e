/* Lists of patterns with '*' and '?', without regard to the case of ASCII. */
#ifndef MF_EXPORTER_REDACT_GLOB_H
#define MF_EXPORTER_REDACT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

struct mf_glob {
    char *text; /* owned, in lower case */
    size_t len;
    bool is_plain; /* no '*' and no '?' in it */
};

struct mf_globs {
    struct mf_glob *items; /* owned */
    size_t count, cap;
};

/* 0 or MF_ENOMEM. */
int mf_glob_init(struct mf_glob *glob, const char *text, size_t len);
void mf_glob_release(struct mf_glob *glob);
bool mf_glob_match(const struct mf_glob *glob, const void *text, size_t len);

/* 0 or MF_ENOMEM. */
int mf_globs_add(struct mf_globs *globs, const char *text, size_t len);
void mf_globs_release(struct mf_globs *globs);
/* Any of them matches. */
bool mf_globs_match(const struct mf_globs *globs, const void *text, size_t len);

#endif
