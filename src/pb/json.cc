#include "pb/scan.hh"

extern "C" {
#include "base/utf8.h"
#include "pb/json_text.h"
}

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <limits.h>

#include <algorithm>
#include <string>

namespace pb = google::protobuf;

namespace
{

/* Writes into a mf_buf. */
class buf_stream : public pb::io::ZeroCopyOutputStream
{
    struct mf_buf *buf;
    const size_t start;

  public:
    int rc = 0; /* why Next failed */

    explicit buf_stream(struct mf_buf *buf) : buf(buf), start(buf->len)
    {
    }
    bool Next(void **data, int *size) override
    {
        enum { STEP_MIN = 512 };
        size_t room = buf->cap - buf->len;
        if (room == 0) {
            room = std::min<size_t>(STEP_MIN, buf->max - buf->len);
            rc = room ? mf_buf_reserve(buf, room) : MF_EFULL;
            if (rc)
                return false;
            room = buf->cap - buf->len;
        }
        room = std::min<size_t>(room, INT_MAX);
        *data = buf->data + buf->len;
        *size = (int)room;
        buf->len += room;
        return true;
    }
    void BackUp(int count) override
    {
        buf->len -= (size_t)count;
    }
    int64_t ByteCount() const override
    {
        return (int64_t)(buf->len - start);
    }
};

/* ---- What libprotobuf has to say ---- */

void drop(std::string &text, const std::string &what)
{
    for (size_t at; (at = text.find(what)) != std::string::npos;)
        text.erase(at, what.size());
}

/*
 * "(i32): invalid value 1.5 for type TYPE_INT32", "\n" and a part of the text
 * with a mark below; as a peer may see it.
 */
int fail(struct mf_err *err, const pb::util::Status &status)
{
    enum { TEXT_MAX_LEN = 200 };
    std::string text(status.message());
    text = text.substr(0, text.find('\n'));
    drop(text, MF_SCHEMA_URL_PREFIX "/");
    drop(text, "TYPE_");
    if (text.compare(0, 2, ": ") == 0)
        text.erase(0, 2);
    for (char &byte : text)
        if ((unsigned char)byte < 0x20 || byte == 0x7f)
            byte = '?';
    if (!mf_utf8_valid(text.data(), text.size()))
        text = "not of this type";
    if (text.size() > TEXT_MAX_LEN) {
        text.resize(mf_utf8_cut(text.data(), text.size(), TEXT_MAX_LEN));
        text += "...";
    }
    return mf_err_set(err, MF_ECORRUPT, "%s", text.c_str());
}

std::string url_of(const pb::Descriptor *type)
{
    return MF_SCHEMA_URL_PREFIX "/" + type->full_name();
}

/* ---- Both ways ---- */

int to_binary(const struct mf_schema *schema, const pb::Descriptor *type,
              const char *text, size_t len, struct mf_buf *out,
              struct mf_err *err)
{
    const size_t start = out->len;
    int rc = mf_json_text_check(text, len, err);
    if (rc)
        return rc;
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    pb::io::ArrayInputStream in(text, (int)len);
    buf_stream stream(out);
    auto status = pb::util::JsonToBinaryStream(
        schema->resolver.get(), url_of(type), &in, &stream, options);
    bool is_odd;
    if (stream.rc)
        rc = mf_err_set(err, stream.rc, "the message is too long");
    else if (!status.ok())
        rc = fail(err, status);
    else
        rc = mf_schema_scan(schema, type, out->data + start, out->len - start,
                            &is_odd, err);
    if (!rc && is_odd)
        rc = mf_err_set(err, MF_ECORRUPT, "a field is given twice");
    return rc;
}

int write_json(const struct mf_schema *schema, const pb::Descriptor *type,
               const void *data, size_t len, struct mf_buf *out,
               struct mf_err *err)
{
    pb::io::ArrayInputStream in(data, (int)len);
    buf_stream stream(out);
    auto status = pb::util::BinaryToJsonStream(schema->resolver.get(),
                                               url_of(type), &in, &stream);
    int rc = 0;
    if (stream.rc)
        rc = mf_err_set(err, stream.rc, "the JSON text is too long");
    else if (!status.ok())
        rc = fail(err, status);
    return rc;
}

/* Of map entries with the same key the last stays. */
void settle_map(pb::Message *message, const pb::FieldDescriptor *field)
{
    const pb::Reflection *reflection = message->GetReflection();
    const pb::FieldDescriptor *key = field->message_type()->map_key();
    std::unordered_map<std::string, int> places;
    const int count = reflection->FieldSize(*message, field);
    int kept = 0;
    for (int i = 0; i < count; i++) {
        std::string text;
        pb::TextFormat::PrintFieldValueToString(
            reflection->GetRepeatedMessage(*message, field, i), key, -1, &text);
        auto place = places.emplace(text, kept);
        kept += place.second;
        reflection->SwapElements(message, field, place.first->second, i);
    }
    for (int i = kept; i < count; i++)
        reflection->RemoveLast(message, field);
}

void settle(pb::Message *message)
{
    const pb::Reflection *reflection = message->GetReflection();
    std::vector<const pb::FieldDescriptor *> fields;
    reflection->ListFields(*message, &fields);
    for (const pb::FieldDescriptor *field : fields) {
        if (field->is_map())
            settle_map(message, field);
        if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE)
            continue;
        if (!field->is_repeated()) {
            settle(reflection->MutableMessage(message, field));
            continue;
        }
        const int count = reflection->FieldSize(*message, field);
        for (int i = 0; i < count; i++)
            settle(reflection->MutableRepeatedMessage(message, field, i));
    }
}

