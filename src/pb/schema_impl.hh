/* mf_schema from inside src/pb's C++. */
#ifndef MF_PB_SCHEMA_IMPL_HH
#define MF_PB_SCHEMA_IMPL_HH

extern "C" {
#include "pb/schema.h"
}

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

/* What the name of a type follows in its URL, after a slash. */
#define MF_SCHEMA_URL_PREFIX "type.googleapis.com"

struct mf_schema {
    google::protobuf::DescriptorPool pool;
    std::vector<const google::protobuf::FileDescriptor *> files;
    std::unordered_map<const google::protobuf::FileDescriptor *, size_t>
        numbers; /* of files */
    std::unique_ptr<google::protobuf::util::TypeResolver> resolver;
};

/* The message type that a URL names by what follows its last slash, or NULL:
 * whatever comes before it, we have the one schema to look into. */
const google::protobuf::Descriptor *
mf_schema_type_of_url(const struct mf_schema *schema, const std::string &url);

/* What `work` returns, or what stands for the exception that it throws. */
template <typename Work>
int mf_schema_guard(struct mf_err *err, const Work &work) noexcept
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    } catch (...) {
        /* libprotobuf throws where it would otherwise abort. */
        return mf_err_set(err, MF_ECORRUPT, "malformed in an unforeseen way");
    }
}

#endif
