#include "service/explain.h"

#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "query/explain.h"
#include "query/operators.h"
#include "service/context.h"
#include "service/fail.h"

/* Field numbers of mitmflow.v1. */
enum {
    RESPONSE_TOKENS = 1,
    RESPONSE_WORDS = 2,
    RESPONSE_ERROR = 3,
    RESPONSE_OPERATORS = 4,
    TOKEN_KIND = 1,
    TOKEN_POSITION = 2,
    TOKEN_LENGTH = 3,
    OPERATOR_NAME = 1,
    OPERATOR_FINDS = 2,
    OPERATOR_OPERAND = 3,
};

static int put_token(const struct mf_token *token, struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, RESPONSE_TOKENS, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, TOKEN_KIND, token->kind);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, TOKEN_POSITION, token->position);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, TOKEN_LENGTH, token->len);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_error(const struct mf_filter_fault *fault, struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, RESPONSE_ERROR, &mark);
    if (!rc)
        rc = mf_fail_put_filter_error(fault, out);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_operator(const struct mf_operator *op, struct mf_buf *out)
{
    static const enum mf_token_kind operands[] = {
        [MF_OPERAND_PATTERN] = MF_TOKEN_REGEX,
        [MF_OPERAND_VALUE] = MF_TOKEN_VALUE,
        [MF_OPERAND_TEXT] = MF_TOKEN_WORD,
    };
    char name[32] = "~";
    size_t mark;
    strncat(name, op->name, sizeof name - 2);
    int rc = mf_wire_begin(out, RESPONSE_OPERATORS, &mark);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, OPERATOR_NAME, name, strlen(name));
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, OPERATOR_FINDS, op->says,
                                   strlen(op->says));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, OPERATOR_OPERAND,
                                    operands[op->operand]);
    return rc ? rc : mf_wire_end(out, mark);
}

static int put_answer(const struct mf_explanation *explanation,
                      bool with_operators, struct mf_buf *out)
{
    const struct mf_token *tokens =
        (const struct mf_token *)(void *)explanation->tokens.data;
    const struct mf_operator *op;
    int rc = 0;
    for (size_t i = 0; !rc && i < explanation->tokens.len / sizeof *tokens; i++)
        rc = put_token(&tokens[i], out);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, RESPONSE_WORDS, explanation->words.data,
                                   explanation->words.len);
    if (!rc && explanation->fault.text[0])
        rc = put_error(&explanation->fault, out);
    for (size_t i = 0; !rc && with_operators && (op = mf_operator_at(i)); i++)
        rc = put_operator(op, out);
    return rc;
}

static void explain(struct mf_call *call,
                    const Mitmflow__V1__ExplainFilterRequest *request)
{
    struct mf_explanation explanation;
    struct mf_buf answer;
    mf_buf_init(&answer, SIZE_MAX); /* the expression's length bounds it */
    int rc = mf_filter_explain(request->expression, strlen(request->expression),
                               &explanation);
    if (!rc) {
        rc = put_answer(&explanation, request->with_operators, &answer);
        mf_explanation_release(&explanation);
    }
    mf_fail_or_send(call, rc, &answer);
}

static void on_explain_filter(struct mf_call *call, void *user,
                              const uint8_t *message, size_t len)
{
    (void)user;
    Mitmflow__V1__ExplainFilterRequest *request =
        mitmflow__v1__explain_filter_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    explain(call, request);
    mitmflow__v1__explain_filter_request__free_unpacked(request, NULL);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_explain_methods[] = {
    {
        .path = "/" SERVICE "Service/ExplainFilter",
        .input = SERVICE "ExplainFilterRequest",
        .output = SERVICE "ExplainFilterResponse",
        .kind = MF_METHOD_UNARY,
        .no_side_effects = true,
        .ops = {.on_message = on_explain_filter},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_explain_method_count =
    sizeof mf_explain_methods / sizeof *mf_explain_methods;
