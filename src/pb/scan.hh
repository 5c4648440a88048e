/* Looks at binary messages before libprotobuf turns them into JSON: that
 * takes malformed ones for good, and has no limit for Any in Any. */
#ifndef MF_PB_SCAN_HH
#define MF_PB_SCAN_HH

#include "pb/schema_impl.hh"

/*
 * Walk a message of `type` and what is in it, in Any too. *ret_is_odd tells
 * that it is well-formed, but has a field or map key more than once, or a
 * wrapper with something unknown in it: to be parsed and written anew before
 * libprotobuf makes JSON of it.
 *
 *  MF_ECORRUPT  malformed, not UTF-8, nested too deep, an Any of a type that
 *               is not known or with an odd message in it
 */
int mf_schema_scan(const struct mf_schema *schema,
                   const google::protobuf::Descriptor *type,
                   const uint8_t *data, size_t len, bool *ret_is_odd,
                   struct mf_err *err);

#endif
