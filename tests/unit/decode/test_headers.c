#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "dump.h"

/* One field, in whatever place. */
struct field {
    struct mf_span name, value;
};

static struct mf_span find(const void *user, enum mf_header_place place,
                           const char *name)
{
    (void)user;
    (void)place;
    (void)name;
    return MF_SPAN_NONE;
}

static bool each(const void *user, enum mf_header_place place,
                 bool (*visit)(void *to, struct mf_span name,
                               struct mf_span value),
                 void *to)
{
    const struct field *field = user;
    (void)place;
    return visit(to, field->name, field->value);
}

static void assert_told(const char *name, const char *value, const char *wanted)
{
    const struct field field = {{name, strlen(name)}, {value, strlen(value)}};
    const struct mf_body_http http = {
        .header = find, .each_header = each, .user = &field};
    struct mf_view view;
    struct mf_buf out;
    mf_buf_init(&out, 100000);
    mf_view_init(&view, 1000, dump_node, &out);
    assert_int_equal(mf_decode_headers(&http, MF_HEADER_REQUEST, &view), 0);
    assert_int_equal(view.depth, 0);
    mf_buf_append_byte(&out, 0);
    assert_string_equal((char *)out.data, wanted);
    mf_buf_release(&out);
}

static void cookies_are_rows(void **state)
{
    (void)state;
    assert_told("Cookie", "a=1;  b=x=y ;c; =d",
                "group Cookie\n  row a = 1\n  row b = x=y\n  row = c\n"
                "  row = d\n");
}

static void a_cookie_that_is_set_has_its_attributes(void **state)
{
    (void)state;
    assert_told("set-cookie",
                "id=\"a b\"; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; "
                "Max-Age=60; HttpOnly; SameSite=Lax",
                "group set-cookie\n"
                "  group id <cookie> = \"a b\"\n"
                "    row Path = /\n"
                "    time Expires = 2026-10-21T07:28:00Z ~ "
                "Wed, 21 Oct 2026 07:28:00 GMT\n"
                "    number Max-Age = 60\n"
                "    bool HttpOnly = true\n"
                "    row SameSite = Lax\n");
    assert_told("set-cookie", "a=b; expires=Thu, 01-Jan-1970 00:00:01 GMT",
                "group set-cookie\n"
                "  group a <cookie> = b\n"
                "    time expires = 1970-01-01T00:00:01Z ~ "
                "Thu, 01-Jan-1970 00:00:01 GMT\n");
    assert_told("set-cookie", "a=b; expires=never",
                "group set-cookie\n  group a <cookie> = b\n"
                "    row expires = never\n");
}

static void basic_authorization_tells_the_user_and_no_password(void **state)
{
    (void)state;
    assert_told("Authorization", "Basic YW5uOnM6ZWNyZXQ=",
                "group Authorization\n  row user = ann\n");
    assert_told("Proxy-Authorization", "basic !!",
                "group Proxy-Authorization\n"
                "  note = the credentials are not base64 of USER:PASSWORD\n");
}

/* Of RFC 7519, section 3.1. */
#define TOKEN                                                                  \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."                                \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv" \
    "bS9pc19yb290Ijp0cnVlfQ."                                                  \
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

static void a_token_in_a_field_is_read_and_not_verified(void **state)
{
    (void)state;
    assert_told(
        "x-assertion", "Bearer " TOKEN,
        "group x-assertion\n"
        "  group token <JWT>\n"
        "    note = not verified: nobody checked its signature\n"
        "    group header\n"
        "      text typ = JWT\n"
        "      text alg = HS256\n"
        "    group claims\n"
        "      text iss = joe\n"
        "      time exp = 2011-03-22T18:43:00Z ~ 1300819380\n"
        "      bool http://example.com/is_root = true\n"
        "    bytes signature | 7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff0"
        "5b58055853848d79\n");
}

static void other_fields_have_nothing_inside(void **state)
{
    (void)state;
    const struct field field = {MF_SPAN("accept"), MF_SPAN("eyJh.b.c, */*")};
    const struct mf_body_http http = {
        .header = find, .each_header = each, .user = &field};
    struct mf_view view;
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    mf_view_init(&view, 1000, dump_node, &out);
    assert_int_equal(mf_decode_headers(&http, MF_HEADER_REQUEST, &view), 0);
    assert_int_equal(out.len, 0);
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_are_rows),
        cmocka_unit_test(a_cookie_that_is_set_has_its_attributes),
        cmocka_unit_test(basic_authorization_tells_the_user_and_no_password),
        cmocka_unit_test(a_token_in_a_field_is_read_and_not_verified),
        cmocka_unit_test(other_fields_have_nothing_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
