#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "dump.h"

static void assert_told(const char *type, const char *data, bool is_cut,
                        const char *wanted)
{
    const struct mf_decode_opts opts = {.inflated_max = 1000};
    const struct mf_body body = {
        .place = MF_BODY_REQUEST,
        .data = {data, strlen(data)},
        .content_type = {type, strlen(type)},
        .is_cut = is_cut,
    };
    char *told = dump_body(&body, &opts);
    assert_string_equal(told, wanted);
    free(told);
}

static void a_boundary_begins_a_line_and_ends_it(void **state)
{
    (void)state;
    assert_told("multipart/mixed; boundary=b",
                "--b \r\n\r\n--bb x--b\r\n --b\r\n--b--\r\n", false,
                "part #1 @8+15\n  text <text> = --bb x--b\\x0d\\n --b\n");
}

static void lines_may_end_without_a_return(void **state)
{
    (void)state;
    assert_told("multipart/form-data; boundary=\"b\"",
                "--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--",
                false,
                "part a #1 @46+1\n"
                "  row Content-Disposition = form-data; name=\"a\" @4+40\n"
                "  text <text> = x\n");
}

static void a_part_that_breaks_off_shows_what_came(void **state)
{
    (void)state;
    const char *data = "--b\r\n\r\none\r\n--b\r\n\r\ntw";
    assert_told("multipart/mixed; boundary=b", data, true,
                "part #1 @7+3\n  text <text> = one\n"
                "part #2 @19+2 cut\n  text <text> = tw cut\n");
    assert_told("multipart/mixed; boundary=b", data, false,
                "part #1 @7+3\n  text <text> = one\n"
                "part #2 @19+2 cut\n  text <text> = tw cut\n"
                "fault = no boundary ends the last part @21+0\n");
}

static void what_lacks_its_boundary_is_a_fault(void **state)
{
    (void)state;
    assert_told("multipart/mixed; boundary=c", "--b\r\n\r\nx\r\n--b--", false,
                "fault = the boundary is not in it\n");
    assert_told("multipart/mixed", "x", false,
                "fault = the content type names no boundary\n");
}

static void a_boundary_that_got_lost_is_taken_from_the_first_line(void **state)
{
    (void)state;
    assert_told("multipart/mixed", "--b\r\n\r\nx\r\n--b--", false,
                "part #1 @7+1\n  text <text> = x\n");
}

static void transfer_encodings_are_undone(void **state)
{
    (void)state;
    assert_told("multipart/mixed; boundary=b",
                "--b\r\nContent-Transfer-Encoding: base64\r\n\r\neyJh\r\nIjox"
                "fQ==\r\n--b--",
                false,
                "part #1 @42+14\n"
                "  row Content-Transfer-Encoding = base64 @5+33\n"
                "  text <json> = {\"a\":1}\n");
    assert_told("multipart/mixed; boundary=b",
                "--b\nContent-Transfer-Encoding: quoted-printable\n\n"
                "a=3Db=\nc=zz\n--b--",
                false,
                "part #1 @49+11\n"
                "  row Content-Transfer-Encoding = quoted-printable @4+43\n"
                "  text <text> = a=bc=zz\n");
}

static void nested_bodies_have_a_floor(void **state)
{
    (void)state;
    struct mf_buf data;
    mf_buf_init(&data, 100000);
    for (int i = 0; i < 20; i++)
        mf_buf_printf(&data,
                      "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n",
                      i, i + 1);
    mf_buf_append_byte(&data, 0);
    const struct mf_decode_opts opts = {.inflated_max = 1000};
    const struct mf_body body = {
        .data = {(char *)data.data, data.len - 1},
        .content_type = MF_SPAN("multipart/mixed; boundary=b0"),
        .is_cut = true,
    };
    char *told = dump_body(&body, &opts);
    assert_non_null(strstr(told, "note = bodies are nested too deep"));
    free(told);
    mf_buf_release(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_boundary_begins_a_line_and_ends_it),
        cmocka_unit_test(lines_may_end_without_a_return),
        cmocka_unit_test(a_part_that_breaks_off_shows_what_came),
        cmocka_unit_test(what_lacks_its_boundary_is_a_fault),
        cmocka_unit_test(a_boundary_that_got_lost_is_taken_from_the_first_line),
        cmocka_unit_test(transfer_encodings_are_undone),
        cmocka_unit_test(nested_bodies_have_a_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
