/*
 * mf_err: error codes and their detail.
 *
 * Every fallible call returns 0 or a negative MF_E*. Detail for a person
 * goes into a struct mf_err that the caller hands in, or nowhere.
 */
#ifndef MF_BASE_ERROR_H
#define MF_BASE_ERROR_H

#define MF_ERROR_MAP(X)                              \
    X(MF_EINVAL, -1, "invalid argument")             \
    X(MF_ENOMEM, -2, "out of memory")                \
    X(MF_EFULL, -3, "limit reached")                 \
    X(MF_EIO, -4, "input or output failed")          \
    X(MF_ECORRUPT, -5, "malformed data")             \
    X(MF_ETRUNC, -6, "data ends too early")          \
    X(MF_ENOENT, -7, "not found")                    \
    X(MF_EBUSY, -8, "in use")                        \
    X(MF_EVERSION, -9, "written by a newer version") \
    X(MF_EUNSUPPORTED, -10, "not supported")         \
    X(MF_ECLOSED, -11, "closed")                     \
    X(MF_EUTF8, -12, "text is not UTF-8")            \
    X(MF_EACCES, -13, "permission denied")

#define MF_ERROR_ENUM(name, value, text) name = value,
enum mf_error { MF_OK = 0, MF_ERROR_MAP(MF_ERROR_ENUM) };
#undef MF_ERROR_ENUM

struct mf_err {
    int code;
    char text[256];
};

/* The fixed English message of `code`; never NULL, lives for ever. */
const char *mf_err_message(int code);

/*
 * Fill `err` (NULL is allowed) with `code` and a printf-style text, cut at
 * its capacity. Returns `code`, so that a failing path is one statement.
 */
int mf_err_set(struct mf_err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
