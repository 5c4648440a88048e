#include "exporter/sender/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct mf_lookup {
    struct mf_address address;
    int fds[2];           /* a byte goes through it when it is done */
    pthread_mutex_t lock; /* of what follows */
    bool is_done;
    bool is_left; /* by the one that began it: the thread frees it */
    int rc;
    int saved_errno;
    struct addrinfo *found;
};

static void destroy(struct mf_lookup *lookup)
{
    for (int i = 0; i < 2; i++)
        if (lookup->fds[i] >= 0)
            close(lookup->fds[i]);
    if (lookup->found)
        freeaddrinfo(lookup->found);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *lookup_main(void *arg)
{
    struct mf_lookup *lookup = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int rc =
        getaddrinfo(lookup->address.host, lookup->address.port, &hints, &found);
    int saved_errno = errno;
    pthread_mutex_lock(&lookup->lock);
    lookup->rc = rc;
    lookup->saved_errno = saved_errno;
    lookup->found = rc ? NULL : found;
    lookup->is_done = true;
    bool is_left = lookup->is_left;
    ssize_t n = write(lookup->fds[1], "", 1);
    (void)n; /* the pipe is empty */
    pthread_mutex_unlock(&lookup->lock);
    if (is_left)
        destroy(lookup);
    return NULL;
}

static int start_thread(struct mf_lookup *lookup)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, lookup_main, lookup);
    pthread_attr_destroy(&attr);
    return rc;
}

int mf_lookup_begin(const struct mf_address *address,
                    struct mf_lookup **ret_lookup, struct mf_err *err)
{
    struct mf_lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    lookup->address = *address;
    pthread_mutex_init(&lookup->lock, NULL);
    int rc = pipe(lookup->fds) ? errno : 0;
    if (rc)
        lookup->fds[0] = lookup->fds[1] = -1;
    for (int i = 0; !rc && i < 2; i++)
        fcntl(lookup->fds[i], F_SETFD, FD_CLOEXEC);
    if (!rc)
        rc = start_thread(lookup);
    if (rc) {
        destroy(lookup);
        return mf_err_set(err, MF_EIO, "%s", strerror(rc));
    }
    *ret_lookup = lookup;
    return 0;
}

int mf_lookup_fd(const struct mf_lookup *lookup)
{
    return lookup->fds[0];
}

int mf_lookup_take(struct mf_lookup *lookup, struct addrinfo **ret_found,
                   struct mf_err *err)
{
    pthread_mutex_lock(&lookup->lock);
    bool is_done = lookup->is_done;
    pthread_mutex_unlock(&lookup->lock);
    if (!is_done)
        return MF_EBUSY;
    if (lookup->rc)
        return mf_err_set(err, MF_EIO, "%s",
                          lookup->rc == EAI_SYSTEM
                              ? strerror(lookup->saved_errno)
                              : gai_strerror(lookup->rc));
    *ret_found = lookup->found;
    lookup->found = NULL;
    return 0;
}

void mf_lookup_free(struct mf_lookup *lookup)
{
    if (!lookup)
        return;
    pthread_mutex_lock(&lookup->lock);
    lookup->is_left = true;
    bool is_done = lookup->is_done;
    pthread_mutex_unlock(&lookup->lock);
    if (is_done)
        destroy(lookup);
}
