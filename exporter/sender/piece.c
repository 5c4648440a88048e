#include "exporter/sender/piece.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void body_put(struct mf_queue *queue, struct mf_body *body)
{
    if (--body->refs)
        return;
    mf_queue_let_go(queue, body->object);
    free(body);
}

int mf_bodies_take(struct mf_queue *queue, struct mf_message *message)
{
    /* The message is the taker's until it is released. */
    struct mf_splice *splices = (struct mf_splice *)message->body.splices;
    size_t count = message->body.splice_count, done = 0;
    for (; done < count; done++) {
        struct mf_body *body = malloc(sizeof *body);
        if (!body)
            break;
        *body = (struct mf_body){splices[done].object, 1};
        splices[done].object = body;
    }
    if (done == count)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (i < done)
            body_put(queue, splices[i].object);
        else
            mf_queue_let_go(queue, splices[i].object);
    return MF_ENOMEM;
}

void mf_bodies_put(struct mf_queue *queue, const struct mf_spliced *message)
{
    for (size_t i = 0; i < message->splice_count; i++)
        body_put(queue, message->splices[i].object);
}

struct mf_piece *mf_piece_new(const struct mf_region *region)
{
    size_t count = region->splice_end - region->splice;
    size_t len = region->end - region->at;
    size_t own_len = sizeof(struct mf_piece) + count * sizeof(struct mf_splice);
    own_len += len;
    struct mf_piece *piece = malloc(own_len);
    if (!piece)
        return NULL;
    struct mf_splice *splices = (struct mf_splice *)(piece + 1);
    uint8_t *bytes = (uint8_t *)(splices + count);
    *piece = (struct mf_piece){
        .body = {bytes, len, splices, count},
        .own_len = own_len,
        .memory = own_len,
    };
    for (size_t i = 0; i < count; i++) {
        splices[i] = region->message->splices[region->splice + i];
        splices[i].at -= region->at;
        piece->memory += splices[i].len;
        ((struct mf_body *)splices[i].object)->refs++;
    }
    if (len)
        memcpy(bytes, region->message->bytes + region->at, len);
    return piece;
}

void mf_piece_free(struct mf_queue *queue, struct mf_piece *piece)
{
    if (!piece)
        return;
    mf_bodies_put(queue, &piece->body);
    free(piece);
}
