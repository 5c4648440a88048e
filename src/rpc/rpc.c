#include <stdlib.h>
#include <string.h>

#include "rpc/call_impl.h"

struct mf_rpc *mf_rpc_new(const struct mf_rpc_opts *opts)
{
    struct mf_rpc *rpc = calloc(1, sizeof *rpc);
    if (!rpc)
        return NULL;
    rpc->opts = *opts;
    rpc->methods = mf_map_new();
    if (!rpc->methods) {
        free(rpc);
        return NULL;
    }
    return rpc;
}

void mf_rpc_free(struct mf_rpc *rpc)
{
    if (!rpc)
        return;
    size_t position = 0;
    for (void *entry; (entry = mf_map_next(rpc->methods, &position));)
        free(entry);
    mf_map_free(rpc->methods);
    free(rpc);
}

int mf_rpc_add(struct mf_rpc *rpc, const struct mf_method *methods,
               size_t count, void *user)
{
    for (size_t i = 0; i < count; i++) {
        struct mf_entry *entry = malloc(sizeof *entry);
        if (!entry)
            return MF_ENOMEM;
        *entry = (struct mf_entry){&methods[i], user};
        const char *path = methods[i].path;
        struct mf_entry *old = mf_map_get(rpc->methods, path, strlen(path));
        if (mf_map_put(rpc->methods, path, strlen(path), entry)) {
            free(entry);
            return MF_ENOMEM;
        }
        free(old);
    }
    return 0;
}

/* ---- What there is ---- */

const struct mf_method *mf_rpc__next_method(const struct mf_rpc *rpc,
                                            size_t *position)
{
    const struct mf_entry *entry = mf_map_next(rpc->methods, position);
    return entry ? entry->method : NULL;
}

/* "/a.b.Service/Method" */
static struct mf_service_name service_of(const char *path)
{
    const char *start = path + strspn(path, "/"), *end = strrchr(path, '/');
    if (!end || end < start)
        end = start;
    return (struct mf_service_name){start, (size_t)(end - start)};
}

static int compare_names(const void *a, const void *b)
{
    const struct mf_service_name *one = a, *other = b;
    size_t len = one->len < other->len ? one->len : other->len;
    int order = memcmp(one->text, other->text, len);
    if (order)
        return order;
    return (one->len > other->len) - (one->len < other->len);
}

int mf_rpc__services(const struct mf_rpc *rpc,
                     struct mf_service_name **ret_names, size_t *ret_count)
{
    size_t all = mf_map_count(rpc->methods), position = 0, count = 0;
    struct mf_service_name *names = calloc(all + 1, sizeof *names);
    if (!names)
        return MF_ENOMEM;
    for (size_t i = 0; i < all; i++)
        names[i] = service_of(mf_rpc__next_method(rpc, &position)->path);
    qsort(names, all, sizeof *names, compare_names);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || compare_names(&names[i], &names[count - 1]) != 0)
            names[count++] = names[i];
    *ret_names = names;
    *ret_count = count;
    return 0;
}
