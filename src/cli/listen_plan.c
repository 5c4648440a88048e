#include "cli/listen_plan.h"

#include <stdio.h>
#include <string.h>

#include "net/address.h"
#include "service/access.h"

static int name_socket(struct mf_planned_listen *listen, struct mf_err *err)
{
    if (mf_address_of_socket(listen->fd, listen->text, sizeof listen->text))
        return mf_err_set(err, MF_EINVAL,
                          "descriptor %d, passed by LISTEN_FDS, is not a TCP "
                          "or Unix socket",
                          listen->fd);
    return 0;
}

/* What `listen` serves is known; who must show a certificate there? */
static int set_rules(const struct mf_options *options,
                     struct mf_planned_listen *listen, struct mf_err *err)
{
    bool is_loopback = mf_address_is_loopback(listen->text);
    bool is_unix = strncmp(listen->text, "unix:", 5) == 0;
    bool has_ca = options->tls_client_ca != NULL && !is_unix;
    bool is_open = !is_loopback && !options->insecure;
    listen->is_tls = options->tls_cert && !is_unix;
    if (is_open && !has_ca)
        return mf_err_set(err, MF_EINVAL,
                          "%.80s is not a loopback address: whoever reaches it "
                          "could read and delete every flow; use 127.0.0.1, "
                          "ask for client certificates (--tls-client-ca), or "
                          "allow it by --insecure",
                          listen->text);
    if (has_ca)
        listen->tag |= MF_ACCESS_EXPORTER_CERT;
    listen->needs_client_cert =
        has_ca && (is_open || !(listen->tag & MF_ACCESS_VIEWERS));
    return 0;
}

static int add(const struct mf_options *options, struct mf_listen_plan *plan,
               const char *address, int fd, int tag, struct mf_err *err)
{
    struct mf_planned_listen *listen = &plan->list[plan->count++];
    *listen = (struct mf_planned_listen){
        .address = address,
        .fd = fd,
        .tag = tag,
    };
    int rc = 0;
    if (address)
        snprintf(listen->text, sizeof listen->text, "%s", address);
    else
        rc = name_socket(listen, err);
    return rc ? rc : set_rules(options, listen, err);
}

/* The passed sockets of one kind, or else the flag's addresses. */
static int add_kind(const struct mf_options *options,
                    const struct mf_passed_sockets *passed, bool is_ingest,
                    int tag, struct mf_listen_plan *plan, struct mf_err *err)
{
    const struct mf_option_list *addrs =
        is_ingest ? &options->ingest_addrs : &options->addrs;
    size_t before = plan->count;
    int rc = 0;
    for (size_t i = 0; !rc && i < passed->count; i++)
        if (passed->list[i].is_ingest == is_ingest)
            rc = add(options, plan, NULL, passed->list[i].fd, tag, err);
    if (plan->count != before)
        return rc;
    for (size_t i = 0; !rc && i < addrs->count; i++)
        rc = add(options, plan, addrs->values[i], -1, tag, err);
    return rc;
}

int mf_listen_plan_make(const struct mf_options *options,
                        const struct mf_passed_sockets *passed,
                        struct mf_listen_plan *ret_plan, struct mf_err *err)
{
    ret_plan->count = 0;
    int rc =
        add_kind(options, passed, true, MF_ACCESS_EXPORTERS, ret_plan, err);
    int tag = MF_ACCESS_VIEWERS;
    if (ret_plan->count == 0)
        tag |= MF_ACCESS_EXPORTERS;
    return rc ? rc : add_kind(options, passed, false, tag, ret_plan, err);
}
