/* Queries, whichever way they are carried out, find what matching each flow
 * by itself finds. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "pb/wire.h"
#include "store/query_impl.h"

enum {
    MANY = 1000000000,
    FLOWS = 2600, /* more than two pages of columns, and some blocks */
    LONG_NS = 1000000000,
};

/* ---- flows ---- */

static const char *const words[] = {
    "alpha",   "bravo", "charlie", "Straße", "delta42",       "ÉCHO",
    "foxtrot", "golf",  "hotel",   "zz9",    "india-juliett", "kilo",
};
enum { WORDS = sizeof words / sizeof *words, BINARY_LEN = 80 };

static void put_text(struct mf_buf *buf, uint32_t number, const char *text)
{
    assert_int_equal(mf_wire_put_bytes(buf, number, text, strlen(text)), 0);
}

static void put_header(struct mf_buf *buf, const char *name, const char *value)
{
    size_t mark;
    mf_wire_begin(buf, 100, &mark);
    put_text(buf, 1, name);
    put_text(buf, 2, value);
    mf_wire_end(buf, mark);
}

/* An HTTP flow that follows from `n`: the seventh part of them have a binary
 * body, text beginning at a word. */
static void make_http(size_t n, struct mf_buf *buf)
{
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    static const unsigned statuses[] = {200, 404, 503, 301, 200};
    size_t flow, http, half;
    char text[256];
    mf_buf_clear(buf);
    mf_wire_begin(buf, 1, &flow);
    mf_wire_begin(buf, MF_FLOW_HTTP, &http);
    snprintf(text, sizeof text, "%08zx-identity", n * 2654435761U % UINT32_MAX);
    put_text(buf, 1, text);
    mf_wire_begin(buf, 2, &half);
    put_text(buf, 1, methods[n % 3]);
    snprintf(text, sizeof text, "https://host%zu.example/%s/%zu", n % 13,
             words[n % WORDS], n);
    put_text(buf, 2, text);
    put_header(buf, "Host", "example");
    mf_wire_end(buf, half);
    mf_wire_begin(buf, 3, &half);
    mf_wire_put_varint(buf, 1, statuses[n % 5]);
    put_header(buf, "Content-Type",
               n % 7 == 3 ? "image/png" : "text/html; charset=utf-8");
    size_t len = (size_t)snprintf(
        text, sizeof text, "%s%s and %s, number <%zu>%s",
        n % 7 == 3 ? "\x89PNG." : "", words[n / 3 % WORDS],
        words[n / 50 % WORDS], n, n % 499 == 0 ? " needle" : "");
    if (n % 7 == 3) {
        text[4] = '\0'; /* makes it binary */
        memset(text + len, 1, BINARY_LEN);
        len += BINARY_LEN; /* so that it is kept apart */
    }
    mf_wire_put_bytes(buf, 102, text, len);
    mf_wire_end(buf, half);
    mf_wire_put_timestamp_opt(buf, 4,
                              INT64_C(1700000000000000000) +
                                  (int64_t)(n * 7919 % 10007) * 10000000);
    mf_wire_end(buf, http);
    mf_wire_end(buf, flow);
    mf_wire_put_varint(buf, 2, 4); /* RESPONSE */
}

static uint64_t put_http(struct fixture *fixture, size_t n)
{
    struct mf_buf buf;
    struct mf_flow *flow;
    struct mf_err err;
    uint64_t ticket;
    mf_buf_init(&buf, SIZE_MAX);
    make_http(n, &buf);
    assert_int_equal(mf_flow_from_export(buf.data, buf.len, &flow, &err), 0);
    assert_int_equal(mf_store_put(fixture->store, flow, n % 2 ? "one" : "two",
                                  "session", &ticket),
                     0);
    mf_flow_unref(flow);
    mf_buf_release(&buf);
    return ticket;
}

/* A TCP flow that grows by `count` messages of 400 bytes, with `first` in
 * the first one and `last` in the last. */
