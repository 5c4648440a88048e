#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "store/column_page.h"

static struct mf_columns *make_rows(void)
{
    struct mf_columns *rows = calloc(MF_COLUMN_PAGE_ROWS, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < MF_COLUMN_PAGE_ROWS; i++) {
        struct mf_columns *row = &rows[i];
        row->number = 7 * MF_COLUMN_PAGE_ROWS + i;
        row->change = 5000 + i * 3;
        row->flags = (uint32_t)(i * 37 % 131072);
        row->type = (uint8_t)(MF_FLOW_HTTP + i % 4);
        row->state = MF_FLOW_ENDED;
        row->status = (uint16_t)(i % 600);
        row->client_port = (uint16_t)(65535 - i);
        row->server_port = 443;
        row->method = (uint32_t)(i % 9);
        row->host = (uint32_t)(i * 60 % 65536);
        row->client = 3;
        row->source = UINT32_MAX;
        row->response_type = (uint32_t)i;
        row->start_ns = ((int64_t)i - 500) * INT64_C(1000000007);
        row->duration_ms = (double)i * 1.25 - 3;
        row->client_bytes = i == 9 ? UINT64_MAX : i;
        row->server_bytes = i << 20;
        row->message_count = (uint32_t)(i * i);
    }
    return rows;
}

static struct mf_buf put(const struct mf_columns *rows)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 1 << 20);
    assert_int_equal(mf_column_page_put(rows, &buf), 0);
    return buf;
}

static void assert_same(const struct mf_columns *have,
                        const struct mf_columns *want)
{
    assert_int_equal(have->number, want->number);
    assert_int_equal(have->change, want->change);
    assert_int_equal(have->flags, want->flags);
    assert_int_equal(have->type, want->type);
    assert_int_equal(have->state, want->state);
    assert_int_equal(have->status, want->status);
    assert_int_equal(have->client_port, want->client_port);
    assert_int_equal(have->server_port, want->server_port);
    assert_int_equal(have->method, want->method);
    assert_int_equal(have->host, want->host);
    assert_int_equal(have->client, want->client);
    assert_int_equal(have->source, want->source);
    assert_int_equal(have->response_type, want->response_type);
    assert_int_equal(have->request_type, want->request_type);
    assert_int_equal(have->start_ns, want->start_ns);
    assert_memory_equal(&have->duration_ms, &want->duration_ms, 8);
    assert_int_equal(have->client_bytes, want->client_bytes);
    assert_int_equal(have->server_bytes, want->server_bytes);
    assert_int_equal(have->message_count, want->message_count);
}

static void a_page_gives_back_every_value_of_every_row(void **state)
{
    (void)state;
    struct mf_columns *rows = make_rows();
    struct mf_buf buf = put(rows);
    struct mf_column_page page;
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 7, &page), 0);
    for (unsigned i = 0; i < MF_COLUMN_PAGE_ROWS; i++) {
        struct mf_columns row;
        mf_column_page_row(&page, i, &row);
        assert_same(&row, &rows[i]);
        assert_int_equal(mf_column_page_type(&page, i), rows[i].type);
        assert_int_equal(mf_column_page_change(&page, i), rows[i].change);
    }
    uint64_t first = 0, last = 0;
    assert_int_equal(mf_column_page_changes(buf.data, buf.len, &first, &last),
                     0);
    assert_int_equal(first, 5000);
    assert_int_equal(last, 5000 + 1023 * 3);
    mf_buf_release(&buf);
    free(rows);
}

static void flows_that_are_not_there_have_no_part_in_the_ranges(void **state)
{
    (void)state;
    struct mf_columns *rows = make_rows();
    for (size_t i = 0; i < MF_COLUMN_PAGE_ROWS; i++)
        if (i != 9)
            memset(&rows[i], i % 2 ? 0 : 0xff, sizeof *rows);
    for (size_t i = 0; i < MF_COLUMN_PAGE_ROWS; i++)
        if (i != 9)
            rows[i].type = 0;
    struct mf_buf buf = put(rows);
    /* The types take a byte each, nothing else takes any. */
    assert_int_equal(buf.len, MF_COLUMN_PAGE_HEAD_LEN + 1024 + 8);
    struct mf_column_page page;
    struct mf_columns row;
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 7, &page), 0);
    mf_column_page_row(&page, 9, &row);
    assert_same(&row, &rows[9]);
    mf_column_page_row(&page, 10, &row);
    assert_int_equal(row.type, 0);
    assert_int_equal(row.number, 7 * MF_COLUMN_PAGE_ROWS + 10);
    mf_buf_release(&buf);
    free(rows);
}

