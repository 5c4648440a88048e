/*
 * Files of typed netstrings, one behind the other.
 *
 * Thread:  any.
 */
#ifndef MF_EXPORT_TNET_FILE_H
#define MF_EXPORT_TNET_FILE_H

#include "codec/tnetstring.h"
#include "export/input.h"

/*
 * Read the next value of a file and step over it; well-formed, valid until
 * the file is read again. 1: there is one; 0: the file ends here.
 *
 *  MF_ECORRUPT, MF_ETRUNC  *ret_byte of the file is wrong, *ret_why says how
 *  MF_EFULL                longer than the input's maximum
 *  MF_EIO, MF_ENOMEM       `err` says why
 */
int mf_tnet_read(struct mf_input *input, struct mf_tnet *ret_value,
                 uint64_t *ret_byte, const char **ret_why, struct mf_err *err);

#endif
