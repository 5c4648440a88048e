#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exporter/redact/inside.h"

enum { HOST_MAX_LEN = 255, HOSTS_MAX_LEN = 4096, VALUE_MAX_LEN = 1024 };
#define META_MAX_LEN ((size_t)16 << 20)

static void release(struct mf_redact_facts *facts)
{
    if (!facts)
        return;
    mf_half_facts_release(&facts->halves[0]);
    mf_half_facts_release(&facts->halves[1]);
    mf_buf_release(&facts->hosts);
    mf_buf_release(&facts->meta);
    mf_buf_release(&facts->told);
    free(facts);
}

void mf_redact_flow_release(struct mf_redact_flow *flow)
{
    release(flow->facts);
    flow->facts = NULL;
}

void mf_half_facts_release(struct mf_half_facts *half)
{
    free(half->type);
    free(half->encoding);
    *half = (struct mf_half_facts){0};
}

static struct mf_redact_facts *make(size_t rule_count)
{
    struct mf_redact_facts *facts = calloc(1, sizeof *facts + rule_count);
    if (!facts)
        return NULL;
    mf_buf_init(&facts->hosts, HOSTS_MAX_LEN);
    mf_buf_init(&facts->meta, META_MAX_LEN);
    mf_buf_init(&facts->told, META_MAX_LEN);
    return facts;
}

struct mf_redact_facts *mf_facts_get_raw(struct mf_redact_flow *flow)
{
    if (!flow->facts)
        flow->facts = make(0);
    return flow->facts;
}

struct mf_redact_facts *mf_facts_get(struct mf_redact_flow *flow,
                                     const struct mf_redactor *redactor)
{
    struct mf_redact_facts *old = flow->facts;
    if (old && old->serial == redactor->serial)
        return old;
    struct mf_redact_facts *facts = make(redactor->count);
    if (!facts)
        return NULL;
    if (old) {
        *facts = *old;
        free(old);
    }
    facts->serial = redactor->serial;
    facts->rule_count = redactor->count;
    flow->facts = facts;
    mf_facts_settle(facts, redactor);
    return facts;
}

/* The host that follows another (NULL: the first); NULL: it was the last. */
static const char *next_host(const struct mf_redact_facts *facts,
                             const char *before)
{
    const char *first = (const char *)facts->hosts.data;
    size_t at = before ? (size_t)(before - first) + strlen(before) + 1 : 0;
    return at < facts->hosts.len ? first + at : NULL;
}

int mf_facts_add_host(struct mf_redact_facts *facts, const void *host,
                      size_t len)
{
    const char *text = host;
    while (len && text[len - 1] == '.')
        len--;
    if (len == 0 || len > HOST_MAX_LEN || memchr(text, 0, len))
        return 0;
    const char *known = NULL;
    while ((known = next_host(facts, known)))
        if (strlen(known) == len && strncasecmp(known, text, len) == 0)
            return 0;
    /* So many that it is none of a usual flow's: the first count. */
    if (facts->hosts.len + len + 1 > HOSTS_MAX_LEN)
        return 0;
    int rc = mf_buf_reserve(&facts->hosts, len + 1);
    if (!rc) {
        mf_buf_append(&facts->hosts, text, len);
        mf_buf_append_byte(&facts->hosts, 0);
    }
    return rc;
}

int mf_facts_add_url(struct mf_redact_facts *facts, const void *url, size_t len)
{
    const char *at = url, *end = at + len, *c = at;
    for (; end - c >= 3 && *c != '/' && *c != '?' && *c != '#'; c++)
        if (memcmp(c, "://", 3) == 0) {
            at = c + 3;
            break;
        }
    for (c = at; c < end && *c != '/' && *c != '?' && *c != '#'; c++)
        if (*c == '@')
            at = c + 1;
    end = c;
    if (at < end && *at == '[') {
        const char *close = memchr(at, ']', (size_t)(end - at));
        return close
                   ? mf_facts_add_host(facts, at + 1, (size_t)(close - at - 1))
                   : 0;
    }
    const char *colon = memchr(at, ':', (size_t)(end - at));
    return mf_facts_add_host(facts, at, (size_t)((colon ? colon : end) - at));
}

void mf_facts_settle(struct mf_redact_facts *facts,
                     const struct mf_redactor *redactor)
{
    /* Of a flow of which not all hosts are known each rule holds. */
    for (size_t i = 0; i < redactor->count; i++) {
        const struct mf_rule *rule = &redactor->rules[i];
        const char *host = NULL;
        bool is = rule->hosts.count == 0;
        while (!is && (host = next_host(facts, host)))
            is = mf_globs_match(&rule->hosts, host, strlen(host));
        bool may_be = is || !facts->has_head || facts->hosts.len == 0;
        unsigned state = facts->rules[i] & MF_RULE_FIRED;
        state |= may_be ? MF_RULE_APPLIES : 0;
        state |= is ? MF_RULE_IS_SURE : 0;
        facts->rules[i] = (uint8_t)state;
    }
}

static bool is_name(const void *name, size_t len, const char *other)
{
    return strlen(other) == len && strncasecmp(name, other, len) == 0;
}

/* Add to a list; what is too long to be true is still something. */
static bool add(char **value, const void *text, size_t len, const char *between)
{
    size_t old_len = *value ? strlen(*value) : 0;
    size_t between_len = old_len ? strlen(between) : 0;
    if (len > VALUE_MAX_LEN)
        len = VALUE_MAX_LEN;
    if (old_len > 2 * VALUE_MAX_LEN)
        return true;
    char *joined = realloc(*value, old_len + between_len + len + 1);
    if (!joined)
        return false;
    *value = joined;
    if (between_len)
        memcpy(joined + old_len, between, between_len);
    char *at = joined + old_len + between_len;
    for (size_t i = 0; i < len; i++) {
        char c = ((const char *)text)[i];
        at[i] = c ? c : ' ';
    }
    at[len] = 0;
    return true;
}

bool mf_half_facts_see(struct mf_half_facts *half, const void *name,
                       size_t name_len, const void *value, size_t value_len)
{
    if (is_name(name, name_len, "content-encoding"))
        return add(&half->encoding, value, value_len, ", ");
    if (is_name(name, name_len, "content-type") && !half->type)
        return add(&half->type, value, value_len, "");
    return true;
}
