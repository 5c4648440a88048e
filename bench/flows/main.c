/*
 * Load for a whole server, and what its viewers see.
 *
 * usage: bench-flows send PORT --flows N [--first N] [--streams S]
 *            [--snapshots 1|4] [--whole] [--rate R] [--seed X]
 *            [--templates T] [--span SECONDS] [--path P]
 *        bench-flows watch PORT --flows N [--first NUMBER] [--viewers V]
 *            [--silent V] [--pause SECONDS] [--pause-at SECONDS]
 *            [--limit L] [--patience SECONDS]
 *        bench-flows come-and-go PORT [--viewers V]
 *        bench-flows never-read PORT --path P --request HEX
 *        bench-flows ask PORT [--for-ever] [--seconds S] < QUESTIONS
 *        bench-flows tell --flows N [--first N] [--seed X]
 *            what is in these flows: id, uuid, token, name and its rank
 *        bench-flows name RANK
 *        bench-flows show N [--seed X] [--templates T]   the bytes of flow N
 *
 * `send` takes any --path that takes a stream; only ExportFlow's answers are
 * checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/client.h"
#include "flows.h"
#include "ring.h"

#define EXPORT_PATH "/mitmproxy.v1.Service/ExportFlow"

static struct {
    const char *path, *request;
    uint64_t first, flows, streams, viewers, silent, limit, seed, templates;
    uint64_t snapshots, span;
    double rate, pause, pause_at, patience, seconds;
    bool is_whole, for_ever;
} given = {.path = EXPORT_PATH,
           .request = "",
           .streams = 1,
           .viewers = 1,
           .seed = 1,
           .templates = 4096,
           .snapshots = 1,
           .patience = 10,
           .seconds = 1e9};

static bool read_number(const char *name, const char *value)
{
    static const struct {
        const char *name;
        uint64_t *at;
    } numbers[] = {
        {"--first", &given.first},         {"--flows", &given.flows},
        {"--streams", &given.streams},     {"--viewers", &given.viewers},
        {"--silent", &given.silent},       {"--limit", &given.limit},
        {"--seed", &given.seed},           {"--templates", &given.templates},
        {"--snapshots", &given.snapshots}, {"--span", &given.span},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].at = strtoull(value, NULL, 10);
            return true;
        }
    return false;
}

static bool read_seconds(const char *name, const char *value)
{
    static const struct {
        const char *name;
        double *at;
    } seconds[] = {{"--rate", &given.rate},
                   {"--pause", &given.pause},
                   {"--pause-at", &given.pause_at},
                   {"--seconds", &given.seconds},
                   {"--patience", &given.patience}};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        if (strcmp(name, seconds[i].name) == 0) {
            *seconds[i].at = strtod(value, NULL);
            return true;
        }
    return false;
}

static void read_options(int argc, char **argv, int at)
{
    for (; at < argc; at++) {
        const char *value = at + 1 < argc ? argv[at + 1] : "";
        if (strcmp(argv[at], "--whole") == 0)
            given.is_whole = true;
        else if (strcmp(argv[at], "--for-ever") == 0)
            given.for_ever = true;
        else if (strcmp(argv[at], "--path") == 0 && ++at)
            given.path = value;
        else if (strcmp(argv[at], "--request") == 0 && ++at)
            given.request = value;
        else if (read_number(argv[at], value) || read_seconds(argv[at], value))
            at++;
        else
            fail("unknown option");
    }
}

static void send(unsigned port)
{
    if (given.snapshots != 1 && given.snapshots != 4)
        fail("one or four snapshots");
    const struct send_opts opts = {
        .port = port,
        .path = given.path,
        .checks = strcmp(given.path, EXPORT_PATH) == 0,
        .first = given.first,
        .flows = given.flows,
        .streams = given.streams,
        .snapshots = (int)given.snapshots,
        .is_whole = given.is_whole,
        .rate = given.rate,
        .seed = given.seed,
        .templates = given.templates,
        .span_s = given.span,
    };
    send_flows(&opts);
}

static void watch(unsigned port)
{
    const struct watch_opts opts = {
        .port = port,
        .viewers = given.viewers,
        .silent = given.silent,
        .pause_s = given.pause,
        .pause_at_s = given.pause_at,
        .first = given.first,
        .flows = given.flows,
        .limit = (int)given.limit,
        .patience_s = given.patience,
    };
    watch_flows(&opts);
}

static void tell(void)
{
    for (uint64_t n = given.first; n < given.first + given.flows; n++) {
        char id[UUID_LEN], uuid[UUID_LEN], token[TOKEN_LEN], name[NAME_LEN];
        uint32_t rank = flow_name(given.seed, n);
        flow_id(given.seed, n, id);
        flow_uuid(given.seed, n, uuid);
        flow_token(given.seed, n, token);
        name_put(name, rank);
        printf("%.*s %.*s %.*s %.*s %u\n", UUID_LEN, id, UUID_LEN, uuid,
               TOKEN_LEN, token, NAME_LEN, name, rank);
    }
}

static void show(uint64_t n)
{
    struct ring *ring =
        ring_new(given.seed, given.templates, (int)given.snapshots, false);
    uint8_t *at = malloc(ring_max_len(ring));
    if (!at)
        fail("out of memory");
    size_t len = ring_put(ring, n, (int)given.snapshots - 1, 0, at);
    fwrite(at + PREFIX_LEN, 1, len - PREFIX_LEN, stdout);
    fprintf(stderr, "mean of the ring: %.0f bytes\n", ring_mean_len(ring));
    free(at);
    ring_free(ring);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool is_tell = strcmp(what, "tell") == 0;
    if (argc < 3)
        fail("usage: bench-flows WHAT PORT [OPTION...]");
    unsigned port = is_tell ? 0 : (unsigned)strtoul(argv[2], NULL, 10);
    read_options(argc, argv, is_tell ? 2 : 3);
    if (strcmp(what, "send") == 0)
        send(port);
    else if (strcmp(what, "watch") == 0)
        watch(port);
    else if (strcmp(what, "come-and-go") == 0)
        come_and_go(port, given.viewers);
    else if (strcmp(what, "never-read") == 0)
        never_read(port, given.path, given.request);
    else if (strcmp(what, "ask") == 0)
        ask(port, given.for_ever, given.seconds);
    else if (is_tell)
        tell();
    else if (strcmp(what, "show") == 0)
        show(port);
    else if (strcmp(what, "name") == 0) {
        char name[NAME_LEN];
        name_put(name, port);
        printf("%.*s\n", NAME_LEN, name);
    } else
        fail("do what?");
    return 0;
}