static void put_long(struct fixture *fixture, const char *id, size_t count,
                     const char *first, const char *last)
{
    uint64_t ticket = 0;
    char text[401];
    wait_ticket(fixture, put(fixture, id, TCP_MESSAGE, first));
    for (size_t i = 1; i < count; i++) {
        struct mf_buf buf;
        struct mf_append append;
        size_t mark, message;
        memset(text, '.', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        if (i + 1 == count)
            memcpy(text + 100, last, strlen(last));
        mf_buf_init(&buf, SIZE_MAX);
        mf_wire_begin(&buf, 100, &mark);
        put_text(&buf, 1, id);
        mf_wire_put_varint(&buf, 2, i);
        mf_wire_begin(&buf, 4, &message);
        put_text(&buf, 1, text);
        mf_wire_end(&buf, message);
        mf_wire_end(&buf, mark);
        mf_wire_put_varint(&buf, 2, TCP_MESSAGE);
        assert_int_equal(
            mf_append_from_export(buf.data, buf.len, &append, NULL), 0);
        assert_int_equal(mf_store_append(fixture->store, &append, "source",
                                         "session", &ticket),
                         0);
        mf_append_release(&append);
        mf_buf_release(&buf);
        if (i % 50 == 0)
            wait_ticket(fixture, ticket);
    }
    wait_ticket(fixture, ticket);
}

/* ---- the store at work ---- */

static int64_t ask(struct mf_reader *reader, const char *sql)
{
    int64_t value = 0;
    assert_int_equal(mf_sql_get_int(reader->db, sql, &value, NULL), 0);
    return value;
}

/* Wait until `sql` gives at least `least`. */
static void wait_for(struct mf_reader *reader, const char *sql, int64_t least)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    while (ask(reader, sql) < least)
        nanosleep(&pause, NULL);
}

/* The store of the tests that only read. */
static struct fixture *shared_fixture;
static struct mf_reader *shared_reader;

/* A store with all that there is: pages, blocks, flows that wait, long ones,
 * pins, notes, holes. */
static struct mf_reader *fill(struct fixture *fixture)
{
    const bool yes = true;
    struct mf_reader *reader;
    uint64_t ticket = 0;
    char id[32];
    fixture->limits.block_bytes = 100000;
    fixture_open(fixture);
    for (size_t n = 1; n <= FLOWS; n++) {
        ticket = put_http(fixture, n);
        if (n % 100 == 0)
            wait_ticket(fixture, ticket);
        if (n == 700) {
            put_long(fixture, "long-1", 300, "begins with kilo",
                     "ends with unique");
            put_long(fixture, "long-2", 40, "begins with kilo", "needle");
            wait_ticket(fixture, put(fixture, "short", TCP_END, "kilo needle"));
        }
    }
    wait_ticket(fixture, ticket);
    for (size_t n = 5; n < FLOWS; n += 311) {
        snprintf(id, sizeof id, "%08zx-identity", n * 2654435761U % UINT32_MAX);
        assert_int_equal(update(fixture, id, n % 2 ? &yes : NULL,
                                n % 3 ? "a note of Needle" : NULL),
                         0);
    }
    for (size_t n = 17; n < FLOWS; n += 291) {
        snprintf(id, sizeof id, "%08zx-identity", n * 2654435761U % UINT32_MAX);
        assert_int_equal(delete_id(fixture, id), 0);
    }
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    wait_for(reader, "SELECT paged FROM store", 1);
    wait_for(reader, "SELECT count(*) FROM block", 3);
    return reader;
}

/* ---- finding ---- */

struct found {
    uint64_t *numbers;
    size_t count;
};

static void add(struct found *found, uint64_t number)
{
    found->numbers =
        realloc(found->numbers, (found->count + 1) * sizeof *found->numbers);
    assert_non_null(found->numbers);
    found->numbers[found->count++] = number;
}

static struct mf_filter *filter_of(const char *text)
{
    struct mf_filter *filter = NULL;
    struct mf_filter_fault fault;
    if (mf_filter_parse(text, strlen(text), &filter, &fault))
        print_error("%s: %s\n", text, fault.text);
    assert_non_null(filter);
    return filter;
}

/* Every flow by itself, newest first. */
static struct found find_by_hand(struct mf_reader *reader,
                                 struct mf_filter *filter)
{
    struct found found = {0};
    uint64_t last = (uint64_t)ask(reader, "SELECT last_number FROM store");
    for (uint64_t number = last; number > 0; number--) {
        const struct mf_flow_ref ref = {.number = number};
        struct mf_record *record;
        int rc = mf_reader_get(reader, &ref, 0, &record, NULL);
        assert_true(rc == 0 || rc == MF_ENOENT);
        if (rc)
            continue;
        if (mf_filter_match(filter, record, NULL))
            add(&found, number);
        mf_record_unref(record);
    }
    return found;
}

/* One page; `cursor` (of MF_CURSOR_CAP bytes) is moved on. */
static size_t round_max; /* 0: the usual */
static uint64_t total_told;

