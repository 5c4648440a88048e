#include "decode/shapes.h"

bool mf_shape_is_dns_get(const struct mf_body *body)
{
    (void)body;
    return false;
}

bool mf_shape_is_graphql(const struct mf_body *body)
{
    (void)body;
    return false;
}

bool mf_shape_is_llm(const struct mf_body *body)
{
    (void)body;
    return false;
}

bool mf_shape_is_socket_io(const struct mf_body *body)
{
    (void)body;
    return false;
}
