#include "query/needles.h"

#include "query/tree.h"

int mf_needles__make(const struct mf_node *root, struct mf_arena *arena,
                     const struct mf_needles **ret_needles)
{
    static const struct mf_needles any = {.kind = MF_NEEDLES_ANY};
    (void)root;
    (void)arena;
    *ret_needles = &any;
    return 0;
}