static void a_page_of_no_flows_is_a_page(void **state)
{
    (void)state;
    struct mf_columns *rows = calloc(MF_COLUMN_PAGE_ROWS, sizeof *rows);
    struct mf_buf buf = put(rows);
    struct mf_column_page page;
    uint64_t first = 1, last = 1;
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 0, &page), 0);
    for (unsigned i = 0; i < MF_COLUMN_PAGE_ROWS; i++)
        assert_int_equal(mf_column_page_type(&page, i), 0);
    assert_int_equal(mf_column_page_changes(buf.data, buf.len, &first, &last),
                     0);
    assert_int_equal(first, 0);
    assert_int_equal(last, 0);
    mf_buf_release(&buf);
    free(rows);
}

static void only_the_wanted_columns_of_some_rows_are_read(void **state)
{
    (void)state;
    struct mf_columns *rows = make_rows(), some[3];
    struct mf_buf buf = put(rows);
    struct mf_column_page page;
    memset(some, 0x55, sizeof some);
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 7, &page), 0);
    mf_column_page_rows(&page, 1021, 3,
                        1U << MF_PAGED_START | 1U << MF_PAGED_HOST, some);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(some[i].number, rows[1021 + i].number);
        assert_int_equal(some[i].type, rows[1021 + i].type);
        assert_int_equal(some[i].start_ns, rows[1021 + i].start_ns);
        assert_int_equal(some[i].host, rows[1021 + i].host);
        assert_int_equal(some[i].status, 0x5555);
    }
    mf_buf_release(&buf);
    free(rows);
}

static void a_page_that_is_cut_or_longer_is_corrupt(void **state)
{
    (void)state;
    struct mf_columns *rows = make_rows();
    struct mf_buf buf = put(rows);
    struct mf_column_page page;
    uint64_t first, last;
    for (size_t len = 0; len < buf.len; len += len < 400 ? 1 : 97)
        assert_int_equal(mf_column_page_open(buf.data, len, 7, &page),
                         MF_ECORRUPT);
    assert_int_equal(mf_buf_append_byte(&buf, 0), 0);
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 7, &page),
                     MF_ECORRUPT);
    assert_int_equal(mf_column_page_changes(
                         buf.data, MF_COLUMN_PAGE_HEAD_LEN - 1, &first, &last),
                     MF_ECORRUPT);
    buf.data[0]++;
    assert_int_equal(mf_column_page_open(buf.data, buf.len - 1, 7, &page),
                     MF_ECORRUPT);
    mf_buf_release(&buf);
    free(rows);
}

static void a_type_that_there_is_not_reads_as_no_flow(void **state)
{
    (void)state;
    struct mf_columns *rows = make_rows();
    struct mf_buf buf = put(rows);
    struct mf_column_page page;
    /* Types are the first column, the width comes before the least. */
    buf.data[2] = 200;
    assert_int_equal(mf_column_page_open(buf.data, buf.len, 7, &page), 0);
    assert_int_equal(mf_column_page_type(&page, 3), 0);
    mf_buf_release(&buf);
    free(rows);
}

static void a_full_buffer_gets_no_page(void **state)
{
    (void)state;
    struct mf_columns *rows = make_rows();
    struct mf_buf buf;
    mf_buf_init(&buf, 1000);
    assert_int_equal(mf_column_page_put(rows, &buf), MF_EFULL);
    assert_int_equal(buf.len, 0);
    mf_buf_release(&buf);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_gives_back_every_value_of_every_row),
        cmocka_unit_test(flows_that_are_not_there_have_no_part_in_the_ranges),
        cmocka_unit_test(a_page_of_no_flows_is_a_page),
        cmocka_unit_test(only_the_wanted_columns_of_some_rows_are_read),
        cmocka_unit_test(a_page_that_is_cut_or_longer_is_corrupt),
        cmocka_unit_test(a_type_that_there_is_not_reads_as_no_flow),
        cmocka_unit_test(a_full_buffer_gets_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
