#include "cli/flags.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "cli/values.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define DAY_MS ((uint64_t)24 * 3600 * 1000)

/* In the order of enum mf_log_format and enum mf_log_level. */
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"debug", "info", "warn", "error",
                                         NULL};

#define ADDRESS "HOST:PORT, [V6]:PORT or unix:PATH"
#define HOST "a name such as flows.example, without a port"
#define ORIGIN                                           \
    "SCHEME://HOST[:PORT] as browsers send it, such as " \
    "https://flows.example"

#define MEMBER(member) .offset = offsetof(struct mf_options, member)
#define RANGE(least, most) .min = (least), .max = (most)
#define TIMEOUT(flag, option, start, text)                                   \
    {                                                                        \
        .name = flag, .kind = MF_FLAG_DURATION, MEMBER(option),              \
        .value = "DURATION", .preset = start, .help = text, RANGE(1, DAY_MS) \
    }
#define LATER(flag)                         \
    {                                       \
        .name = flag, .kind = MF_FLAG_LATER \
    }

const struct mf_flag mf_flags[] = {
    {.name = "addr",
     .kind = MF_FLAG_LIST,
     MEMBER(addrs),
     .value = "ADDR",
     .preset = "127.0.0.1:50051",
     .is_valid = mf_value_is_address,
     .wanted = ADDRESS,
     .help = "serve the page, viewers and exporters at"
             " HOST:PORT,\n"
             "[V6]:PORT or unix:PATH; repeatable"},
    {.name = "ingest-addr",
     .kind = MF_FLAG_LIST,
     MEMBER(ingest_addrs),
     .value = "ADDR",
     .is_valid = mf_value_is_address,
     .wanted = ADDRESS,
     .help = "take flows here, and no more at --addr;\n"
             "repeatable"},
    {.name = "data-dir",
     .kind = MF_FLAG_TEXT,
     MEMBER(data_dir),
     .value = "DIR",
     .preset = "mitmflow_data",
     .help = "keep flows here"},
    {.name = "max-flows",
     .kind = MF_FLAG_COUNT,
     MEMBER(max_flows),
     .value = "N",
     .preset = "0",
     RANGE(0, UINT64_MAX),
     .help = "keep at most N flows that are not pinned; 0: no cap"},
    {.name = "max-size",
     .kind = MF_FLAG_SIZE,
     MEMBER(max_bytes),
     .value = "BYTES",
     .preset = "10GiB",
     RANGE(0, UINT64_MAX),
     .help = "keep the data within BYTES; 0: no cap"},
    {.name = "max-age",
     .kind = MF_FLAG_DURATION,
     MEMBER(max_age_ms),
     .value = "DURATION",
     .preset = "0",
     RANGE(0, 100 * 365 * DAY_MS),
     .help = "keep a flow that is not pinned for DURATION after it\n"
             "came; 0: no cap"},
    {.name = "config",
     .kind = MF_FLAG_TEXT,
     MEMBER(config),
     .value = "FILE",
     .weakest = MF_SOURCE_ENVIRONMENT,
     .help = "read flags from FILE: \"name = value\", one a line,\n"
             "# begins a comment"},

    {.name = "descriptor-set",
     .kind = MF_FLAG_LIST,
     MEMBER(descriptor_sets),
     .value = "FILE",
     .help = "protobuf types to read messages by: FILE is made by\n"
             "protoc --include_imports --descriptor_set_out=FILE;\n"
             "repeatable; read again on SIGHUP"},

    {.heading = "Who may connect",
     .name = "host",
     .kind = MF_FLAG_LIST,
     MEMBER(hosts),
     .value = "NAME",
     .is_valid = mf_value_is_host,
     .wanted = HOST,
     .help = "a name under which the page is reached, beside its\n"
             "addresses and localhost; repeatable"},
    {.name = "cors-origin",
     .kind = MF_FLAG_LIST,
     MEMBER(cors_origins),
     .value = "ORIGIN",
     .is_valid = mf_value_is_origin,
     .wanted = ORIGIN,
     .help = "let pages of https://HOST[:PORT] call this server;\n"
             "repeatable"},
    {.name = "tls-cert",
     .kind = MF_FLAG_TEXT,
     MEMBER(tls_cert),
     .value = "FILE",
     .help = "certificate and chain (PEM): TLS at every TCP\n"
             "address; read again on SIGHUP, like the next two"},
    {.name = "tls-key",
     .kind = MF_FLAG_TEXT,
     MEMBER(tls_key),
     .value = "FILE",
     .help = "its key (PEM, not encrypted)"},
    {.name = "tls-client-ca",
     .kind = MF_FLAG_TEXT,
     MEMBER(tls_client_ca),
     .value = "FILE",
     .help = "exporters must show a certificate that a CA in FILE\n"
             "signed; viewers too at an address that is not\n"
             "loopback, unless --insecure"},
    {.name = "insecure",
     .kind = MF_FLAG_BOOL,
     MEMBER(insecure),
     .help = "allow an address that is not loopback without client\n"
             "certificates: whoever reaches it can read and delete\n"
             "every flow"},

    {.heading = "Log, on stderr",
     .name = "log-format",
     .kind = MF_FLAG_CHOICE,
     MEMBER(log_format),
     .value = "FORMAT",
     .preset = "text",
     .choices = log_formats,
     .help = "text, or json: an object a line"},
    {.name = "log-level",
     .kind = MF_FLAG_CHOICE,
     MEMBER(log_level),
     .value = "LEVEL",
     .preset = "info",
     .choices = log_levels,
     .help = "debug, info, warn or error"},

    {.heading = "Limits",
     .name = "max-connections",
     .kind = MF_FLAG_COUNT,
     MEMBER(max_connections),
     .value = "N",
     .preset = "0",
     RANGE(0, 1000000),
     .help = "open at a time; 0: what descriptors allow, at most\n"
             "20000"},
    {.name = "max-streams",
     .kind = MF_FLAG_COUNT,
     MEMBER(max_streams),
     .value = "N",
     .preset = "256",
     RANGE(1, 65535),
     .help = "requests at a time on one HTTP/2 connection"},
    {.name = "max-head",
     .kind = MF_FLAG_SIZE,
     MEMBER(max_head_len),
     .value = "BYTES",
     .preset = "64KiB",
     RANGE(4 * KIB, MIB),
     .help = "a request's head"},
    {.name = "max-message",
     .kind = MF_FLAG_SIZE,
     MEMBER(max_message_len),
     .value = "BYTES",
     .preset = "256MiB",
     RANGE(64 * KIB, 512 * MIB),
     .help = "one message of an exporter, decompressed; as JSON\n"
             "32MiB at most"},
    TIMEOUT("first-timeout", first_timeout_ms, "10s",
            "from a connection's start to the first bytes of a\n"
            "request, a TLS handshake included"),
    TIMEOUT("head-timeout", head_timeout_ms, "10s",
            "from a request head's first byte to its last"),
    TIMEOUT("body-timeout", body_timeout_ms, "60s",
            "without a byte of a message that has begun; between\n"
            "messages a stream may be silent for ever"),
    TIMEOUT("send-timeout", send_timeout_ms, "2m",
            "without taking a byte of what is being sent"),
    TIMEOUT("idle-timeout", idle_timeout_ms, "5m",
            "a connection without a request"),
    TIMEOUT("ping-interval", ping_interval_ms, "60s",
            "HTTP/2 with requests open and nothing received: ask\n"
            "whether the peer is there"),
    TIMEOUT("ping-timeout", ping_timeout_ms, "20s",
            "and wait so long for the answer"),
    TIMEOUT("stop-grace", stop_grace_ms, "3s",
            "for requests to finish when the server stops"),

    {.heading = "Other",
     .name = "help",
     .kind = MF_FLAG_BOOL,
     MEMBER(help),
     .weakest = MF_SOURCE_COMMAND_LINE,
     .help = "this text"},
    {.name = "version",
     .kind = MF_FLAG_BOOL,
     MEMBER(version),
     .weakest = MF_SOURCE_COMMAND_LINE,
     .help = "the version"},

    /* Refused by name, so that nobody believes them in force. */
    LATER("token-file"),
    LATER("trust-proxy"),
    LATER("auth-header"),
};
const size_t mf_flag_count = sizeof mf_flags / sizeof *mf_flags;
static_assert(sizeof mf_flags / sizeof *mf_flags <= MF_FLAGS_MAX,
              "source_of has room for every flag");