static struct found find_page(struct mf_reader *reader,
                              struct mf_query_opts opts, int64_t budget_ns,
                              char *cursor, size_t cap)
{
    struct found found = {0};
    struct mf_query *query;
    struct mf_record *record;
    struct mf_query_progress progress = {0};
    double share = 0;
    int rc;
    opts.cursor = cursor;
    assert_int_equal(mf_query_new(&opts, &query, NULL), 0);
    if (round_max)
        query->round_max = round_max;
    do {
        struct mf_err err = {0};
        rc = mf_query_step(query, reader, budget_ns, NULL, &err);
        if (rc < 0)
            print_error("%s\n", err.text);
        assert_true(rc >= 0);
        while ((record = mf_query_next(query))) {
            add(&found, mf_record_head(record)->number);
            assert_null(mf_record_flow(record));
            mf_record_unref(record);
        }
        mf_query_progress(query, &progress);
        assert_true(progress.share >= 0 && progress.share <= 1);
        share = progress.share;
    } while (rc);
    assert_true(share == 1);
    assert_true(progress.found >= found.count);
    snprintf(cursor, cap, "%s", mf_query_cursor(query));
    total_told = mf_query_total(query);
    mf_query_free(query);
    return found;
}

static struct found find(struct mf_reader *reader, struct mf_query_opts opts,
                         int64_t budget_ns, size_t page)
{
    struct found all = {0};
    char cursor[1024] = "";
    opts.limit = page;
    do {
        struct found found =
            find_page(reader, opts, budget_ns, cursor, sizeof cursor);
        assert_true(found.count <= page);
        for (size_t i = 0; i < found.count; i++)
            add(&all, found.numbers[i]);
        free(found.numbers);
    } while (*cursor);
    return all;
}

/* All numbers at once, the greatest first. */
static struct found find_numbers(struct mf_reader *reader,
                                 struct mf_filter *filter, int64_t budget_ns)
{
    const struct mf_query_opts opts = {.filter = filter, .only_numbers = true};
    struct found up = {0}, down = {0};
    struct mf_query_progress progress;
    struct mf_query *query;
    int rc;
    assert_int_equal(mf_query_new(&opts, &query, NULL), 0);
    while ((rc = mf_query_step(query, reader, budget_ns, NULL, NULL)) == 1)
        assert_null(mf_query_next(query));
    assert_int_equal(rc, 0);
    for (uint64_t at = 0; (at = mf_query_number_after(query, at));)
        add(&up, at);
    mf_query_progress(query, &progress);
    assert_int_equal(progress.found, up.count);
    assert_string_equal(mf_query_cursor(query), "");
    mf_query_free(query);
    for (size_t i = up.count; i > 0; i--)
        add(&down, up.numbers[i - 1]);
    free(up.numbers);
    return down;
}

static void assert_same(struct found *have, const struct found *want,
                        const char *what)
{
    bool is_same = have->count == want->count;
    for (size_t i = 0; is_same && i < have->count; i++)
        is_same = have->numbers[i] == want->numbers[i];
    if (!is_same)
        print_error("%s: %zu found, %zu wanted\n", what, have->count,
                    want->count);
    assert_true(is_same);
    free(have->numbers);
}

static void
every_way_of_a_query_finds_what_matching_each_flow_finds(void **state)
{
    static const char *const filters[] = {
        "alpha ~size >90",
        "~u host7 ~size <90",
        "~u host7 ! ~size <90",
        "",
        "~m POST",
        "~c 404",
        "~pinned",
        "~note needle",
        "needle",
        "~b needle",
        "kilo",
        "kilo needle",
        "kilo unique",
        "kilo & ! unique",
        "~tcp",
        "~tcp kilo",
        "STRAẞE",
        "straße",
        "écho | delta42",
        "~b PNG",
        "~b 'number <2[0-9]*>'",
        "~bs golf ~m DELETE",
        "~m DELETE & and",
        "number",
        "zz9",
        "~u host7",
        "~d host7.example ~b ta4",
        "nowhere at all",
        "! and",
        "~h 'text.html' & ! ~m GET",
        "~source one & alpha",
        "-IDENTITY",
    };
    struct mf_reader *reader = shared_reader;
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct mf_filter *filter = filter_of(filters[i]);
        const struct mf_query_opts opts = {.filter = filter};
        struct found want = find_by_hand(reader, filter), have;
        if (!want.count && strcmp(filters[i], "nowhere at all") != 0)
            fail_msg("nothing matches %s", filters[i]);
        have = find(reader, opts, LONG_NS, MANY);
        assert_same(&have, &want, filters[i]);
        have = find(reader, opts, 0, MANY);
        assert_same(&have, &want, filters[i]);
        have = find(reader, opts, LONG_NS, 1 + want.count / 3);
        assert_same(&have, &want, filters[i]);
        have = find(reader, opts, 0, 1 + want.count / 2);
        assert_same(&have, &want, filters[i]);
        have = find_numbers(reader, filter, LONG_NS);
        assert_same(&have, &want, filters[i]);
        have = find_numbers(reader, filter, 0);
        assert_same(&have, &want, filters[i]);
        free(want.numbers);
        mf_filter_unref(filter);
    }
    struct mf_err damage;
    assert_true(mf_reader_take_damage(reader, &damage) == 0);
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left > right ? -1 : left < right;
}

