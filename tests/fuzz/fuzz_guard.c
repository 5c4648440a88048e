/* Host and Origin of anybody's page, a line each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* What no address, port or given name has. */
static bool is_odd(const char *authority)
{
    return authority[strcspn(authority, " \t\"'/\\?#@<>")] != '\0';
}

static void ask(const char *authority, const char *origin, bool is_tls)
{
    static const char *const hosts[] = {"flows.example"};
    static const char *const origins[] = {"https://page.example"};
    const struct mf_guard strict = {0};
    const struct mf_guard open = {hosts, 1, origins, 1};
    const char *by_strict =
        mf_guard_refusal(&strict, authority, origin, is_tls);
    const char *by_open = mf_guard_refusal(&open, authority, origin, is_tls);
    require(!by_strict || *by_strict);
    require(!by_open || by_strict);
    require(by_open || !is_odd(authority));
    /* An origin that passes without having been given is the server's own. */
    require(by_strict || !origin || strstr(origin, "://"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    char *origin = strchr(text, '\n');
    if (origin)
        *origin++ = '\0';
    ask(text, origin, false);
    ask(text, origin, true);
    require(mf_guard_refusal(&(struct mf_guard){0}, NULL, origin, false));
    free(text);
    return 0;
}
