/* The store beside a model of it, under the same random writes. */
#include "support.h"

#include <string.h>

enum {
    IDS = 6,
    SOURCES = 2,
    STEPS = 3000,
    SESSIONS = 3,
    NUMBERS_MAX = STEPS + 1
};

/* A flow as it should be; `number` 0: it is not there. */
struct model_flow {
    uint64_t number;
    bool is_growing; /* deleted before its end */
    enum mf_flow_state state;
    int session;
    bool pinned;
    int note; /* 0: none */
    int text;
};

struct model {
    struct fixture *fixture;
    uint32_t seed;
    struct model_flow flows[IDS][SOURCES];
    uint64_t last_number;
    uint64_t ticket;
    size_t done_count;
    bool has_ops; /* asked for, and not waited for */
    /* What a reader of changes knows: by number, 0: gone or not heard of. */
    uint64_t followed[NUMBERS_MAX];
    uint64_t followed_to;
    size_t resets;
};

static uint32_t any(struct model *model, uint32_t below)
{
    model->seed = model->seed * 1664525 + 1013904223;
    return (model->seed >> 8) % below;
}

static void name(char prefix, int number, char text[16])
{
    if (number)
        snprintf(text, 16, "%c%d", prefix, number);
    else
        text[0] = '\0';
}

static struct model_flow *newest(struct model *model, uint32_t id)
{
    struct model_flow *found = &model->flows[id][0];
    for (int i = 1; i < SOURCES; i++)
        if (model->flows[id][i].number > found->number)
            found = &model->flows[id][i];
    return found;
}

/* What a writer thread has to find first takes effect when it is done; what
 * is put, at once. */
static void settle_ops(struct model *model)
{
    if (!model->has_ops)
        return;
    wait_ticket(model->fixture, model->ticket);
    wait_done(model->fixture, model->done_count);
    model->has_ops = false;
}

/* A person's deletion. */
static void bury(struct model_flow *flow)
{
    if (flow->number)
        *flow = (struct model_flow){.is_growing = flow->state != MF_FLOW_ENDED};
}

static void do_put(struct model *model)
{
    uint32_t id = any(model, IDS), source = any(model, SOURCES);
    bool is_end = any(model, 2);
    char id_text[16], source_text[16], session[16], text[16];
    struct model_flow *flow = &model->flows[id][source];
    int session_number = (int)any(model, SESSIONS);
    int text_number = 1 + (int)any(model, 1000);
    settle_ops(model);
    if (flow->is_growing) {
        flow->is_growing = !is_end;
    } else {
        if (!flow->number)
            *flow = (struct model_flow){.number = ++model->last_number};
        flow->state = is_end ? MF_FLOW_ENDED : MF_FLOW_LIVE;
        flow->session = session_number;
        flow->text = text_number;
    }
    name('i', (int)id + 1, id_text);
    name('s', (int)source, source_text);
    name('e', session_number, session);
    name('t', text_number, text);
    struct mf_flow *made = make_flow(id_text, strlen(id_text),
                                     is_end ? TCP_END : TCP_MESSAGE, text);
    assert_int_equal(mf_store_put(model->fixture->store, made, source_text,
                                  session, &model->ticket),
                     0);
    mf_flow_unref(made);
}

static void do_update(struct model *model)
{
    uint32_t id = any(model, IDS);
    bool pinned = any(model, 2), by_number = any(model, 2);
    int note = (int)any(model, 4);
    bool sets_note = any(model, 2);
    char id_text[16], note_text[16];
    struct model_flow *flow = newest(model, id);
    name('i', (int)id + 1, id_text);
    name('n', note, note_text);
    const struct mf_flow_ref ref = {
        .number = by_number ? flow->number : 0,
        .id = {id_text, strlen(id_text)},
    };
    const struct mf_update change = {.pinned = &pinned,
                                     .note = sets_note ? note_text : NULL};
    if (flow->number) {
        flow->pinned = pinned;
        flow->note = sets_note ? note : flow->note;
    }
    mf_store_update(model->fixture->store, &ref, &change, told_done,
                    &model->fixture->told);
    model->done_count++;
    model->has_ops = true;
}

static void do_delete(struct model *model)
{
    struct mf_flow_ref refs[2];
    char ids[2][16];
    for (int i = 0; i < 2; i++) {
        uint32_t id = any(model, IDS);
        name('i', (int)id + 1, ids[i]);
        refs[i] = (struct mf_flow_ref){.id = {ids[i], strlen(ids[i])}};
        bury(newest(model, id));
    }
    mf_store_delete(model->fixture->store, refs, 2, told_done,
                    &model->fixture->told);
    model->done_count++;
    model->has_ops = true;
}

static void do_delete_all(struct model *model)
{
    for (int id = 0; id < IDS; id++)
        for (int source = 0; source < SOURCES; source++)
            bury(&model->flows[id][source]);
    mf_store_delete_all(model->fixture->store, told_done,
                        &model->fixture->told);
    model->done_count++;
    model->has_ops = true;
}

/* Flows of `session` (-1: any) that are live become cut off. */
static void cut_off(struct model *model, int session)
{
    for (int id = 0; id < IDS; id++)
        for (int source = 0; source < SOURCES; source++) {
            struct model_flow *flow = &model->flows[id][source];
            if (flow->number && flow->state == MF_FLOW_LIVE &&
                (session < 0 || flow->session == session))
                flow->state = MF_FLOW_CUT_OFF;
        }
}

static void do_cut_off(struct model *model)
{
    int session = (int)any(model, SESSIONS);
    char text[16];
    name('e', session, text);
    cut_off(model, session);
    mf_store_cut_off(model->fixture->store, text, &model->ticket);
    model->has_ops = true;
}

