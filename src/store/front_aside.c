/* What is put beside flows: connections, losses and message types. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/front_impl.h"
#include "store/rows.h"
#include "store/sql.h"

/* Under the mutex; takes `aside`. */
static void push(struct mf_front *front, struct mf_aside *aside)
{
    if (!front->asides.first)
        front->aside_ticket = front->ticket;
    mf_asides_push(&front->asides, aside);
    front->dirty_bytes += aside->bytes;
    atomic_fetch_add_explicit(&front->backlog, aside->bytes,
                              memory_order_relaxed);
    mf_front__has_work(front);
}

uint64_t mf_front_key(const struct mf_front *front, struct mf_span id)
{
    return mf_key_hash(front->opts.key_seed, id);
}

/* ---- connections ---- */

int mf_front_put_connection(struct mf_front *front,
                            const struct mf_connection *connection,
                            const char *source, uint64_t *ret_ticket)
{
    struct mf_aside *aside = mf_aside_new_connection(
        connection, (struct mf_span){source, strlen(source)});
    if (!aside)
        return MF_ENOMEM;
    aside->key = mf_front_key(front, aside->id);
    aside->heard_ns = mf_clock_wall_ns();
    if (!aside->at_ns)
        aside->at_ns = aside->heard_ns;
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__admit(front);
    if (!rc) {
        *ret_ticket = ++front->ticket;
        aside->number = front->last_number + 1;
        push(front, aside);
    }
    pthread_mutex_unlock(&front->mutex);
    if (rc)
        free(aside);
    return rc;
}

static int forget_all(struct mf_front *front, enum mf_aside_kind kind)
{
    struct mf_aside *aside = mf_aside_new_forget(kind);
    if (!aside)
        return MF_ENOMEM;
    pthread_mutex_lock(&front->mutex);
    front->ticket++;
    push(front, aside);
    pthread_mutex_unlock(&front->mutex);
    return 0;
}

int mf_front_forget_connections(struct mf_front *front)
{
    return forget_all(front, MF_ASIDE_FORGET);
}

/* ---- message types ---- */

/* Whether flow `number` is there. */
static int find(struct mf_front *front, uint64_t number)
{
    struct mf_entry *entry;
    int rc = mf_front__load(front, number, &entry);
    if (!rc && entry->list == MF_ENTRY_NOWHERE)
        mf_front__file(front, entry);
    return rc;
}

int mf_front_put_descriptor(struct mf_front *front, uint64_t number,
                            struct mf_span name, struct mf_span bytes)
{
    struct mf_aside *aside = mf_aside_new_descriptor(name, bytes);
    if (!aside)
        return MF_ENOMEM;
    aside->number = number;
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__admit(front);
    /* A deletion that comes later is written after this, and takes it. */
    if (!rc)
        rc = find(front, number);
    if (!rc) {
        front->ticket++;
        push(front, aside);
    }
    pthread_mutex_unlock(&front->mutex);
    if (rc)
        free(aside);
    return rc;
}

int mf_front_forget_descriptors(struct mf_front *front)
{
    return forget_all(front, MF_ASIDE_FORGET_DESCRIPTORS);
}

/* ---- losses ---- */

static bool is_same(struct mf_span a, struct mf_span b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static struct mf_aside *loss_at(const struct mf_front *front, size_t i)
{
    return front->losses[(front->loss_first + i) % MF_LOSSES_MAX];
}

static bool is_known(const struct mf_front *front, const struct mf_aside *loss)
{
    for (size_t i = 0; i < front->loss_count; i++) {
        const struct mf_aside *other = loss_at(front, i);
        if (is_same(other->id, loss->id) &&
            is_same(other->source, loss->source))
            return true;
    }
    return false;
}

/* Takes `loss`. */
static void remember(struct mf_front *front, struct mf_aside *loss)
{
    if (front->loss_count == MF_LOSSES_MAX) {
        free(front->losses[front->loss_first]);
        front->loss_first = (front->loss_first + 1) % MF_LOSSES_MAX;
        front->loss_count--;
    }
    front->losses[(front->loss_first + front->loss_count++) % MF_LOSSES_MAX] =
        loss;
    front->last_loss = loss->number;
}

int mf_front_put_loss(struct mf_front *front, const struct mf_loss *loss,
                      const char *source, bool *ret_is_new,
                      uint64_t *ret_ticket)
{
    const struct mf_span from = {source, strlen(source)};
    struct mf_aside *row = mf_aside_new_loss(loss, from);
    struct mf_aside *kept = mf_aside_new_loss(loss, from);
    if (!row || !kept) {
        free(row);
        free(kept);
        return MF_ENOMEM;
    }
    row->heard_ns = kept->heard_ns = mf_clock_wall_ns();
    pthread_mutex_lock(&front->mutex);
    int rc = mf_front__admit(front);
    bool is_new = !rc && !is_known(front, kept);
    if (!rc)
        *ret_ticket = ++front->ticket;
    if (is_new) {
        row->number = kept->number = front->last_loss + 1;
        remember(front, kept);
        push(front, row);
    } else if (!rc && !front->dirty_since_ns) {
        pthread_cond_signal(&front->work); /* the ticket is told all the same */
    }
    pthread_mutex_unlock(&front->mutex);
    if (!is_new) {
        free(row);
        free(kept);
    }
    if (!rc)
        *ret_is_new = is_new;
    return rc;
}

void mf_front_each_loss(struct mf_front *front, uint64_t after,
                        mf_store_visit_loss *visit, void *user)
{
    pthread_mutex_lock(&front->mutex);
    for (size_t i = 0; i < front->loss_count; i++) {
        const struct mf_aside *loss = loss_at(front, i);
        const struct mf_kept_loss kept = {
            .number = loss->number,
            .arrived_ns = loss->heard_ns,
            .source = loss->source,
            .loss = {.id = loss->id,
                     .count = loss->count,
                     .from_ns = loss->opened_ns,
                     .to_ns = loss->closed_ns,
                     .reason = loss->text},
        };
        if (kept.number > after)
            visit(user, &kept);
    }
    pthread_mutex_unlock(&front->mutex);
}

static int load_loss(struct mf_front *front, sqlite3_stmt *stmt)
{
    const struct mf_loss loss = {
        .id = mf_row_span(stmt, 1),
        .count = (uint64_t)sqlite3_column_int64(stmt, 4),
        .from_ns = sqlite3_column_int64(stmt, 5),
        .to_ns = sqlite3_column_int64(stmt, 6),
        .reason = mf_row_span(stmt, 7),
    };
    struct mf_aside *kept = mf_aside_new_loss(&loss, mf_row_span(stmt, 2));
    if (!kept)
        return MF_ENOMEM;
    kept->number = (uint64_t)sqlite3_column_int64(stmt, 0);
    kept->heard_ns = sqlite3_column_int64(stmt, 3);
    remember(front, kept);
    return 0;
}

int mf_front__load_losses(struct mf_front *front, struct mf_err *err)
{
    static const char *const sql[] = {
        "SELECT number, id, source, arrived_ns, count, from_ns, to_ns, reason"
        " FROM loss ORDER BY number"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(front->db, sql, 1, &stmt, err);
    while (!rc && (rc = mf_sql_step(stmt, err)) == 1)
        rc = load_loss(front, stmt)
                 ? mf_err_set(err, MF_ENOMEM, "out of memory")
                 : 0;
    mf_sql_finalize(&stmt, 1);
    return rc;
}

void mf_front__free_asides(struct mf_front *front)
{
    mf_asides_release(&front->asides);
    for (size_t i = 0; i < front->loss_count; i++)
        free(loss_at(front, i));
}