const struct mf_flag *mf_flag_find(const char *name, size_t len)
{
    for (size_t i = 0; i < mf_flag_count; i++)
        if (strlen(mf_flags[i].name) == len &&
            memcmp(mf_flags[i].name, name, len) == 0)
            return &mf_flags[i];
    return NULL;
}

/* ---- Values ---- */

struct value {
    uint64_t number;
    bool yes;
};

struct number_kind {
    int (*parse)(const char *text, uint64_t *ret);
    void (*print)(uint64_t number, char *text, size_t cap);
    const char *name;
};

static const struct number_kind number_kinds[] = {
    [MF_FLAG_COUNT] = {mf_value_count, mf_value_print_count, "a whole number"},
    [MF_FLAG_SIZE] = {mf_value_size, mf_value_print_size,
                      "bytes, or a size in KiB, MiB, GiB or TiB"},
    [MF_FLAG_DURATION] = {mf_value_duration, mf_value_print_duration,
                          "a duration in ms, s, m, h or d"},
};

static int parse_number(const struct mf_flag *flag, const char *what,
                        const char *text, uint64_t *ret, struct mf_err *err)
{
    const struct number_kind *kind = &number_kinds[flag->kind];
    char least[MF_VALUE_CAP], most[MF_VALUE_CAP];
    uint64_t number;
    if (kind->parse(text, &number) == 0 && number >= flag->min &&
        number <= flag->max) {
        *ret = number;
        return 0;
    }
    if (flag->max == UINT64_MAX)
        return mf_err_set(err, MF_EINVAL, "%s takes %s, not \"%.64s\"", what,
                          kind->name, text);
    kind->print(flag->min, least, sizeof least);
    kind->print(flag->max, most, sizeof most);
    return mf_err_set(err, MF_EINVAL,
                      "%s takes %s, from %s to %s, not \"%.64s\"", what,
                      kind->name, least, most, text);
}

