/* Between the files of the HAR writer. */
#ifndef MF_EXPORT_HAR_IMPL_H
#define MF_EXPORT_HAR_IMPL_H

#include "export/json_out.h"

/* "a=1&b=2" as [{"name", "value"}, ...], decoded. */
void mf_har__put_pairs(struct mf_json_out *json, struct mf_span text);

/* The parts of a multipart/form-data body as [{"name", "fileName",
 * "contentType", "value"}, ...]; of files no value. Very many are not all
 * told. */
void mf_har__put_parts(struct mf_json_out *json, struct mf_span text,
                       struct mf_span type);

#endif
