/* What benches of decoders measure with. */
#ifndef MF_BENCH_DECODE_MEASURE_H
#define MF_BENCH_DECODE_MEASURE_H

#include <stdlib.h>
#include <time.h>

/* Libraries and decoders run in turns, so that all see the same machine;
 * ratios are of one turn, what is printed is the median. */
enum { TURNS = 5 };

static inline double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline int by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static inline double median(double values[TURNS])
{
    qsort(values, TURNS, sizeof *values, by_value);
    return values[TURNS / 2];
}

#endif
