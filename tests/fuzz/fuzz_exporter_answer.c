#include <stdlib.h>
#include <string.h>

#include "exporter/sender/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rest of the input, up to the next newline, as a header's value. */
static void put_header(struct mf_answer *answer, const char *name,
                       const uint8_t **at, size_t *left)
{
    const uint8_t *end = memchr(*at, '\n', *left);
    size_t len = end ? (size_t)(end - *at) : 0;
    if (!end)
        return;
    mf_answer_header(answer, (const uint8_t *)name, strlen(name), *at, len);
    *at += len + 1;
    *left -= len + 1;
}

/* Three or four lines are headers, what follows is the body; it must not
 * matter how the body was split. */
static void read_answer(const uint8_t *data, size_t size, size_t step,
                        struct mf_hello *ret_hello, int *ret_rc,
                        struct mf_ack *ret_ack)
{
    struct mf_answer answer;
    char text[64];
    mf_answer_init(&answer);
    put_header(&answer, ":status", &data, &size);
    put_header(&answer, "content-type", &data, &size);
    put_header(&answer, "grpc-status", &data, &size);
    put_header(&answer, "grpc-message", &data, &size);
    for (size_t at = 0; at < size; at += step)
        mf_answer_data(&answer, data + at, size - at < step ? size - at : step);
    mf_hello_read(&answer, ret_hello);
    *ret_ack = (struct mf_ack){0};
    *ret_rc = mf_ack_read(&answer, ret_ack);
    if (*ret_rc == 0)
        mf_ack_is_missing(ret_ack, (const uint8_t *)"a", 1);
    mf_answer_describe(&answer, text, sizeof text);
    if (!memchr(text, 0, sizeof text))
        abort();
    mf_answer_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_hello whole, split;
    struct mf_ack whole_ack, split_ack;
    int whole_rc, split_rc;
    read_answer(data, size, SIZE_MAX, &whole, &whole_rc, &whole_ack);
    read_answer(data, size, 1, &split, &split_rc, &split_ack);
    if (whole.greeting != split.greeting ||
        whole.max_message_len != split.max_message_len ||
        whole_rc != split_rc || whole_ack.processed != split_ack.processed)
        abort();
    return 0;
}
