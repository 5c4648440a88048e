/*
 * Where the server listens, what each address serves, and who must show a
 * certificate there: the rules of --addr, --ingest-addr, --tls-..., --insecure
 * and of sockets from a service manager, in one place.
 */
#ifndef MF_CLI_LISTEN_PLAN_H
#define MF_CLI_LISTEN_PLAN_H

#include "cli/options.h"
#include "cli/systemd.h"

enum {
    MF_LISTENS_MAX = 2 * MF_OPTION_VALUES_MAX + MF_PASSED_MAX,
    MF_LISTEN_TEXT_CAP = 272, /* a host name of 255, and its port */
};

struct mf_planned_listen {
    const char *address;           /* NULL: `fd` */
    int fd;                        /* a passed socket, or -1 */
    char text[MF_LISTEN_TEXT_CAP]; /* where, for people */
    int tag;                       /* what is served: service/access.h */
    bool is_tls;
    bool needs_client_cert; /* of everybody, in the handshake */
};

struct mf_listen_plan {
    struct mf_planned_listen list[MF_LISTENS_MAX];
    size_t count;
};

/*
 * Sockets take the place of the flag that they stand for: those named
 * "ingest" of --ingest-addr, others of --addr. Exporters' addresses come
 * first in the plan.
 *
 *  MF_EINVAL  an address that is not loopback, without client certificates
 *             or --insecure; a descriptor that is no socket of ours
 */
int mf_listen_plan_make(const struct mf_options *options,
                        const struct mf_passed_sockets *passed,
                        struct mf_listen_plan *ret_plan, struct mf_err *err);

#endif
