#include <stddef.h>
#include <stdint.h>

extern "C" {
#include "pb/json.h"
}

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>
#include <new>
#include <string>

extern "C" const unsigned char mf_pb_descriptors[];
extern "C" const size_t mf_pb_descriptors_len;

namespace pb = google::protobuf;

static const char url_prefix[] = "type.googleapis.com";

struct mf_json {
    pb::DescriptorPool pool;
    std::unique_ptr<pb::util::TypeResolver> resolver;
};

static bool load(struct mf_json *json)
{
    pb::FileDescriptorSet set;
    if (!set.ParseFromArray(mf_pb_descriptors, (int)mf_pb_descriptors_len))
        return false;
    for (const auto &file : set.file())
        if (!json->pool.BuildFile(file))
            return false;
    json->resolver.reset(
        pb::util::NewTypeResolverForDescriptorPool(url_prefix, &json->pool));
    return true;
}

struct mf_json *mf_json_new(void)
try {
    auto json = std::make_unique<mf_json>();
    return load(json.get()) ? json.release() : nullptr;
} catch (const std::bad_alloc &) {
    return nullptr;
}

void mf_json_free(struct mf_json *json)
{
    delete json;
}

static int fail(struct mf_err *err, const pb::util::Status &status)
{
    std::string text(status.message());
    int code = status.code() == pb::util::status_internal::StatusCode::kNotFound
                   ? MF_ENOENT
                   : MF_ECORRUPT;
    return mf_err_set(err, code, "%s", text.c_str());
}

int mf_json_to_binary(const struct mf_json *json, const char *type,
                      const char *text, size_t len, struct mf_buf *out,
                      struct mf_err *err)
try {
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    std::string binary;
    auto status = pb::util::JsonToBinaryString(
        json->resolver.get(), std::string(url_prefix) + "/" + type,
        std::string(text, len), &binary, options);
    if (!status.ok())
        return fail(err, status);
    return mf_buf_append(out, binary.data(), binary.size());
} catch (const std::bad_alloc &) {
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

int mf_json_from_binary(const struct mf_json *json, const char *type,
                        const uint8_t *data, size_t len, struct mf_buf *out,
                        struct mf_err *err)
try {
    std::string text;
    auto status = pb::util::BinaryToJsonString(
        json->resolver.get(), std::string(url_prefix) + "/" + type,
        std::string(reinterpret_cast<const char *>(data), len), &text);
    if (!status.ok())
        return fail(err, status);
    return mf_buf_append(out, text.data(), text.size());
} catch (const std::bad_alloc &) {
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}