static int parse_choice(const struct mf_flag *flag, const char *what,
                        const char *text, uint64_t *ret, struct mf_err *err)
{
    for (size_t i = 0; flag->choices[i]; i++)
        if (strcmp(flag->choices[i], text) == 0) {
            *ret = i;
            return 0;
        }
    char all[64] = "";
    for (size_t i = 0; flag->choices[i]; i++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "",
                 flag->choices[i]);
    }
    return mf_err_set(err, MF_EINVAL, "%s takes one of %s, not \"%.64s\"", what,
                      all, text);
}

static int parse_value(const struct mf_flag *flag, enum mf_source source,
                       const char *what, const char *text, struct value *ret,
                       struct mf_err *err)
{
    if (flag->kind == MF_FLAG_LATER)
        return mf_err_set(err, MF_EINVAL,
                          "%s is not supported by this version; leave it out",
                          what);
    if (source < flag->weakest && source != MF_SOURCE_PRESET)
        return mf_err_set(err, MF_EINVAL, "%s cannot be given here", what);
    if (!*text)
        return mf_err_set(err, MF_EINVAL, "%s needs a value", what);
    switch (flag->kind) {
    case MF_FLAG_COUNT:
    case MF_FLAG_SIZE:
    case MF_FLAG_DURATION:
        return parse_number(flag, what, text, &ret->number, err);
    case MF_FLAG_CHOICE:
        return parse_choice(flag, what, text, &ret->number, err);
    case MF_FLAG_BOOL:
        if (mf_value_bool(text, &ret->yes) == 0)
            return 0;
        return mf_err_set(err, MF_EINVAL,
                          "%s takes true or false, not \"%.64s\"", what, text);
    default:
        if (!flag->is_valid || flag->is_valid(text))
            return 0;
        return mf_err_set(err, MF_EINVAL, "%s takes %s, not \"%.100s\"", what,
                          flag->wanted, text);
    }
}

