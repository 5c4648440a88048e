#include "client/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_MAX_LEN = 64 << 20,
    CONNECT_TIMEOUT_S = 10,
    REFUSAL_MAX_LEN = 200, /* of an answer that is no Connect stream */
};

struct mf_client {
    const struct mf_client_opts *opts;
    CURL *curl;
    struct curl_slist *headers;
    char curl_error[CURL_ERROR_SIZE];
    struct mf_reply reply;
    /* Of the call that runs: */
    const struct mf_client_call *call;
    struct mf_err *err;
    int rc;          /* what reading its answer came to */
    bool is_stopped; /* by on_message */
    struct mf_buf refusal;
};

/* ---- A client ---- */

static const char unix_prefix[] = "unix:";

static bool is_unix(const char *server)
{
    return strncmp(server, unix_prefix, strlen(unix_prefix)) == 0;
}

static bool is_url(const char *server)
{
    CURLU *url = curl_url();
    char *scheme = NULL;
    bool is_good =
        url && curl_url_set(url, CURLUPART_URL, server, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(url);
    return is_good;
}

/* Those of every call, and `more` unless NULL. */
static int add_headers(struct curl_slist **headers, const char *more)
{
    static const char *const lines[] = {
        "Content-Type: application/connect+proto",
        "Connect-Protocol-Version: 1", "Accept-Encoding: identity",
        "Expect:", /* curl's own would cost a round trip */
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct curl_slist *longer = curl_slist_append(*headers, lines[i]);
        if (!longer)
            return MF_ENOMEM;
        *headers = longer;
    }
    return more && !curl_slist_append(*headers, more) ? MF_ENOMEM : 0;
}

static size_t on_data(char *data, size_t size, size_t count, void *user);

static void set_up(struct mf_client *client)
{
    const struct mf_client_opts *opts = client->opts;
    CURL *curl = client->curl;
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->curl_error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mitmflow/" MF_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    /* A proxy of the environment is often the very mitmproxy whose flows
     * are asked for. */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    if (opts->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, opts->ca_file);
    if (opts->cert_file) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, opts->cert_file);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, opts->key_file);
    }
    if (is_unix(opts->server))
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
                         opts->server + strlen(unix_prefix));
}

int mf_client_new(const struct mf_client_opts *opts,
                  struct mf_client **ret_client, struct mf_err *err)
{
    bool is_good = is_unix(opts->server)
                       ? opts->server[strlen(unix_prefix)] != '\0'
                       : is_url(opts->server);
    if (!is_good)
        return mf_err_set(err, MF_EINVAL,
                          "\"%.100s\" is no server: say http://HOST:PORT, "
                          "https://HOST:PORT or unix:PATH",
                          opts->server);
    struct mf_client *client = calloc(1, sizeof *client);
    if (!client)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    client->opts = opts;
    mf_reply_init(&client->reply, opts->schema, MESSAGE_MAX_LEN);
    mf_buf_init(&client->refusal, REFUSAL_MAX_LEN);
    client->curl = curl_easy_init();
    if (!client->curl) {
        mf_client_free(client);
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    set_up(client);
    *ret_client = client;
    return 0;
}

void mf_client_free(struct mf_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    mf_reply_release(&client->reply);
    mf_buf_release(&client->refusal);
    free(client);
}

/* ---- What comes back ---- */

static bool is_connect_stream(CURL *curl)
{
    long status = 0;
    char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    return status == 200 && type &&
           strcmp(type, "application/connect+proto") == 0;
}

static int read_messages(struct mf_client *client, const uint8_t *data,
                         size_t len)
{
    struct mf_envelope_message message;
    int rc;
    while ((rc = mf_reply_next(&client->reply, &data, &len, &message,
                               client->err)) == 1) {
        const struct mf_client_call *call = client->call;
        if (!call->on_message(call->user, message.data, message.len)) {
            client->is_stopped = true;
            return MF_ECLOSED;
        }
    }
    return rc;
}

/* curl's: less than everything taken ends the transfer. */
static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    struct mf_client *client = user;
    size_t len = size * count;
    if (is_connect_stream(client->curl)) {
        client->rc = read_messages(client, (const uint8_t *)data, len);
        return client->rc ? 0 : len;
    }
    size_t room = REFUSAL_MAX_LEN - client->refusal.len;
    if (mf_buf_append(&client->refusal, data, len < room ? len : room))
        return 0;
    return len;
}

/* ---- A call ---- */