/* What a record's summary says in text field `field` of its HTTP part. */
static void sorted_pages_hold_every_flow_once_in_order(void **state)
{
    static const char *const columns[] = {
        [MF_SORT_ARRIVAL] = "number",
        [MF_SORT_START] = "start_ns",
        [MF_SORT_DURATION] = "duration_ms",
        [MF_SORT_SIZE] = "client_bytes + server_bytes",
        [MF_SORT_STATUS] = "status",
        [MF_SORT_METHOD] = "coalesce((SELECT CAST(text AS BLOB) FROM name"
                           " WHERE kind = 0 AND id = method), x'')",
        [MF_SORT_HOST] = "coalesce((SELECT CAST(text AS BLOB) FROM name"
                         " WHERE kind = 1 AND id = host), x'')",
        [MF_SORT_CLIENT] = "coalesce((SELECT CAST(text AS BLOB) FROM name"
                           " WHERE kind = 2 AND id = client), x'')",
        [MF_SORT_SOURCE] = "coalesce((SELECT CAST(text AS BLOB) FROM name"
                           " WHERE kind = 3 AND id = source_name), x'')",
        [MF_SORT_CONTENT_TYPE] =
            "coalesce((SELECT CAST(text AS BLOB) FROM name WHERE kind = 4"
            " AND id = CASE WHEN response_type THEN response_type"
            " ELSE request_type END), x'')",
        [MF_SORT_TYPE] = "substr('httpdns tcp udp ', type * 4 - 3, 4)",
    };
    struct mf_reader *reader = shared_reader;
    (void)state;
    for (int sort = MF_SORT_ARRIVAL; sort <= MF_SORT_TYPE; sort++) {
        for (int ascending = 0; ascending < 2; ascending++) {
            const struct mf_query_opts opts = {.sort = (enum mf_sort_key)sort,
                                               .ascending = ascending};
            struct found want = {0}, have;
            char sql[512];
            sqlite3_stmt *stmt;
            snprintf(sql, sizeof sql,
                     "SELECT number FROM flow AS f ORDER BY %s %s, number %s",
                     columns[sort], ascending ? "" : "DESC",
                     ascending ? "" : "DESC");
            assert_int_equal(
                sqlite3_prepare_v2(reader->db, sql, -1, &stmt, NULL),
                SQLITE_OK);
            while (sqlite3_step(stmt) == SQLITE_ROW)
                add(&want, (uint64_t)sqlite3_column_int64(stmt, 0));
            sqlite3_finalize(stmt);
            assert_true(want.count > FLOWS - 100);
            have = find(reader, opts, LONG_NS, MANY);
            assert_same(&have, &want, columns[sort]);
            have = find(reader, opts, 0, 900);
            assert_same(&have, &want, columns[sort]);
            free(want.numbers);
        }
    }
    /* With needles the order is the same. */
    struct mf_filter *filter = filter_of("alpha");
    const struct mf_query_opts opts = {.filter = filter, .sort = MF_SORT_SIZE};
    struct found want = find_by_hand(reader, filter);
    struct found whole = find(reader, opts, LONG_NS, MANY);
    struct found pages = find(reader, opts, 0, 50);
    assert_same(&pages, &whole, "alpha by size");
    qsort(whole.numbers, whole.count, sizeof *whole.numbers, by_number);
    assert_same(&whole, &want, "alpha");
    free(want.numbers);
    mf_filter_unref(filter);
}

