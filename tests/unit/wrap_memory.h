/*
 * For a test whose malloc(), calloc() and realloc() are wrapped by the
 * linker: each fails when is_out(), which the test defines, says so.
 */
#ifndef MF_TESTS_UNIT_WRAP_MEMORY_H
#define MF_TESTS_UNIT_WRAP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

static bool is_out(void);

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_out() ? NULL : __real_realloc(old, size);
}

#endif
