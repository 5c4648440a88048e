/* The set of shapes.proto and extended.proto, for mf_schema_new(). */
#ifndef MF_TESTS_SHAPES_H
#define MF_TESTS_SHAPES_H

#include <stddef.h>

extern const unsigned char mf_test_shapes[];
extern const size_t mf_test_shapes_len;

#endif