/* A page of `limit` that begins at `offset` of `whole`, and what follows. */
static void assert_slice(const struct found *whole, struct mf_query_opts opts,
                         int64_t budget_ns, const char *what)
{
    size_t first = opts.offset < whole->count ? opts.offset : whole->count;
    size_t end =
        first + opts.limit < whole->count ? first + opts.limit : whole->count;
    char cursor[1024] = "", place[160];
    snprintf(place, sizeof place, "%s, sort %d%s, from %zu", what, opts.sort,
             opts.ascending ? " up" : "", first);
    struct found want = {whole->numbers + first, end - first};
    struct found have =
        find_page(shared_reader, opts, budget_ns, cursor, sizeof cursor);
    if (total_told || !(opts.filter && opts.sort == MF_SORT_ARRIVAL))
        assert_int_equal(total_told, whole->count);
    assert_same(&have, &want, place);
    assert_int_equal(*cursor != '\0', want.count && end < whole->count);
    if (!*cursor)
        return;
    opts.offset = 3;
    first = end + 3 < whole->count ? end + 3 : whole->count;
    end = first + opts.limit < whole->count ? first + opts.limit : whole->count;
    want = (struct found){whole->numbers + first, end - first};
    have = find_page(shared_reader, opts, budget_ns, cursor, sizeof cursor);
    assert_same(&have, &want, place);
}

static void a_page_begins_at_any_offset_of_any_order(void **state)
{
    static const char *const filters[] = {"", "~m POST", "needle"};
    static const size_t offsets[] = {1, 7, 1024, 1300, 2300, 2580, 5000};
    (void)state;
    for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
        struct mf_filter *filter = filter_of(filters[f]);
        for (int order = 0; order < 2 * (MF_SORT_TYPE + 1); order++) {
            struct mf_query_opts opts = {.filter = filter,
                                         .sort = (enum mf_sort_key)(order / 2),
                                         .ascending = order % 2};
            struct found whole = find(shared_reader, opts, LONG_NS, MANY);
            opts.limit = 40;
            for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
                opts.offset = offsets[i];
                round_max = i % 3 ? 0 : 333;
                assert_slice(&whole, opts, i % 2 ? 0 : LONG_NS, filters[f]);
            }
            round_max = 0;
            free(whole.numbers);
        }
        mf_filter_unref(filter);
    }
}

/* What was passed over from the other end in an earlier round follows. */
static void
a_page_that_is_taken_from_the_other_end_tells_of_what_follows(void **state)
{
    struct mf_query_opts opts = {.sort = MF_SORT_SIZE};
    struct found whole = find(shared_reader, opts, LONG_NS, MANY);
    (void)state;
    opts.limit = 40;
    opts.offset = whole.count - 350;
    for (round_max = 300; round_max < 352; round_max++)
        assert_slice(&whole, opts, LONG_NS, "near the end");
    round_max = 0;
    free(whole.numbers);
}

static void
flows_before_a_number_are_counted_with_those_passed_over(void **state)
{
    static const size_t offsets[] = {0, 3, 1500, 5000};
    struct found whole =
        find(shared_reader, (struct mf_query_opts){0}, LONG_NS, MANY);
    struct found want = {whole.numbers + 700, whole.count - 700};
    struct mf_query_opts opts = {.before = whole.numbers[699], .limit = MANY};
    (void)state;
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        opts.offset = offsets[i];
        for (int sort = MF_SORT_ARRIVAL; sort <= MF_SORT_START; sort++) {
            char cursor[1024] = "";
            opts.sort = (enum mf_sort_key)sort;
            struct found have =
                find_page(shared_reader, opts, LONG_NS, cursor, sizeof cursor);
            assert_int_equal(total_told, want.count);
            assert_int_equal(have.count, offsets[i] < want.count
                                             ? want.count - offsets[i]
                                             : 0);
            assert_string_equal(cursor, "");
            free(have.numbers);
        }
    }
    free(whole.numbers);
}

