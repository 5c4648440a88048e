extern "C" {
#include "pb/layer.h"
}

#include <google/protobuf/descriptor.pb.h>
#include <limits.h>

#include <atomic>
#include <charconv>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "pb/schema_impl.hh"

namespace pb = google::protobuf;

/* Outlives the pool that looks into it. */
struct mf_layer_under {
    struct mf_layer *layer;
    explicit mf_layer_under(struct mf_layer *layer) : layer(mf_layer_ref(layer))
    {
    }
    mf_layer_under(const mf_layer_under &) = delete;
    mf_layer_under &operator=(const mf_layer_under &) = delete;
    ~mf_layer_under()
    {
        mf_layer_unref(layer);
    }
};

struct mf_layer {
    std::atomic<unsigned> refs{1};
    mf_layer_under under;
    pb::DescriptorPool pool;
    size_t count = 0;
    explicit mf_layer(struct mf_layer *below)
        : under(below), pool(below ? &below->pool : nullptr)
    {
    }
};

struct mf_layer *mf_layer_ref(struct mf_layer *layer)
{
    if (layer)
        layer->refs.fetch_add(1, std::memory_order_relaxed);
    return layer;
}

void mf_layer_unref(struct mf_layer *layer)
{
    if (layer && layer->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete layer;
}

/* ---- Making one ---- */

namespace
{

/* What the pool has to say against a file. */
struct first_error : pb::DescriptorPool::ErrorCollector {
    std::string text;
    void AddError(const std::string &, const std::string &element,
                  const pb::Message *, ErrorLocation,
                  const std::string &message) override
    {
        if (text.empty())
            text = element + ": " + message;
    }
};

/* Checks of ranges take the square of what a message has of them. */
constexpr int64_t work_max = 4000000;

bool is_quick(int64_t members, int64_t ranges)
{
    return (members + ranges) * ranges <= work_max;
}

bool is_quick(const pb::EnumDescriptorProto &type)
{
    return is_quick(type.value_size(), type.reserved_range_size());
}

bool is_quick(const pb::DescriptorProto &type)
{
    if (!is_quick(type.field_size(),
                  type.extension_range_size() + type.reserved_range_size()))
        return false;
    for (const auto &nested : type.nested_type())
        if (!is_quick(nested))
            return false;
    for (const auto &nested : type.enum_type())
        if (!is_quick(nested))
            return false;
    return true;
}

bool is_quick(const pb::FileDescriptorProto &file)
{
    for (const auto &type : file.message_type())
        if (!is_quick(type))
            return false;
    for (const auto &type : file.enum_type())
        if (!is_quick(type))
            return false;
    return true;
}

/* Files are named by their place in the array. */
struct builder {
    struct mf_layer *layer;
    struct mf_layer_file *files;
    size_t count;
    bool is_strict;
    size_t bad;
    std::string why;
    std::unordered_map<std::string, size_t> places;
    std::vector<std::unique_ptr<pb::FileDescriptorProto>> protos;
    enum state { NEW, OPEN, DONE };
    std::vector<state> states;

    builder(struct mf_layer *layer, struct mf_layer_file *files, size_t count,
            bool is_strict)
        : layer(layer), files(files), count(count), is_strict(is_strict), bad(0)
    {
    }

    bool fail(size_t place, const std::string &text)
    {
        bad = place;
        why = text;
        return !is_strict;
    }

    bool is_known_below(const std::string &name) const
    {
        const struct mf_layer *under = layer->under.layer;
        return under && under->pool.FindFileContainingSymbol(name);
    }

    bool clashes(const pb::FileDescriptorProto &file) const
    {
        const struct mf_layer *under = layer->under.layer;
        if (under && under->pool.FindFileByName(file.name()))
            return true;
        std::string prefix = file.package().empty() ? "" : file.package() + ".";
        for (const auto &type : file.message_type())
            if (is_known_below(prefix + type.name()))
                return true;
        for (const auto &type : file.enum_type())
            if (is_known_below(prefix + type.name()))
                return true;
        for (const auto &service : file.service())
            if (is_known_below(prefix + service.name()))
                return true;
        return false;
    }

    bool parse(size_t place)
    {
        auto proto = std::make_unique<pb::FileDescriptorProto>();
        const struct mf_span &bytes = files[place].bytes;
        if (bytes.len > INT_MAX ||
            !proto->ParseFromArray(bytes.text, (int)bytes.len))
            return fail(place, "is malformed");
        if (!is_quick(*proto))
            return fail(place, "has too many reserved ranges");
        if (!is_strict && clashes(*proto))
            return true;
        protos[place] = std::move(proto);
        return true;
    }

    /* Everything that it imports has been tried. */
    bool build(size_t place)
    {
        const pb::FileDescriptorProto &proto = *protos[place];
        for (const auto &import : proto.dependency())
            if (!layer->pool.FindFileByName(import)) {
                files[place].verdict = MF_LAYER_INCOMPLETE;
                return fail(place,
                            "imports " + import + ", which is not there");
            }
        first_error first;
        const pb::FileDescriptor *file =
            layer->pool.BuildFileCollectingErrors(proto, &first);
        if (!file)
            return fail(place, first.text);
        files[place].verdict = MF_LAYER_TAKEN;
        return true;
    }

    /* The next import of the file that is still to be tried, or SIZE_MAX;
     * `at` goes on behind it. */
    size_t next_import(size_t place, int &at) const
    {
        const pb::FileDescriptorProto &proto = *protos[place];
        while (at < proto.dependency_size()) {
            auto found = places.find(proto.dependency(at++));
            if (found != places.end() && protos[found->second] &&
                states[found->second] == NEW)
                return found->second;
        }
        return SIZE_MAX;
    }

    /* Imports first; without recursion, as chains may be long. What imports
     * itself on some way finds that a file is not there. */
    bool build_with_imports(size_t first)
    {
        std::vector<std::pair<size_t, int>> open{{first, 0}};
        states[first] = OPEN;
        while (!open.empty()) {
            size_t place = open.back().first;
            size_t import = next_import(place, open.back().second);
            if (import != SIZE_MAX) {
                states[import] = OPEN;
                open.emplace_back(import, 0);
                continue;
            }
            states[place] = DONE;
            open.pop_back();
            if (!build(place))
                return false;
        }
        return true;
    }

    bool run()
    {
        protos.resize(count);
        states.resize(count, NEW);
        for (size_t i = 0; i < count; i++) {
            files[i].verdict = MF_LAYER_REFUSED;
            if (!parse(i))
                return false;
            if (protos[i])
                places.emplace(protos[i]->name(), i);
        }
        for (size_t i = 0; i < count; i++)
            if (protos[i] && states[i] == NEW && !build_with_imports(i))
                return false;
        return true;
    }
};

size_t count_messages(const pb::Descriptor *type)
{
    size_t count = 1;
    for (int i = 0; i < type->nested_type_count(); i++)
        count += count_messages(type->nested_type(i));
    return count;
}

size_t count_messages(const pb::FileDescriptor *file)
{
    size_t count = 0;
    for (int i = 0; i < file->message_type_count(); i++)
        count += count_messages(file->message_type(i));
    return count;
}

} // namespace

int mf_layer_new(struct mf_layer *under, struct mf_layer_file *files,
                 size_t count, bool is_strict, struct mf_layer **ret_layer,
                 size_t *ret_bad, struct mf_err *err)
{
    return mf_schema_guard(err, [&] {
        pb::SetLogHandler(nullptr); /* bad input is told by `err` alone */
        auto layer = std::make_unique<mf_layer>(under);
        builder builder(layer.get(), files, count, is_strict);
        if (!builder.run()) {
            const struct mf_span &name = files[builder.bad].name;
            *ret_bad = builder.bad;
            return mf_err_set(err, MF_ECORRUPT, "%.*s %s", (int)name.len,
                              name.text, builder.why.c_str());
        }
        for (size_t i = 0; i < count; i++)
            if (files[i].verdict == MF_LAYER_TAKEN)
                layer->count += count_messages(
                    layer->pool.FindFileByName(builder.protos[i]->name()));
        *ret_layer = layer.release();
        return 0;
    });
}

size_t mf_layer_count(const struct mf_layer *layer)
{
    return layer->count;
}

/* ---- Look-ups ---- */

namespace
{

std::string text_of(struct mf_span span)
{
    return std::string(span.text, span.len);
}

struct mf_span span_of(const std::string &text)
{
    return {text.data(), text.size()};
}

const pb::Descriptor *type_of(const struct mf_message_type *type)
{
    return reinterpret_cast<const pb::Descriptor *>(type);
}

const pb::EnumDescriptor *type_of(const struct mf_enum_type *type)
{
    return reinterpret_cast<const pb::EnumDescriptor *>(type);
}

const struct mf_message_type *handle_of(const pb::Descriptor *type)
{
    return reinterpret_cast<const struct mf_message_type *>(type);
}

} // namespace

bool mf_layer_has_file(const struct mf_layer *layer, struct mf_span name)
{
    bool has = false;
    mf_schema_guard(nullptr, [&] {
        has = layer->pool.FindFileByName(text_of(name)) != nullptr;
        return 0;
    });
    return has;
}

const struct mf_message_type *mf_layer_message(const struct mf_layer *layer,
                                               struct mf_span full_name)
{
    const pb::Descriptor *type = nullptr;
    mf_schema_guard(nullptr, [&] {
        type = layer->pool.FindMessageTypeByName(text_of(full_name));
        return 0;
    });
    return handle_of(type);
}

bool mf_layer_method(const struct mf_layer *layer, struct mf_span service,
                     struct mf_span method,
                     const struct mf_message_type **ret_input,
                     const struct mf_message_type **ret_output)
{
    const pb::MethodDescriptor *found = nullptr;
    mf_schema_guard(nullptr, [&] {
        found = layer->pool.FindMethodByName(text_of(service) + "." +
                                             text_of(method));
        return 0;
    });
    if (!found)
        return false;
    *ret_input = handle_of(found->input_type());
    *ret_output = handle_of(found->output_type());
    return true;
}

/* ---- Types ---- */

struct mf_span mf_message_type_name(const struct mf_message_type *type)
{
    return span_of(type_of(type)->full_name());
}

enum mf_known_type mf_message_type_known(const struct mf_message_type *type)
{
    switch (type_of(type)->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
        return MF_KNOWN_ANY;
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
        return MF_KNOWN_TIMESTAMP;
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
        return MF_KNOWN_DURATION;
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
        return MF_KNOWN_FIELD_MASK;
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT:
        return MF_KNOWN_STRUCT;
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
        return MF_KNOWN_VALUE;
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
        return MF_KNOWN_LIST;
    case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
        return MF_KNOWN_NONE;
    default:
        return MF_KNOWN_WRAPPER;
    }
}

static const pb::FieldDescriptor *find_extension(const pb::Descriptor *type,
                                                 uint32_t number)
{
    const pb::FieldDescriptor *field = nullptr;
    if (number <= INT_MAX && type->IsExtensionNumber((int)number))
        mf_schema_guard(nullptr, [&] {
            field =
                type->file()->pool()->FindExtensionByNumber(type, (int)number);
            return 0;
        });
    return field;
}

bool mf_message_type_field(const struct mf_message_type *type, uint32_t number,
                           struct mf_field_type *ret_field)
{
    const pb::Descriptor *message = type_of(type);
    const pb::FieldDescriptor *field = message->FindFieldByNumber((int)number);
    if (!field)
        field = find_extension(message, number);
    if (!field)
        return false;
    const pb::OneofDescriptor *oneof = field->real_containing_oneof();
    const pb::Descriptor *inner = field->message_type();
    ret_field->is_extension = field->is_extension();
    ret_field->name =
        span_of(field->is_extension() ? field->full_name() : field->name());
    ret_field->json_name = span_of(field->json_name());
    ret_field->number = number;
    ret_field->kind = (enum mf_field_kind)field->type();
    ret_field->is_repeated = field->is_repeated();
    ret_field->is_packed = field->is_packed();
    ret_field->is_map = field->is_map();
    ret_field->oneof = oneof ? span_of(oneof->name()) : mf_span{"", 0};
    ret_field->message = handle_of(inner);
    ret_field->enumeration =
        reinterpret_cast<const struct mf_enum_type *>(field->enum_type());
    return true;
}

struct mf_span mf_enum_type_name(const struct mf_enum_type *type)
{
    return span_of(type_of(type)->full_name());
}

struct mf_span mf_enum_type_value(const struct mf_enum_type *type,
                                  int32_t number)
{
    const pb::EnumValueDescriptor *value =
        type_of(type)->FindValueByNumber(number);
    return value ? span_of(value->name()) : mf_span{"", 0};
}

/* ---- Numbers ---- */

template <typename Number>
static size_t print_number(Number value, char text[MF_NUMBER_TEXT_CAP])
{
    return (size_t)(std::to_chars(text, text + MF_NUMBER_TEXT_CAP, value).ptr -
                    text);
}

size_t mf_print_double(double value, char text[MF_NUMBER_TEXT_CAP])
{
    return print_number(value, text);
}

size_t mf_print_float(float value, char text[MF_NUMBER_TEXT_CAP])
{
    return print_number(value, text);
}
