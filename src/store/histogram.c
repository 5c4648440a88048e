#include "store/histogram.h"

#include <stdlib.h>
#include <string.h>

#define TOP_BIT (UINT64_C(1) << 63)

enum {
    SLOTS_A_BAR = 16, /* at least, once the width has doubled */
    SLOTS_MIN = 1024,
    FIRST_SHIFT = 20, /* about a millisecond */
};

/* Times are moved to be unsigned, in the same order. */
struct mf_histogram {
    uint32_t bars;
    bool has_from, has_to;
    uint64_t from, to;
    uint64_t width;   /* of a bar, with both ends known */
    uint64_t *counts; /* of the bars of each series */
    /* Otherwise slot i counts at i modulo slot_count, a power of two. A slot
     * is the time since `from` (0: not known) in units of 1 << shift, or the
     * time left to `to`. */
    uint32_t *slots;
    uint32_t *spare; /* room for the slots of one series */
    uint64_t slot_count;
    uint64_t least, greatest; /* slots that count anything */
    unsigned shift;
    bool has_any;
};

static uint64_t from_time(int64_t ns)
{
    return (uint64_t)ns ^ TOP_BIT;
}

static int64_t to_time(uint64_t time)
{
    return (int64_t)(time ^ TOP_BIT);
}

int mf_histogram_new(uint32_t bars, int64_t from_ns, int64_t to_ns,
                     struct mf_histogram **ret_histogram)
{
    struct mf_histogram *histogram = calloc(1, sizeof *histogram);
    if (!histogram)
        return MF_ENOMEM;
    histogram->bars = bars;
    histogram->has_from = from_ns != 0;
    histogram->has_to = to_ns != 0;
    histogram->from = histogram->has_from ? from_time(from_ns) : 0;
    histogram->to = histogram->has_to ? from_time(to_ns) : UINT64_MAX;
    histogram->shift = FIRST_SHIFT;
    histogram->counts =
        calloc((size_t)bars * MF_HISTOGRAM_SERIES, sizeof *histogram->counts);
    if (histogram->has_from && histogram->has_to) {
        uint64_t span = histogram->to > histogram->from
                            ? histogram->to - histogram->from
                            : 1;
        histogram->width = (span - 1) / bars + 1;
    } else {
        histogram->slot_count = SLOTS_MIN;
        while (histogram->slot_count < (uint64_t)bars * 2 * SLOTS_A_BAR)
            histogram->slot_count *= 2;
        histogram->slots = calloc(histogram->slot_count * MF_HISTOGRAM_SERIES,
                                  sizeof *histogram->slots);
        histogram->spare =
            malloc(histogram->slot_count * sizeof *histogram->spare);
    }
    if (!histogram->counts ||
        (histogram->slot_count && (!histogram->slots || !histogram->spare))) {
        mf_histogram_free(histogram);
        return MF_ENOMEM;
    }
    *ret_histogram = histogram;
    return 0;
}

void mf_histogram_free(struct mf_histogram *histogram)
{
    if (!histogram)
        return;
    free(histogram->counts);
    free(histogram->slots);
    free(histogram->spare);
    free(histogram);
}

static size_t series_of(const struct mf_columns *columns)
{
    enum { CLASSES = 6 };
    if (columns->type != MF_FLOW_HTTP)
        return CLASSES + columns->type - MF_FLOW_DNS;
    unsigned status_class = columns->status / 100;
    return status_class < CLASSES ? status_class : 0;
}

/* Every two slots become one. */
static void widen(struct mf_histogram *histogram)
{
    uint64_t mask = histogram->slot_count - 1;
    uint64_t used = histogram->greatest - histogram->least + 1;
    for (size_t series = 0; series < MF_HISTOGRAM_SERIES; series++) {
        uint32_t *slots = histogram->slots + series * histogram->slot_count;
        size_t len = histogram->slot_count * sizeof *slots;
        memcpy(histogram->spare, slots, len);
        memset(slots, 0, len);
        for (uint64_t i = 0; i < used; i++) {
            uint64_t slot = histogram->least + i;
            slots[slot >> 1 & mask] += histogram->spare[slot & mask];
        }
    }
    histogram->least >>= 1;
    histogram->greatest >>= 1;
    histogram->shift++;
}