static void a_summary_counts_what_a_query_finds(void **state)
{
    static const char *const filters[] = {"", "~m POST", "kilo", "~c 404 alpha",
                                          "nowhere at all"};
    struct mf_reader *reader = shared_reader;
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct mf_filter *filter = filter_of(filters[i]);
        const struct mf_query_opts opts = {
            .filter = filter,
            .summarize = true,
            .bars = 10,
            .facets = {MF_FACET_HOST, MF_FACET_METHOD, MF_FACET_STATUS},
            .facet_count = 3,
            .facet_limit = 5,
        };
        struct found want = find_by_hand(reader, filter);
        struct mf_query *query;
        int rc;
        assert_int_equal(mf_query_new(&opts, &query, NULL), 0);
        do {
            rc = mf_query_step(query, reader, i % 2 ? 0 : LONG_NS, NULL, NULL);
        } while (rc == 1);
        assert_int_equal(rc, 0);
        const struct mf_summary *summary = mf_query_summary(query);
        assert_int_equal(summary->count, want.count);
        uint64_t sum = 0;
        for (size_t series = 0; series < summary->series_count; series++)
            for (size_t bar = 0; bar < opts.bars; bar++)
                sum += summary->series[series].counts[bar];
        assert_int_equal(sum, want.count);
        assert_int_equal(summary->facet_count, 3);
        sum = 0;
        for (size_t at = 0; at < summary->facets[1].value_count; at++)
            sum += summary->facets[1].values[at].count;
        assert_true(sum <= want.count && summary->facets[1].others == 0);
        assert_true(summary->facets[0].value_count <= 5);
        mf_query_free(query);
        free(want.numbers);
        mf_filter_unref(filter);
    }
}

static bool contains(const struct found *found, uint64_t number)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->numbers[i] == number)
            return true;
    return false;
}

static void flows_that_move_between_steps_are_found_once(void **state)
{
    struct fixture *fixture = *state;
    struct mf_reader *reader = fill(fixture);
    struct mf_filter *filter = filter_of("number");
    const struct mf_query_opts opts = {.filter = filter, .limit = MANY};
    struct found want = find_by_hand(reader, filter), have = {0};
    struct mf_record *record;
    struct mf_query *query;
    size_t n = FLOWS + 1;
    uint64_t ticket = 0;
    int rc;
    assert_int_equal(mf_query_new(&opts, &query, NULL), 0);
    do {
        rc = mf_query_step(query, reader, 0, NULL, NULL);
        assert_true(rc >= 0);
        while ((record = mf_query_next(query))) {
            add(&have, mf_record_head(record)->number);
            mf_record_unref(record);
        }
        /* Fills blocks, so that what waited is packed; a deletion makes
         * upkeep move a block's other flows. */
        if (n < FLOWS + 600) {
            for (size_t end = n + 10; n < end; n++)
                ticket = put_http(fixture, n);
            wait_ticket(fixture, ticket);
            char id[32];
            snprintf(id, sizeof id, "%08zx-identity",
                     (n - FLOWS) * 4 * 2654435761U % UINT32_MAX);
            delete_id(fixture, id);
        }
    } while (rc);
    for (size_t i = 0; i < have.count; i++)
        assert_true(i == 0 || have.numbers[i] < have.numbers[i - 1]);
    struct found after = find_by_hand(reader, filter);
    for (size_t i = 0; i < want.count; i++)
        if (contains(&after, want.numbers[i]))
            assert_true(contains(&have, want.numbers[i]));
    for (size_t i = 0; i < have.count; i++)
        assert_true(contains(&want, have.numbers[i]));
    free(have.numbers);
    free(want.numbers);
    free(after.numbers);
    mf_query_free(query);
    mf_filter_unref(filter);
    mf_reader_close(reader);
}

static void messages_come_by_range_from_head_and_pieces(void **state)
{
    struct mf_reader *reader = shared_reader;
    (void)state;
    const struct mf_flow_ref ref = {.id = {"long-1", 6}};
    struct mf_record *record;
    struct mf_messages messages;
    struct mf_buf all, range;
    mf_buf_init(&all, SIZE_MAX);
    mf_buf_init(&range, SIZE_MAX);
    assert_int_equal(
        mf_reader_messages(reader, &ref, 0, MANY, &all, &messages, NULL), 0);
    assert_int_equal(messages.count, 300);
    assert_int_equal(messages.total, 300);
    assert_int_equal(messages.type, MF_FLOW_TCP);
    for (uint64_t first = 0; first < 300; first += 7) {
        assert_int_equal(
            mf_reader_messages(reader, &ref, first, 7, &range, &messages, NULL),
            0);
        assert_int_equal(messages.count, first + 7 <= 300 ? 7 : 300 - first);
    }
    assert_int_equal(range.len, all.len);
    assert_memory_equal(range.data, all.data, all.len);
    assert_int_equal(
        mf_reader_messages(reader, &ref, 300, 7, &range, &messages, NULL), 0);
    assert_int_equal(messages.count, 0);
    /* A flow with some of its messages has the first ones. */
    for (size_t limit = 1; limit < 310; limit += 61) {
        assert_int_equal(mf_reader_get(reader, &ref, limit, &record, NULL), 0);
        assert_int_equal(mf_reader__count_messages(mf_record_flow(record)),
                         limit < 300 ? limit : 300);
        assert_true(holds(record, "begins with kilo"));
        mf_record_unref(record);
    }
    const struct mf_flow_ref none = {.number = 999999};
    assert_int_equal(
        mf_reader_messages(reader, &none, 0, 7, &range, &messages, NULL),
        MF_ENOENT);
    mf_buf_release(&all);
    mf_buf_release(&range);
}

