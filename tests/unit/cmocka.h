/* cmocka and the headers that it wants before it. */
#ifndef MF_TESTS_CMOCKA_H
#define MF_TESTS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
