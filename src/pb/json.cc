#include "pb/schema_impl.hh"

#include <google/protobuf/util/json_util.h>

#include <string>

namespace pb = google::protobuf;

static int fail(struct mf_err *err, const pb::util::Status &status)
{
    std::string text(status.message());
    int code = status.code() == pb::util::status_internal::StatusCode::kNotFound
                   ? MF_ENOENT
                   : MF_ECORRUPT;
    return mf_err_set(err, code, "%s", text.c_str());
}

int mf_json_to_binary(const struct mf_schema *schema, const char *type,
                      const char *text, size_t len, struct mf_buf *out,
                      struct mf_err *err)
try {
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    std::string binary;
    auto status = pb::util::JsonToBinaryString(
        schema->resolver.get(), std::string(MF_SCHEMA_URL_PREFIX "/") + type,
        std::string(text, len), &binary, options);
    if (!status.ok())
        return fail(err, status);
    return mf_buf_append(out, binary.data(), binary.size());
} catch (const std::bad_alloc &) {
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

int mf_json_from_binary(const struct mf_schema *schema, const char *type,
                        const uint8_t *data, size_t len, struct mf_buf *out,
                        struct mf_err *err)
try {
    std::string text;
    auto status = pb::util::BinaryToJsonString(
        schema->resolver.get(), std::string(MF_SCHEMA_URL_PREFIX "/") + type,
        std::string(reinterpret_cast<const char *>(data), len), &text);
    if (!status.ok())
        return fail(err, status);
    return mf_buf_append(out, text.data(), text.size());
} catch (const std::bad_alloc &) {
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}