static void changes_are_the_same_from_pages_rows_and_tombstones(void **state)
{
    struct mf_reader *reader = shared_reader;
    (void)state;
    struct mf_window window;
    uint64_t after = 0, last = 0;
    size_t count = 0, gone = 0;
    do {
        assert_int_equal(
            mf_reader_changes(reader, after, 100, NULL, NULL, &window, NULL),
            0);
        for (size_t i = 0; i < window.count; i++) {
            uint64_t change = mf_record_head(window.records[i])->change;
            assert_true(change > last && change <= window.change);
            last = change;
        }
        count += window.count;
        gone += window.gone_count;
        after = window.change;
        last = after > last ? after : last;
        last = after == window.head ? last : after;
        mf_window_release(&window);
    } while (after < (uint64_t)ask(reader, "SELECT last_change FROM store"));
    assert_int_equal(count, ask(reader, "SELECT count(*) FROM flow"));
    assert_int_equal(gone, ask(reader, "SELECT count(*) FROM tombstone"));
}

/* ---- what is damaged, and what is asked wrongly ---- */

static void damage(struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    fixture_close(fixture);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    fixture_open(fixture);
}

static void a_damaged_block_is_told_once_and_the_rest_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct mf_reader *reader = fill(fixture);
    struct mf_err told = {0};
    struct mf_filter *filter = filter_of("number");
    struct found before = find_by_hand(reader, filter);
    size_t all = before.count;
    free(before.numbers);
    mf_reader_close(reader);
    damage(fixture,
           "UPDATE block SET data = zeroblob(length(data)) WHERE frame ="
           " (SELECT min(frame) FROM block)");
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    size_t lost = (size_t)ask(
        reader, "SELECT count(*) FROM flow WHERE frame > 0 AND frame <"
                " (SELECT min(frame) + frames FROM block)");
    const struct mf_query_opts opts = {.filter = filter};
    assert_true(lost > 0 && lost < all);
    struct found found = find(reader, opts, LONG_NS, MANY);
    assert_true(found.count >= all - lost && found.count < all);
    assert_true(mf_reader_take_damage(reader, &told) > 0);
    assert_int_equal(told.code, MF_ECORRUPT);
    free(found.numbers);
    found = find(reader, opts, LONG_NS, MANY);
    assert_true(mf_reader_take_damage(reader, &told) == 0);
    free(found.numbers);
    /* Lists are whole. */
    found = find(reader, (struct mf_query_opts){0}, LONG_NS, MANY);
    assert_int_equal(found.count, ask(reader, "SELECT count(*) FROM flow"));
    free(found.numbers);
    mf_filter_unref(filter);
    mf_reader_close(reader);
}

static void a_damaged_column_page_is_read_from_its_rows(void **state)
{
    struct fixture *fixture = *state;
    mf_reader_close(fill(fixture));
    damage(fixture, "UPDATE column_page SET data = x'07' WHERE page = 0");
    struct mf_reader *reader;
    struct mf_err told = {0};
    struct mf_window window;
    struct mf_filter *filter = filter_of("~m POST");
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    struct found want = find_by_hand(reader, filter);
    struct found have =
        find(reader, (struct mf_query_opts){.filter = filter}, 0, MANY);
    assert_same(&have, &want, "~m POST");
    assert_int_equal(
        mf_reader_changes(reader, 0, MANY, NULL, NULL, &window, NULL), 0);
    assert_int_equal(window.count, ask(reader, "SELECT count(*) FROM flow"));
    mf_window_release(&window);
    /* Upkeep may have written it anew. */
    assert_true(mf_reader_take_damage(reader, &told) <= 1);
    free(want.numbers);
    mf_filter_unref(filter);
    mf_reader_close(reader);
}

