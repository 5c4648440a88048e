#include "service/access.h"

#include <string.h>

/* Services that are for some; any other (health, reflection) is for all. */
static const struct {
    const char *path; /* begins with it */
    enum mf_access who;
    const char *elsewhere; /* what a caller at another address hears */
} services[] = {
    {"/mitmproxy.v1.Service/", MF_ACCESS_EXPORTERS,
     "no flows are taken at this address, only at the server's --ingest-addr"},
    {"/mitmflow.v1.Service/", MF_ACCESS_VIEWERS,
     "flows are only taken at this address; viewers use the server's --addr"},
};

enum mf_status mf_access_judge(int tag, bool has_client_cert, const char *path,
                               const char **ret_message)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strncmp(path, services[i].path, strlen(services[i].path)) != 0)
            continue;
        if (!(tag & (int)services[i].who)) {
            *ret_message = services[i].elsewhere;
            return MF_STATUS_PERMISSION_DENIED;
        }
        if (services[i].who == MF_ACCESS_EXPORTERS &&
            (tag & MF_ACCESS_EXPORTER_CERT) && !has_client_cert) {
            *ret_message = "exporters must show a client certificate here, "
                           "signed by the server's --tls-client-ca";
            return MF_STATUS_UNAUTHENTICATED;
        }
    }
    return MF_STATUS_OK;
}