static int prepare(struct mf_client *client, const struct mf_client_call *call,
                   struct mf_buf *body, struct mf_buf *url)
{
    const char *server = client->opts->server;
    uint8_t prefix[MF_ENVELOPE_PREFIX_LEN];
    size_t server_len = strlen(server);
    while (server_len && server[server_len - 1] == '/')
        server_len--;
    if (is_unix(server)) {
        server = "http://localhost";
        server_len = strlen(server);
    }
    mf_envelope_prefix(0, (uint32_t)call->request_len, prefix);
    curl_slist_free_all(client->headers);
    client->headers = NULL;
    int rc = add_headers(&client->headers, call->header);
    if (!rc && !call->is_framed)
        rc = mf_buf_append(body, prefix, sizeof prefix);
    if (!rc && !call->is_framed)
        rc = mf_buf_append(body, call->request, call->request_len);
    if (!rc)
        rc = mf_buf_append(url, server, server_len);
    if (!rc)
        rc = mf_buf_append(url, call->path, strlen(call->path) + 1);
    return rc;
}

/* A proxy, or something that is no mitmflow at all, answered. */
static enum mf_client_end no_connect_stream(struct mf_client *client)
{
    const struct mf_buf *said = &client->refusal;
    long status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    size_t len = 0;
    while (len < said->len && said->data[len] >= ' ')
        len++;
    mf_err_set(client->err, MF_EUNSUPPORTED, "%.100s answered %ld%s%.*s",
               client->opts->server, status, len ? ": " : "", (int)len,
               len ? (const char *)said->data : "");
    return status == 502 || status == 503 || status == 504 ? MF_CLIENT_LOST
                                                           : MF_CLIENT_FAILED;
}

static enum mf_client_end refused(struct mf_client *client,
                                  const Connectrpc__Error *error)
{
    mf_err_set(client->err, MF_EUNSUPPORTED, "%s (%s)",
               error->message[0] ? error->message : "the server refused",
               error->code);
    return strcmp(error->code, "unavailable") == 0 ? MF_CLIENT_LOST
                                                   : MF_CLIENT_REFUSED;
}

static enum mf_client_end judge(struct mf_client *client, CURLcode code)
{
    const char *server = client->opts->server;
    const char *why =
        client->curl_error[0] ? client->curl_error : curl_easy_strerror(code);
    const Connectrpc__Error *error = mf_reply_error(&client->reply);
    if (client->is_stopped)
        return MF_CLIENT_DONE;
    if (client->rc)
        return MF_CLIENT_FAILED; /* told already */
    if (error)
        return refused(client, error);
    if (client->reply.has_ended)
        return MF_CLIENT_DONE;
    switch (code) {
    case CURLE_OK:
        if (!is_connect_stream(client->curl))
            return no_connect_stream(client);
        mf_err_set(client->err, MF_ETRUNC, "%.100s ended its answer too early",
                   server);
        return MF_CLIENT_LOST;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        mf_err_set(client->err, MF_EIO, "cannot ask %.100s: %.120s", server,
                   why);
        return MF_CLIENT_LOST;
    default:
        mf_err_set(client->err, MF_EIO, "cannot ask %.100s: %.120s", server,
                   why);
        return MF_CLIENT_FAILED;
    }
}

enum mf_client_end mf_client_call(struct mf_client *client,
                                  const struct mf_client_call *call,
                                  struct mf_err *err)
{
    enum mf_client_end end = MF_CLIENT_FAILED;
    struct mf_buf body, url;
    mf_buf_init(&body, call->request_len + MF_ENVELOPE_PREFIX_LEN);
    mf_buf_init(&url, 8192);
    client->call = call;
    client->err = err;
    client->rc = 0;
    client->is_stopped = false;
    client->curl_error[0] = '\0';
    mf_buf_clear(&client->refusal);
    mf_reply_release(&client->reply);
    mf_reply_init(&client->reply, client->opts->schema, MESSAGE_MAX_LEN);
    int rc = prepare(client, call, &body, &url);
    if (rc) {
        mf_err_set(err, rc, "the request is too long");
        goto out;
    }
    CURL *curl = client->curl;
    const void *data = call->is_framed ? call->request : body.data;
    size_t len = call->is_framed ? call->request_len : body.len;
    curl_easy_setopt(curl, CURLOPT_URL, (const char *)url.data);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)data);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, call->silence_s ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)call->silence_s);
    end = judge(client, curl_easy_perform(curl));
out:
    mf_buf_release(&body);
    mf_buf_release(&url);
    return end;
}

const Connectrpc__Error *mf_client_error(const struct mf_client *client)
{
    return mf_reply_error(&client->reply);
}
