#include "store/age.h"

#include <string.h>

#include "base/clock.h"

/* Less is a clock being kept right, not set. */
static const int64_t jump_ns = 60 * MF_NS_PER_S;
static const int64_t long_pause_ns = 24 * 3600 * MF_NS_PER_S;
static const int64_t patience_ns = 3600 * MF_NS_PER_S;

/* Wall clocks may say anything. */
static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

static int64_t subtract(int64_t a, int64_t b)
{
    return b == INT64_MIN ? INT64_MAX : add(a, -b);
}

/* The two oldest become one when there are too many. */
static void add_jump(struct mf_age *age, uint64_t number, int64_t by_ns)
{
    if (age->jump_count == MF_AGE_JUMPS_MAX) {
        int64_t first_ns = age->jumps[0].by_ns;
        memmove(age->jumps, age->jumps + 1,
                (MF_AGE_JUMPS_MAX - 1) * sizeof *age->jumps);
        age->jumps[0].by_ns = add(age->jumps[0].by_ns, first_ns);
        age->jump_count--;
    }
    age->jumps[age->jump_count++] = (struct mf_age_jump){number, by_ns};
}

void mf_age_init(struct mf_age *age, int64_t wall_ns, int64_t boot_ns,
                 uint64_t last_number, int64_t newest_ns)
{
    *age = (struct mf_age){
        .wall_ns = wall_ns, .boot_ns = boot_ns, .patient_until_ns = boot_ns};
    int64_t pause_ns = newest_ns ? subtract(wall_ns, newest_ns) : 0;
    if (pause_ns < 0)
        add_jump(age, last_number, pause_ns);
    else if (pause_ns > long_pause_ns)
        age->patient_until_ns = add(boot_ns, patience_ns);
}

void mf_age_tick(struct mf_age *age, int64_t wall_ns, int64_t boot_ns,
                 uint64_t last_number)
{
    int64_t by_ns = subtract(subtract(wall_ns, age->wall_ns),
                             subtract(boot_ns, age->boot_ns));
    if (by_ns > jump_ns || by_ns < -jump_ns)
        add_jump(age, last_number, by_ns);
    age->wall_ns = wall_ns;
    age->boot_ns = boot_ns;
}

int64_t mf_age_of(const struct mf_age *age, uint64_t number, int64_t arrived_ns)
{
    int64_t plain_ns = subtract(age->wall_ns, arrived_ns), set_ns = arrived_ns;
    for (size_t i = 0; i < age->jump_count; i++)
        if (number <= age->jumps[i].number)
            set_ns = add(set_ns, age->jumps[i].by_ns);
    set_ns = subtract(age->wall_ns, set_ns);
    /* By what the clock said then, or by how it was set since: who is old by
     * one of them only may be young. */
    int64_t age_ns = plain_ns < 0                      ? set_ns
                     : set_ns < 0 || plain_ns < set_ns ? plain_ns
                                                       : set_ns;
    if (age_ns < 0)
        return age_ns > -jump_ns ? 0 : -1;
    return age->boot_ns < age->patient_until_ns ? 0 : age_ns;
}
