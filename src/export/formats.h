/* The writers of all formats, one row each in export.c. Private to
 * src/export. */
#ifndef MF_EXPORT_FORMATS_H
#define MF_EXPORT_FORMATS_H

#include "export/export.h"

#endif
