/* Calls one after the other on one connection, and how long each takes. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/client.h"
#include "answer.h"
#include "flows.h"
#include "pb/wire.h"
#include "ring.h"

enum { LABEL_CAP = 64, PATH_CAP = 128, HEX_CAP = 4096, RESULT_FIELD = 1 };

struct question {
    char label[LABEL_CAP], path[PATH_CAP];
    struct mf_buf request; /* with its prefix */
};

struct asking {
    struct answer answer;
    uint64_t results; /* what the answer has of field 1: flows */
};

static void on_message(void *user, const uint8_t *data, size_t len)
{
    struct asking *asking = user;
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field))
        asking->results += field.number == RESULT_FIELD;
}

static void on_data(struct client *client, size_t stream, const uint8_t *data,
                    size_t len)
{
    (void)stream;
    struct asking *asking = client->user;
    answer_take(&asking->answer, data, len, on_message, asking);
}

static void read_hex(struct mf_buf *out, const char *hex)
{
    mf_buf_init(out, HEX_CAP);
    if (mf_buf_append(out, "\0\0\0\0\0", PREFIX_LEN))
        fail("out of memory");
    for (const char *at = hex; at[0] && at[1]; at += 2) {
        char digits[3] = {at[0], at[1], '\0'};
        if (mf_buf_append_byte(out, (uint8_t)strtoul(digits, NULL, 16)))
            fail("a question is long");
    }
    size_t len = out->len - PREFIX_LEN;
    out->data[3] = (uint8_t)(len >> 8);
    out->data[4] = (uint8_t)len;
}

/* Times a call; its bytes and status as well. */
static void ask_one(struct client *client, struct question *question,
                    bool is_told)
{
    struct asking *asking = client->user;
    struct pollfd fd = {.fd = client->fd, .events = POLLIN};
    size_t index = client->stream_count;
    asking->results = 0;
    int64_t start_ns = clock_ns();
    client_request(client, "POST", question->path, "application/grpc", NULL,
                   true);
    client_write(client);
    client_body(client, index, question->request.data, question->request.len,
                true);
    do {
        client_write(client);
        poll(&fd, 1, -1);
        client_read(client);
    } while (!client->streams[index].is_over);
    double ms = (double)(clock_ns() - start_ns) / 1e6;
    client_write(client);
    const struct stream *stream = &client->streams[index];
    if (is_told)
        printf("%s %.4f %llu %llu %d\n", question->label, ms,
               (unsigned long long)asking->results,
               (unsigned long long)stream->received, stream->grpc_status);
}

static size_t read_questions(struct question **ret_questions)
{
    size_t count = 0;
    char hex[HEX_CAP * 2], line[HEX_CAP * 2 + LABEL_CAP + PATH_CAP];
    struct question *questions = NULL;
    while (fgets(line, sizeof line, stdin)) {
        questions = realloc(questions, (count + 1) * sizeof *questions);
        if (!questions)
            fail("out of memory");
        struct question *question = &questions[count++];
        hex[0] = '\0';
        if (sscanf(line, "%63s %127s %8191s", question->label, question->path,
                   hex) < 2)
            fail("not a question");
        read_hex(&question->request, hex);
    }
    *ret_questions = questions;
    return count;
}

void ask(unsigned port, bool for_ever, double seconds)
{
    int64_t until_ns = clock_ns() + (int64_t)(seconds * 1e9);
    struct question *questions;
    struct asking asking = {0};
    size_t count = read_questions(&questions);
    answer_init(&asking.answer);
    struct client *client = client_new(port, NULL, false);
    client->user = &asking;
    client->on_data = on_data;
    struct pollfd fd = {.fd = client->fd, .events = POLLIN};
    while (!client->has_settings) {
        client_write(client);
        poll(&fd, 1, -1);
        client_read(client);
    }
    do
        for (size_t i = 0; i < count && clock_ns() < until_ns; i++)
            ask_one(client, &questions[i], !for_ever);
    while (for_ever && clock_ns() < until_ns);
    client_free(client);
    answer_release(&asking.answer);
    for (size_t i = 0; i < count; i++)
        mf_buf_release(&questions[i].request);
    free(questions);
}
