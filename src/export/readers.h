/* The readers of all kinds of files, one row each in import.c. Private to
 * src/export. */
#ifndef MF_EXPORT_READERS_H
#define MF_EXPORT_READERS_H

#include "export/import.h"

extern const struct mf_import_reader mf_import_har;
extern const struct mf_import_reader mf_import_json_lines;
extern const struct mf_import_reader mf_import_mitm;

#endif