static int add_to_list(struct mf_option_list *list, const char *what,
                       const char *text, struct mf_err *err)
{
    if (list->count == MF_OPTION_VALUES_MAX)
        return mf_err_set(err, MF_EINVAL, "%s is given more than %d times",
                          what, MF_OPTION_VALUES_MAX);
    list->values[list->count++] = text;
    return 0;
}

int mf_flag_set(struct mf_options *options, const struct mf_flag *flag,
                enum mf_source source, const char *what, const char *text,
                struct mf_err *err)
{
    struct value value = {0};
    int rc = parse_value(flag, source, what, text, &value, err);
    unsigned char *source_of = &options->source_of[flag - mf_flags];
    if (rc || source < *source_of)
        return rc;
    void *member = (char *)options + flag->offset;
    bool is_first = source > *source_of;
    *source_of = (unsigned char)source;
    switch (flag->kind) {
    case MF_FLAG_BOOL:
        *(bool *)member = value.yes;
        return 0;
    case MF_FLAG_TEXT:
        *(const char **)member = text;
        return 0;
    case MF_FLAG_LIST:
        if (is_first)
            ((struct mf_option_list *)member)->count = 0;
        return add_to_list(member, what, text, err);
    default:
        *(uint64_t *)member = value.number;
        return 0;
    }
}

void mf_flags_preset(struct mf_options *options)
{
    for (size_t i = 0; i < mf_flag_count; i++) {
        const struct mf_flag *flag = &mf_flags[i];
        if (!flag->preset)
            continue;
        int rc = mf_flag_set(options, flag, MF_SOURCE_PRESET, flag->name,
                             flag->preset, NULL);
        assert(rc == 0);
    }
}

/* ---- --help ---- */

enum { HELP_COLUMN = 28 };

static void print_flag(FILE *out, const struct mf_flag *flag)
{
    if (flag->heading)
        fprintf(out, "\n%s:\n", flag->heading);
    int column = fprintf(out, "  --%s%s%s", flag->name, flag->value ? " " : "",
                         flag->value ? flag->value : "");
    for (const char *line = flag->help; *line;) {
        int len = (int)strcspn(line, "\n");
        fprintf(out, "%*s%.*s", HELP_COLUMN - column, "", len, line);
        line += len;
        if (!*line && flag->preset && strcmp(flag->preset, "0") != 0)
            fprintf(out, " (%s)", flag->preset);
        line += *line == '\n';
        fputc('\n', out);
        column = 0;
    }
}

void mf_flags_print_help(FILE *out)
{
    fputs("mitmflow: a read-only window onto what mitmproxy sees\n"
          "\n"
          "usage: mitmflow [serve] [flags]\n"
          "       mitmflow COMMAND ... (below)\n"
          "\n"
          "One dash or two; a value follows after a space or \"=\". Each flag\n"
          "is MITMFLOW_... in the environment, too: MITMFLOW_MAX_FLOWS=1000.\n"
          "A flag wins over the environment, and that over --config FILE.\n"
          "\n",
          out);
    for (size_t i = 0; i < mf_flag_count; i++)
        if (mf_flags[i].help)
            print_flag(out, &mf_flags[i]);
    fputs("\nBYTES: 4096, 64KiB, 16MiB. DURATION: 250ms, 10s, 5m, 2h, 1d.\n",
          out);
}
