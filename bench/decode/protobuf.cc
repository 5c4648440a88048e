/*
 * Protobuf as nodes, by descriptor and by its looks, beside libprotobuf alone
 * parsing the same bytes: by descriptor into a dynamic message, without one
 * into unknown fields, trying for each byte string whether it is a message.
 * CPU time of this thread: ratios within one run hold on another machine,
 * figures alone do not.
 *
 * usage: bench-decode-protobuf [SECONDS-EACH]
 */
extern "C" {
#include "decode/protobuf.h"
#include "decode/types.h"
#include "pb/schema.h"
#include "shapes.h"
}

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/unknown_field_set.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

namespace pb = google::protobuf;

namespace
{

double seconds_each = 1;

double cpu_s()
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench-decode-protobuf: %s\n", what);
    exit(1);
}

/* MB/s of what `work` reads of `len` bytes. */
double rate(size_t len, const std::function<void()> &work)
{
    size_t runs = 0;
    double start = cpu_s(), now;
    do {
        work();
        runs++;
        now = cpu_s();
    } while (now - start < seconds_each);
    return (double)len * (double)runs / (now - start) / 1e6;
}

/* In turns, so that both see the same machine. */
void row(const char *name, size_t len, const std::function<void()> &library,
         const std::function<void()> &ours)
{
    double theirs_best = 0, ours_best = 0;
    for (int i = 0; i < 3; i++) {
        double theirs = rate(len, library), own = rate(len, ours);
        theirs_best = theirs > theirs_best ? theirs : theirs_best;
        ours_best = own > ours_best ? own : ours_best;
    }
    printf("%-36s %10zu %10.1f %10.1f %8.2f\n", name, len, theirs_best,
           ours_best, ours_best / theirs_best);
}

int count_node(void *user, unsigned depth, const struct mf_node *node)
{
    (void)depth;
    (void)node;
    ++*(size_t *)user;
    return 0;
}

void decode(const struct mf_typeset *types, const struct mf_message_type *type,
            const std::string &data)
{
    struct mf_view view;
    size_t count = 0;
    const uint8_t *bytes = (const uint8_t *)data.data();
    struct mf_protobuf proto = {&view, types, bytes, 0};
    mf_view_init(&view, SIZE_MAX, count_node, &count);
    require(mf_protobuf_put(&proto, type, bytes, data.size()) == 0 && count,
            "a message was not read");
}

void parse_unknown(const char *data, int len, int depth)
{
    pb::UnknownFieldSet fields;
    if (!fields.ParseFromArray(data, len) || depth == 0)
        return;
    for (int i = 0; i < fields.field_count(); i++) {
        const pb::UnknownField &field = fields.field(i);
        if (field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED)
            continue;
        const std::string &value = field.length_delimited();
        parse_unknown(value.data(), (int)value.size(), depth - 1);
    }
}

struct known {
    struct mf_types *types;
    struct mf_typeset *set;
    pb::DescriptorPool pool;
    std::unique_ptr<pb::DynamicMessageFactory> factory;

    known()
    {
        pb::FileDescriptorSet files;
        require(mf_types_new(&types) == 0, "out of memory");
        require(files.ParseFromArray(mf_test_shapes, (int)mf_test_shapes_len),
                "no shapes");
        for (const auto &file : files.file())
            pool.BuildFile(file);
        std::string answer(1, 4 << 3 | 2);
        for (size_t len = mf_test_shapes_len;; len >>= 7) {
            answer.push_back((char)(len < 128 ? len : (len & 127) | 128));
            if (len < 128)
                break;
        }
        answer.append((const char *)mf_test_shapes, mf_test_shapes_len);
        require(mf_types_learn(types, 1, (const uint8_t *)answer.data(),
                               answer.size()),
                "no shapes");
        set = mf_types_now(types);
        factory = std::make_unique<pb::DynamicMessageFactory>(&pool);
    }
    ~known()
    {
        mf_typeset_unref(set);
        mf_types_free(types);
    }
    std::unique_ptr<pb::Message> make(const char *type)
    {
        const pb::Descriptor *found = pool.FindMessageTypeByName(type);
        require(found, "no such type");
        return std::unique_ptr<pb::Message>(
            factory->GetPrototype(found)->New());
    }
};

void bench(known &known, const char *name, const pb::Message &message)
{
    std::string data = message.SerializeAsString();
    std::string title = name;
    const std::string &type = message.GetTypeName();
    const struct mf_message_type *ours =
        mf_typeset_message(known.set, mf_span{type.data(), type.size()});
    require(ours, "the type is not known");
    row((title + ", by descriptor").c_str(), data.size(),
        [&] {
            std::unique_ptr<pb::Message> parsed(message.New());
            require(parsed->ParseFromString(data), "libprotobuf");
        },
        [&] { decode(known.set, ours, data); });
    row((title + ", raw").c_str(), data.size(),
        [&] { parse_unknown(data.data(), (int)data.size(), 60); },
        [&] { decode(known.set, nullptr, data); });
}

/* One of every kind of field, many times. */
std::unique_ptr<pb::Message> make_mixed(known &known)
{
    auto root = known.make("shapes.All");
    const char *item =
        "i32: -5 i64: 1795602030123 u32: 70000 s64: -12345678 f32: 77 f64: 99 "
        "f: 1.5 d: 12.25 b: true s: \"an item that costs something\" "
        "by: \"\\001\\002\\377\" e: LEFT m { n: 7 s: \"inner\" } "
        "ri: [1, 2, 3, 400, 50000] rs: \"red\" rs: \"green\" "
        "msi { key: \"one\" value: 1 } msi { key: \"two\" value: 2 } "
        "os: \"choice\" ts { seconds: 1795602030 nanos: 500000000 } "
        "ws { value: \"wrapped\" } ";
    std::string text;
    for (int i = 0; i < 500; i++)
        text += std::string("mrec { key: \"") + std::to_string(i) +
                "\" value { " + item + " } } ";
    require(pb::TextFormat::ParseFromString(text, root.get()), "bad text");
    return root;
}

std::unique_ptr<pb::Message> make_numbers(known &known)
{
    auto root = known.make("shapes.All");
    std::string text;
    for (int i = 0; i < 20000; i++)
        text += "rm { n: " + std::to_string(i * 7919) + " } ";
    require(pb::TextFormat::ParseFromString(text, root.get()), "bad text");
    return root;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc > 1)
        seconds_each = atof(argv[1]);
    known known;
    pb::FileDescriptorSet files;
    require(files.ParseFromArray(mf_pb_descriptors, (int)mf_pb_descriptors_len),
            "no descriptors");
    printf("%-36s %10s %10s %10s %8s\n", "", "bytes", "libprotobuf", "here",
           "ratio");
    /* As a dynamic message: the library's own class knows its fields. */
    pb::DynamicMessageFactory factory;
    std::unique_ptr<pb::Message> set(
        factory.GetPrototype(files.GetDescriptor())->New());
    require(set->ParseFromString(files.SerializeAsString()), "descriptors");
    bench(known, "descriptors", *set);
    bench(known, "items of every kind", *make_mixed(known));
    bench(known, "small messages", *make_numbers(known));
    return 0;
}
