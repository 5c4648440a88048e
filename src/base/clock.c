#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * MF_NS_PER_S + now.tv_nsec;
}

int64_t mf_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t mf_clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
