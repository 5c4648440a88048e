/* Time, in nanoseconds. */
#ifndef MF_BASE_CLOCK_H
#define MF_BASE_CLOCK_H

#include <stdint.h>

enum { MF_NS_PER_MS = 1000000 };
#define MF_NS_PER_S INT64_C(1000000000)

/* Since the Unix epoch, UTC; may jump. */
int64_t mf_clock_wall_ns(void);

/* Since some fixed moment; never goes back. */
int64_t mf_clock_mono_ns(void);

#endif
