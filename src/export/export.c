#include "export/export.h"

#include <stdlib.h>
#include <string.h>

/* Every format is one row. */
static const struct {
    enum mf_export_format format;
    const char *name;
    const char *media_type;
    const char *suffix;
    const struct mf_export_writer *writer;
} formats[] = {
    {MF_EXPORT_HAR, "har", "application/json", ".har", NULL},
};

int mf_export_parse_format(const char *name, enum mf_export_format *ret_format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *ret_format = formats[i].format;
            return 0;
        }
    }
    return MF_ENOENT;
}
