/* Between the files of the HAR writer. */
#ifndef MF_EXPORT_HAR_IMPL_H
#define MF_EXPORT_HAR_IMPL_H

#include "export/json_out.h"

/* "a=1&b=2" as [{"name", "value"}, ...], decoded. */
void mf_har__put_pairs(struct mf_json_out *json, struct mf_span text);

#endif
