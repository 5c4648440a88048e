/*
 * mf_systemd: sockets from a service manager, and telling it how we are
 * (sd_listen_fds(3), sd_notify(3)).
 *
 * Both protocols are a few lines each and said to be stable; speaking them
 * here spares every user libsystemd and the libraries behind it.
 */
#ifndef MF_CLI_SYSTEMD_H
#define MF_CLI_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum { MF_PASSED_MAX = 32 };

struct mf_passed_socket {
    int fd;
    bool is_ingest; /* it is named "ingest" */
};

struct mf_passed_sockets {
    struct mf_passed_socket list[MF_PASSED_MAX];
    size_t count;
};

/*
 * Read the values of LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (NULL: not
 * set) for the process `self`. No sockets, if they are for another process.
 *
 *  MF_EINVAL  malformed
 */
int mf_systemd_parse(const char *pid, const char *fds, const char *names,
                     pid_t self, struct mf_passed_sockets *ret_sockets,
                     struct mf_err *err);

/* The same of our own environment, from which the three are removed. */
int mf_systemd_take_sockets(struct mf_passed_sockets *ret_sockets,
                            struct mf_err *err);

/*
 * Send "NAME=VALUE" lines to whom NOTIFY_SOCKET names; nothing is done
 * without it.
 *
 *  MF_EINVAL  NOTIFY_SOCKET is no such address
 *  MF_EIO     not sent
 */
int mf_systemd_notify(struct mf_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
