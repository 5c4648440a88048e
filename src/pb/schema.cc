#include "pb/schema_impl.hh"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <limits.h>

#include <string>

namespace pb = google::protobuf;

/* ---- Load ---- */

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

const pb::Descriptor *mf_schema_type_of_url(const struct mf_schema *schema,
                                            const std::string &url)
{
    size_t slash = url.rfind('/');
    return slash == std::string::npos
               ? nullptr
               : schema->pool.FindMessageTypeByName(url.substr(slash + 1));
}

/* libprotobuf's own takes the one prefix alone. */
class mf_any_prefix : public pb::util::TypeResolver
{
    const struct mf_schema *schema;
    std::unique_ptr<pb::util::TypeResolver> resolver;

  public:
    explicit mf_any_prefix(const struct mf_schema *schema)
        : schema(schema), resolver(pb::util::NewTypeResolverForDescriptorPool(
                              MF_SCHEMA_URL_PREFIX, &schema->pool))
    {
    }
    pb::util::Status ResolveMessageType(const std::string &url,
                                        pb::Type *ret_type) override
    {
        const pb::Descriptor *type = mf_schema_type_of_url(schema, url);
        return resolver->ResolveMessageType(
            type ? MF_SCHEMA_URL_PREFIX "/" + type->full_name() : url,
            ret_type);
    }
    pb::util::Status ResolveEnumType(const std::string &url,
                                     pb::Enum *ret_type) override
    {
        return resolver->ResolveEnumType(url, ret_type);
    }
};

static int load(struct mf_schema *schema, const void *data, size_t len,
                struct mf_err *err)
{
    pb::FileDescriptorSet set;
    if (len > INT_MAX || !set.ParseFromArray(data, (int)len))
        return mf_err_set(err, MF_ECORRUPT, "not a FileDescriptorSet");
    mf_first_error first;
    for (const auto &proto : set.file()) {
        const pb::FileDescriptor *file =
            schema->pool.BuildFileCollectingErrors(proto, &first);
        if (!file)
            return mf_err_set(err, MF_ECORRUPT, "%s", first.text.c_str());
        /* The same file may come twice. */
        if (schema->numbers.emplace(file, schema->files.size()).second)
            schema->files.push_back(file);
    }
    schema->resolver = std::make_unique<mf_any_prefix>(schema);
    return 0;
}

int mf_schema_new(const void *set, size_t len, struct mf_schema **ret_schema,
                  struct mf_err *err)
{
    return mf_schema_guard(err, [&] {
        pb::SetLogHandler(nullptr); /* bad input is told by `err` alone */
        auto schema = std::make_unique<mf_schema>();
        int rc = load(schema.get(), set, len, err);
        if (rc == 0)
            *ret_schema = schema.release();
        return rc;
    });
}

void mf_schema_free(struct mf_schema *schema)
{
    delete schema;
}

/* ---- Files ---- */

size_t mf_schema_file_count(const struct mf_schema *schema)
{
    return schema->files.size();
}

size_t mf_schema_import_count(const struct mf_schema *schema, size_t file)
{
    return (size_t)schema->files[file]->dependency_count();
}

size_t mf_schema_import_at(const struct mf_schema *schema, size_t file,
                           size_t index)
{
    return schema->numbers.at(schema->files[file]->dependency((int)index));
}

int mf_schema_file_encode(const struct mf_schema *schema, size_t file,
                          struct mf_buf *out)
{
    return mf_schema_guard(nullptr, [&] {
        pb::FileDescriptorProto proto;
        schema->files[file]->CopyTo(&proto);
        schema->files[file]->CopyJsonNameTo(&proto);
        size_t len = proto.ByteSizeLong();
        int rc = mf_buf_reserve(out, len);
        if (rc)
            return rc;
        proto.SerializeWithCachedSizesToArray(out->data + out->len);
        out->len += len;
        return 0;
    });
}

/* ---- Look-ups ---- */

static int tell_file(const struct mf_schema *schema,
                     const pb::FileDescriptor *file, size_t *ret_file)
{
    if (!file)
        return MF_ENOENT;
    *ret_file = schema->numbers.at(file);
    return 0;
}

int mf_schema_find_file(const struct mf_schema *schema, const char *name,
                        size_t len, size_t *ret_file)
{
    return mf_schema_guard(nullptr, [&] {
        return tell_file(schema,
                         schema->pool.FindFileByName(std::string(name, len)),
                         ret_file);
    });
}

/* Packages are symbols to libprotobuf, of whichever file came first. */
static bool is_package(const pb::FileDescriptor *file,
                       const std::string &symbol)
{
    const std::string &package = file->package();
    return package.compare(0, symbol.size(), symbol) == 0 &&
           (package.size() == symbol.size() || package[symbol.size()] == '.');
}

int mf_schema_find_symbol(const struct mf_schema *schema, const char *symbol,
                          size_t len, size_t *ret_file)
{
    return mf_schema_guard(nullptr, [&] {
        std::string name(symbol, len);
        const pb::FileDescriptor *file =
            schema->pool.FindFileContainingSymbol(name);
        if (file && is_package(file, name))
            file = nullptr;
        return tell_file(schema, file, ret_file);
    });
}

int mf_schema_find_extension(const struct mf_schema *schema, const char *type,
                             size_t len, int32_t number, size_t *ret_file)
{
    return mf_schema_guard(nullptr, [&] {
        const pb::Descriptor *message =
            schema->pool.FindMessageTypeByName(std::string(type, len));
        const pb::FieldDescriptor *extension =
            message ? schema->pool.FindExtensionByNumber(message, number)
                    : nullptr;
        return tell_file(schema, extension ? extension->file() : nullptr,
                         ret_file);
    });
}

int mf_schema_extensions(const struct mf_schema *schema, const char *type,
                         size_t len, struct mf_buf *out)
{
    return mf_schema_guard(nullptr, [&] {
        const pb::Descriptor *message =
            schema->pool.FindMessageTypeByName(std::string(type, len));
        if (!message)
            return (int)MF_ENOENT;
        std::vector<const pb::FieldDescriptor *> extensions;
        schema->pool.FindAllExtensions(message, &extensions);
        int rc = 0;
        for (const pb::FieldDescriptor *extension : extensions) {
            int32_t number = extension->number();
            if (!rc)
                rc = mf_buf_append(out, &number, sizeof number);
        }
        return rc;
    });
}
