#include <limits.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include "pb/schema.h"
}

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>
#include <new>
#include <string>

namespace pb = google::protobuf;

static const char url_prefix[] = "type.googleapis.com";

struct mf_schema {
    pb::DescriptorPool pool;
    std::unique_ptr<pb::util::TypeResolver> resolver;
};

/* What the pool has to say against a file. */
struct mf_first_error : pb::DescriptorPool::ErrorCollector {
    std::string text;
    void AddError(const std::string &file, const std::string &element,
                  const pb::Message *, ErrorLocation,
                  const std::string &message) override
    {
        if (text.empty())
            text = file + ": " + element + ": " + message;
    }
};

static int load(struct mf_schema *schema, const void *data, size_t len,
                struct mf_err *err)
{
    pb::FileDescriptorSet set;
    if (len > INT_MAX || !set.ParseFromArray(data, (int)len))
        return mf_err_set(err, MF_ECORRUPT, "not a FileDescriptorSet");
    mf_first_error first;
    for (const auto &file : set.file())
        if (!schema->pool.BuildFileCollectingErrors(file, &first))
            return mf_err_set(err, MF_ECORRUPT, "%s", first.text.c_str());
    schema->resolver.reset(
        pb::util::NewTypeResolverForDescriptorPool(url_prefix, &schema->pool));
    return 0;
}

int mf_schema_new(const void *set, size_t len, struct mf_schema **ret_schema,
                  struct mf_err *err)
try {
    auto schema = std::make_unique<mf_schema>();
    int rc = load(schema.get(), set, len, err);
    if (rc == 0)
        *ret_schema = schema.release();
    return rc;
} catch (const std::bad_alloc &) {
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}

void mf_schema_free(struct mf_schema *schema)
{
    delete schema;
}

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
        schema->resolver.get(), std::string(url_prefix) + "/" + type,
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
        schema->resolver.get(), std::string(url_prefix) + "/" + type,
        std::string(reinterpret_cast<const char *>(data), len), &text);
    if (!status.ok())
        return fail(err, status);
    return mf_buf_append(out, text.data(), text.size());
} catch (const std::bad_alloc &) {
    return mf_err_set(err, MF_ENOMEM, "out of memory");
}
