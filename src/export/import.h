/*
 * mf_import: reads flows from the files of others: mitmproxy's dumps (.mitm)
 * of every version and HAR 1.2.
 *
 * A file is read front to back, one flow at a time, in memory that does not
 * grow with its length; a flow that is wrong ends it, and what came before is
 * whole.
 *
 * Thread:  one.
 */
#ifndef MF_EXPORT_IMPORT_H
#define MF_EXPORT_IMPORT_H

#include "base/buf.h"
#include "base/error.h"
#include "flow/flow.h"

struct mf_import;

/*
 * Begin to read a file; what it is is told by its first bytes. The descriptor
 * is the caller's; it must be seekable.
 *
 *  MF_EUNSUPPORTED  neither; `err` says what is known
 *  MF_EIO, MF_ENOMEM
 */
int mf_import_new(int fd, struct mf_import **ret_import, struct mf_err *err);

/*
 * The next flow, ended, and a note with it ("" for none). 1: *ret_flow is the
 * caller's; 0: the end of the file.
 *
 *  MF_ECORRUPT      it is wrong here: `err` names the flow (from 1) and byte
 *  MF_EVERSION      written by a newer mitmproxy
 *  MF_EFULL         one flow is longer than 512 MiB
 *  MF_EIO, MF_ENOMEM
 */
int mf_import_next(struct mf_import *from, struct mf_flow **ret_flow,
                   struct mf_buf *note, struct mf_err *err);
void mf_import_free(struct mf_import *from); /* NULL is allowed */

/* How far it is: bytes read, and of how many. */
void mf_import_progress(const struct mf_import *from, uint64_t *ret_read,
                        uint64_t *ret_total);

#endif
