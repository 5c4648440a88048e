/* The writers of all formats, one row each in export.c. Private to
 * src/export. */
#ifndef MF_EXPORT_FORMATS_H
#define MF_EXPORT_FORMATS_H

#include "export/export.h"

extern const struct mf_export_writer mf_export_bodies;
extern const struct mf_export_writer mf_export_curl;
extern const struct mf_export_writer mf_export_fetch;
extern const struct mf_export_writer mf_export_har;
extern const struct mf_export_writer mf_export_httpie;
extern const struct mf_export_writer mf_export_json;
extern const struct mf_export_writer mf_export_json_lines;
extern const struct mf_export_writer mf_export_mitm;
extern const struct mf_export_writer mf_export_python;
extern const struct mf_export_writer mf_export_raw_request;
extern const struct mf_export_writer mf_export_raw_response;

#endif