/* Each field and map key once, and nothing unknown. */
int rewrite(const pb::Descriptor *type, const uint8_t *data, size_t len,
            std::string *ret_binary, struct mf_err *err)
{
    pb::DynamicMessageFactory factory;
    std::unique_ptr<pb::Message> message(factory.GetPrototype(type)->New());
    if (!message->ParsePartialFromArray(data, (int)len))
        return mf_err_set(err, MF_ECORRUPT, "a message is malformed");
    message->DiscardUnknownFields();
    settle(message.get());
    *ret_binary = message->SerializePartialAsString();
    return 0;
}

int from_binary(const struct mf_schema *schema, const pb::Descriptor *type,
                const uint8_t *data, size_t len, struct mf_buf *out,
                struct mf_err *err)
{
    bool is_odd;
    int rc = mf_schema_scan(schema, type, data, len, &is_odd, err);
    if (rc)
        return rc;
    if (!is_odd)
        return write_json(schema, type, data, len, out, err);
    std::string again;
    rc = rewrite(type, data, len, &again, err);
    if (rc)
        return rc;
    return write_json(schema, type, again.data(), again.size(), out, err);
}

} // namespace

/* A whole conversion; after an error `out` is as before. */
template <typename Convert>
static int convert(const struct mf_schema *schema, const char *name, size_t len,
                   struct mf_buf *out, struct mf_err *err, const Convert &work)
{
    const size_t start = out->len;
    int rc = mf_schema_guard(err, [&] {
        const pb::Descriptor *type = schema->pool.FindMessageTypeByName(name);
        if (!type)
            return mf_err_set(err, MF_ENOENT, "no such message type: %.100s",
                              name);
        if (len > INT_MAX)
            return mf_err_set(err, MF_EFULL, "the message is too long");
        return work(type);
    });
    if (rc)
        out->len = start;
    return rc;
}

int mf_json_to_binary(const struct mf_schema *schema, const char *type,
                      const char *text, size_t len, struct mf_buf *out,
                      struct mf_err *err)
{
    return convert(schema, type, len, out, err, [&](auto found) {
        return to_binary(schema, found, text, len, out, err);
    });
}

int mf_json_from_binary(const struct mf_schema *schema, const char *type,
                        const uint8_t *data, size_t len, struct mf_buf *out,
                        struct mf_err *err)
{
    return convert(schema, type, len, out, err, [&](auto found) {
        return from_binary(schema, found, data, len, out, err);
    });
}
