#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *mf_err_message(int code)
{
    switch (code) {
#define MF_ERROR_CASE(name, value, text) \
    case name:                           \
        return text;
        MF_ERROR_MAP(MF_ERROR_CASE)
#undef MF_ERROR_CASE
    case MF_OK:
        return "success";
    default:
        return "unknown error";
    }
}

int mf_err_set(struct mf_err *err, int code, const char *format, ...)
{
    if (!err)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->code = code;
    return code;
}