static void check_record(struct mf_reader *reader,
                         const struct mf_record *record,
                         const struct model_flow *flow)
{
    const struct mf_flow_ref ref = {.number = flow->number};
    struct mf_record *whole;
    const struct mf_record_head *head = mf_record_head(record);
    char text[16];
    assert_int_equal(head->number, flow->number);
    assert_int_equal(head->state, flow->state);
    assert_int_equal(head->pinned, flow->pinned);
    name('n', flow->note, text);
    assert_string_equal(head->note, text);
    name('t', flow->text, text);
    assert_int_equal(mf_reader_get(reader, &ref, 0, &whole, NULL), 0);
    assert_true(holds(whole, text));
    mf_record_unref(whole);
}

static struct model_flow *by_number(struct model *model, uint64_t number)
{
    for (int id = 0; id < IDS; id++)
        for (int source = 0; source < SOURCES; source++)
            if (number && model->flows[id][source].number == number)
                return &model->flows[id][source];
    return NULL;
}

static struct mf_window list_all(struct mf_reader *reader)
{
    const struct mf_list_query query = {.limit = 1000};
    struct mf_window window;
    assert_int_equal(mf_reader_list(reader, &query, &window, NULL), 0);
    return window;
}

static void check_list(struct model *model, struct mf_reader *reader)
{
    struct mf_window window = list_all(reader);
    size_t count = 0;
    for (int id = 0; id < IDS; id++)
        for (int source = 0; source < SOURCES; source++)
            count += model->flows[id][source].number != 0;
    assert_int_equal(window.count, count);
    assert_int_equal(window.flow_count, count);
    for (size_t i = 0; i < window.count; i++) {
        const struct mf_record_head *head = mf_record_head(window.records[i]);
        struct model_flow *flow = by_number(model, head->number);
        assert_non_null(flow);
        check_record(reader, window.records[i], flow);
        /* Who followed the changes knows this state of it. */
        assert_int_equal(model->followed[head->number], head->change);
    }
    for (uint64_t number = 1; number <= model->last_number; number++)
        if (!by_number(model, number))
            assert_int_equal(model->followed[number], 0);
    mf_window_release(&window);
}

/* Start afresh, as one does whose cursor is too old. */
static void follow_afresh(struct model *model, struct mf_reader *reader)
{
    struct mf_window window = list_all(reader);
    memset(model->followed, 0, sizeof model->followed);
    for (size_t i = 0; i < window.count; i++) {
        const struct mf_record_head *head = mf_record_head(window.records[i]);
        model->followed[head->number] = head->change;
    }
    model->followed_to = window.change;
    model->resets++;
    mf_window_release(&window);
}

/* Read changes page by page up to the head. */
static void follow(struct model *model, struct mf_reader *reader)
{
    struct mf_window window;
    uint64_t head;
    do {
        size_t limit = 1 + any(model, 7);
        int rc = mf_reader_changes(reader, model->followed_to, limit, NULL,
                                   NULL, &window, NULL);
        if (rc == MF_ENOENT) {
            follow_afresh(model, reader);
            return;
        }
        assert_int_equal(rc, 0);
        assert_true(window.count + window.gone_count <= limit);
        for (size_t i = 0; i < window.count; i++) {
            const struct mf_record_head *flow =
                mf_record_head(window.records[i]);
            assert_true(flow->change > model->followed_to);
            assert_true(flow->change <= window.change);
            model->followed[flow->number] = flow->change;
        }
        for (size_t i = 0; i < window.gone_count; i++)
            model->followed[window.gone[i]] = 0;
        model->followed_to = window.change;
        head = window.head;
        mf_window_release(&window);
    } while (model->followed_to < head);
}

/* Wait for every write, then compare. */
static void settle(struct model *model)
{
    struct mf_reader *reader;
    wait_ticket(model->fixture, model->ticket);
    wait_done(model->fixture, model->done_count);
    model->has_ops = false;
    assert_false(model->fixture->told.has_gap);
    assert_int_equal(mf_reader_open(model->fixture->store, &reader, NULL), 0);
    follow(model, reader);
    check_list(model, reader);
    mf_reader_close(reader);
}

static void reopen(struct model *model)
{
    settle(model);
    cut_off(model, -1);
    fixture_reopen(model->fixture);
    model->ticket = 0;
    settle(model);
}

static void step(struct model *model)
{
    uint32_t what = any(model, 1000);
    if (what < 500)
        do_put(model);
    else if (what < 700)
        do_update(model);
    else if (what < 850)
        do_delete(model);
    else if (what < 970)
        do_cut_off(model);
    else if (what < 980)
        do_delete_all(model);
    else if (what < 998)
        settle(model);
    else
        reopen(model);
}

static void the_store_does_what_its_model_does(void **state)
{
    static struct model model;
    model = (struct model){.fixture = *state, .seed = 20261125};
    model.fixture->limits.gather_ns = 200000;
    model.fixture->limits.batch_bytes = 20000;
    model.fixture->limits.block_bytes = 3000; /* often a small one */
    model.fixture->limits.delete_count = 3;
    model.fixture->limits.live_count = 3;
    model.fixture->limits.chunk_count = 3;
    model.fixture->limits.tombstones = 8;
    fixture_open(model.fixture);
    for (int i = 0; i < STEPS; i++)
        step(&model);
    reopen(&model);
    assert_true(model.last_number > 100);
    assert_true(model.resets > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_store_does_what_its_model_does,
                                        fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