static void a_lost_part_of_postings_hides_nothing(void **state)
{
    struct fixture *fixture = *state;
    mf_reader_close(fill(fixture));
    /* As if the first group were sealed, with none or broken parts. */
    damage(fixture,
           "UPDATE store SET sealed_groups = 1;"
           "INSERT INTO posting SELECT value, x'0102' FROM"
           " (WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT value + 3"
           " FROM n WHERE value < 1000) SELECT value FROM n)");
    struct mf_reader *reader;
    struct mf_err told = {0};
    struct mf_filter *filter = filter_of("needle");
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    struct found want = find_by_hand(reader, filter);
    struct found have =
        find(reader, (struct mf_query_opts){.filter = filter}, LONG_NS, MANY);
    assert_same(&have, &want, "needle");
    assert_true(mf_reader_take_damage(reader, &told) > 0);
    free(want.numbers);
    mf_filter_unref(filter);
    mf_reader_close(reader);
}

static void a_cursor_of_another_order_or_none_is_refused(void **state)
{
    static const char *const cursors[] = {
        "x",
        "0v",
        "0v.1",
        "0v.1.",
        "0v..1.",
        "0u.1.1.",
        "3v.1.1.",
        "0v.1.1.0",
        "0v.1.1.0g",
        "0v.g.1.",
        "0v.1.1.00.",
        "0v.11111111111111111.1.",
        "99999999999999999v.1.1.",
    };
    struct mf_query *query = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        const struct mf_query_opts opts = {.limit = 1, .cursor = cursors[i]};
        assert_int_equal(mf_query_new(&opts, &query, NULL), MF_EINVAL);
    }
    char longest[1024] = "0v.1.1.";
    memset(longest + 7, '0', sizeof longest - 8);
    struct mf_query_opts opts = {.limit = 1, .cursor = longest};
    assert_int_equal(mf_query_new(&opts, &query, NULL), MF_EINVAL);
    opts.cursor = "0v.0.1.";
    assert_int_equal(mf_query_new(&opts, &query, NULL), 0);
    mf_query_free(query);
    opts = (struct mf_query_opts){
        .summarize = true, .facets = {99}, .facet_count = 1};
    assert_int_equal(mf_query_new(&opts, &query, NULL), MF_EINVAL);
}

static void a_cancelled_query_stops(void **state)
{
    struct mf_reader *reader = shared_reader;
    (void)state;
    struct mf_filter *filters[] = {filter_of("alpha"), filter_of("~m POST"),
                                   filter_of("~b .")};
    _Atomic bool cancel = false;
    for (size_t i = 0; i < 3; i++) {
        const struct mf_query_opts opts = {.filter = filters[i], .limit = MANY};
        struct mf_query *query;
        assert_int_equal(mf_query_new(&opts, &query, NULL), 0);
        cancel = false;
        assert_int_equal(mf_query_step(query, reader, 0, &cancel, NULL), 1);
        cancel = true;
        assert_int_equal(mf_query_step(query, reader, LONG_NS, &cancel, NULL),
                         MF_ECLOSED);
        mf_query_free(query);
        mf_filter_unref(filters[i]);
    }
}

static int fill_shared(void **state)
{
    void *fixture;
    (void)state;
    if (fixture_setup(&fixture))
        return -1;
    shared_fixture = fixture;
    shared_reader = fill(fixture);
    return 0;
}

static int drop_shared(void **state)
{
    void *fixture = shared_fixture;
    (void)state;
    mf_reader_close(shared_reader);
    return fixture_teardown(&fixture);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest of_shared[] = {
        cmocka_unit_test(
            every_way_of_a_query_finds_what_matching_each_flow_finds),
        cmocka_unit_test(sorted_pages_hold_every_flow_once_in_order),
        cmocka_unit_test(a_page_begins_at_any_offset_of_any_order),
        cmocka_unit_test(
            a_page_that_is_taken_from_the_other_end_tells_of_what_follows),
        cmocka_unit_test(
            flows_before_a_number_are_counted_with_those_passed_over),
        cmocka_unit_test(a_summary_counts_what_a_query_finds),
        cmocka_unit_test(messages_come_by_range_from_head_and_pieces),
        cmocka_unit_test(changes_are_the_same_from_pages_rows_and_tombstones),
        cmocka_unit_test(a_cursor_of_another_order_or_none_is_refused),
        cmocka_unit_test(a_cancelled_query_stops),
    };
    const struct CMUnitTest of_own[] = {
        TEST(flows_that_move_between_steps_are_found_once),
        TEST(a_damaged_block_is_told_once_and_the_rest_is_found),
        TEST(a_damaged_column_page_is_read_from_its_rows),
        TEST(a_lost_part_of_postings_hides_nothing),
    };
    return cmocka_run_group_tests(of_shared, fill_shared, drop_shared) +
           cmocka_run_group_tests(of_own, NULL, NULL);
}