/* False: it is outside of the end that is known. */
static bool distance_of(const struct mf_histogram *histogram, uint64_t time,
                        uint64_t *ret_distance)
{
    if (histogram->has_to) {
        if (time >= histogram->to)
            return false;
        *ret_distance = histogram->to - 1 - time;
        return true;
    }
    if (time < histogram->from)
        return false;
    *ret_distance = time - histogram->from;
    return true;
}

static void add_to_slot(struct mf_histogram *histogram, size_t series,
                        uint64_t time)
{
    uint64_t distance;
    if (!distance_of(histogram, time, &distance))
        return;
    if (!histogram->has_any)
        histogram->least = histogram->greatest = distance >> histogram->shift;
    histogram->has_any = true;
    for (;;) {
        uint64_t slot = distance >> histogram->shift;
        uint64_t least = slot < histogram->least ? slot : histogram->least;
        uint64_t greatest =
            slot > histogram->greatest ? slot : histogram->greatest;
        if (greatest - least < histogram->slot_count) {
            histogram->least = least;
            histogram->greatest = greatest;
            histogram->slots[series * histogram->slot_count +
                             (slot & (histogram->slot_count - 1))]++;
            return;
        }
        widen(histogram);
    }
}

void mf_histogram_add(struct mf_histogram *histogram,
                      const struct mf_columns *columns)
{
    uint64_t time = from_time(columns->start_ns);
    size_t series = series_of(columns);
    if (!histogram->width)
        add_to_slot(histogram, series, time);
    else if (time >= histogram->from && time < histogram->to)
        histogram->counts[series * histogram->bars +
                          (time - histogram->from) / histogram->width]++;
}

/* ---- the end ---- */

/* The first slot that the bars show: where one end is known, that is 0. */
static uint64_t first_slot(const struct mf_histogram *histogram)
{
    return histogram->has_from || histogram->has_to ? 0 : histogram->least;
}

/* From `start` for so many bars, as far as there is time. */
static uint64_t end_of(uint64_t start, uint64_t width, uint32_t bars)
{
    return width > (UINT64_MAX - start) / bars ? UINT64_MAX
                                               : start + width * bars;
}

static void fill_bars(struct mf_histogram *histogram)
{
    uint64_t first = first_slot(histogram);
    uint64_t slots = histogram->greatest - first + 1;
    uint64_t a_bar = (slots - 1) / histogram->bars + 1;
    for (uint64_t slot = histogram->least; slot - first < slots; slot++) {
        uint64_t bar = (slot - first) / a_bar;
        if (histogram->has_to)
            bar = histogram->bars - 1 - bar;
        for (size_t series = 0; series < MF_HISTOGRAM_SERIES; series++)
            histogram->counts[series * histogram->bars + bar] +=
                histogram->slots[series * histogram->slot_count +
                                 (slot & (histogram->slot_count - 1))];
    }
    histogram->width = a_bar > UINT64_MAX >> histogram->shift
                           ? UINT64_MAX
                           : a_bar << histogram->shift;
    if (histogram->has_to) {
        uint64_t span = end_of(0, histogram->width, histogram->bars);
        histogram->from = span < histogram->to ? histogram->to - span : 0;
        return;
    }
    if (!histogram->has_from)
        histogram->from = first << histogram->shift;
    histogram->to = end_of(histogram->from, histogram->width, histogram->bars);
}

size_t mf_histogram_finish(struct mf_histogram *histogram, int64_t *ret_from_ns,
                           int64_t *ret_to_ns, struct mf_series *series)
{
    static const enum mf_flow_type types[] = {MF_FLOW_DNS, MF_FLOW_TCP,
                                              MF_FLOW_UDP};
    size_t found = 0;
    bool is_empty = !histogram->width && !histogram->has_any;
    if (!histogram->width && histogram->has_any)
        fill_bars(histogram);
    for (size_t i = 0; i < MF_HISTOGRAM_SERIES; i++) {
        const uint64_t *counts = histogram->counts + i * histogram->bars;
        uint64_t sum = 0;
        for (uint32_t bar = 0; bar < histogram->bars; bar++)
            sum += counts[bar];
        bool is_http = i < 6;
        if (sum)
            series[found++] = (struct mf_series){
                .type = is_http ? MF_FLOW_HTTP : types[i - 6],
                .status_class = is_http ? (unsigned)i : 0,
                .counts = counts,
            };
    }
    *ret_from_ns =
        is_empty && !histogram->has_from ? 0 : to_time(histogram->from);
    *ret_to_ns = is_empty && !histogram->has_to ? 0 : to_time(histogram->to);
    return found;
}
