#include "decode/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mf_view_init(struct mf_view *view, size_t nodes_max, mf_view_sink *sink,
                  void *user)
{
    *view =
        (struct mf_view){.sink = sink, .user = user, .nodes_left = nodes_max};
}

static int limit(struct mf_view *view)
{
    const struct mf_node note = {
        .kind = MF_NODE_NOTE,
        .text = MF_SPAN("there is more, which is not shown"),
    };
    if (view->is_limited)
        return MF_EFULL;
    view->is_limited = true;
    int rc = view->sink(view->user, view->depth, &note);
    return rc ? rc : MF_EFULL;
}

int mf_view_put(struct mf_view *view, const struct mf_node *node)
{
    if (view->is_limited || view->nodes_left == 0)
        return limit(view);
    view->nodes_left--;
    if (!view->base && !view->is_elsewhere)
        return view->sink(view->user, view->depth, node);
    struct mf_node placed = *node;
    if (view->is_elsewhere) {
        placed.offset = placed.len = 0;
    } else if (node->len || node->kind == MF_NODE_FAULT) {
        placed.offset += view->base;
    }
    return view->sink(view->user, view->depth, &placed);
}

int mf_view_open(struct mf_view *view, const struct mf_node *node)
{
    if (view->depth == MF_VIEW_DEPTH_MAX)
        return limit(view);
    int rc = mf_view_put(view, node);
    view->depth += rc == 0;
    return rc;
}

void mf_view_close(struct mf_view *view)
{
    view->depth--;
}

int mf_view_text(struct mf_view *view, const char *name, struct mf_span text)
{
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = {name, strlen(name)},
        .text = text,
    };
    return mf_view_put(view, &node);
}

int mf_view_note(struct mf_view *view, const char *text)
{
    const struct mf_node node = {
        .kind = MF_NODE_NOTE,
        .text = {text, strlen(text)},
    };
    return mf_view_put(view, &node);
}

int mf_view_fault(struct mf_view *view, uint64_t offset, const char *format,
                  ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const struct mf_node node = {
        .kind = MF_NODE_FAULT,
        .text = {text, len < 0                     ? 0
                       : (size_t)len < sizeof text ? (size_t)len
                                                   : sizeof text - 1},
        .offset = offset,
    };
    return mf_view_put(view, &node);
}
