#include "handshake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

enum { PREFIX_LEN = 4, REQUEST_MAX_LEN = 1 << 20 };

static int read_all(int fd, uint8_t *data, size_t len, struct mf_err *err)
{
    while (len > 0) {
        ssize_t got = read(fd, data, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mf_err_set(err, MF_EIO, "stdin: %s", strerror(errno));
        if (got == 0)
            return mf_err_set(err, MF_ETRUNC, "stdin ends too early");
        data += got;
        len -= (size_t)got;
    }
    return 0;
}

static int write_all(int fd, const uint8_t *data, size_t len,
                     struct mf_err *err)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return mf_err_set(err, MF_EIO, "stdout: %s", strerror(errno));
        data += put;
        len -= (size_t)put;
    }
    return 0;
}

int handshake_read(int fd, compat_request **ret_request, struct mf_err *err)
{
    uint8_t prefix[PREFIX_LEN];
    int rc = read_all(fd, prefix, sizeof prefix, err);
    if (rc)
        return rc;
    size_t len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 |
                 (size_t)prefix[2] << 8 | prefix[3];
    if (len > REQUEST_MAX_LEN)
        return mf_err_set(err, MF_ECORRUPT, "stdin: a request of %zu bytes",
                          len);
    uint8_t *data = malloc(len + 1);
    if (!data)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    rc = read_all(fd, data, len, err);
    if (!rc) {
        ProtobufCMessage *message =
            protobuf_c_message_unpack(&COMPAT_REQUEST, NULL, len, data);
        if (message)
            *ret_request = (compat_request *)message;
        else
            rc = mf_err_set(err, MF_ECORRUPT,
                            "stdin: not a ServerCompatRequest");
    }
    free(data);
    return rc;
}

void handshake_request_free(compat_request *request)
{
    if (request)
        protobuf_c_message_free_unpacked(&request->base, NULL);
}

int handshake_write(int fd, const compat_response *response, struct mf_err *err)
{
    size_t len = protobuf_c_message_get_packed_size(&response->base);
    uint8_t *data = malloc(PREFIX_LEN + len);
    if (!data)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    for (int i = 0; i < PREFIX_LEN; i++)
        data[i] = (uint8_t)(len >> (8 * (PREFIX_LEN - 1 - i)));
    protobuf_c_message_pack(&response->base, data + PREFIX_LEN);
    int rc = write_all(fd, data, PREFIX_LEN + len, err);
    free(data);
    return rc;
}
