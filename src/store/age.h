/*
 * mf_age: how old flows are, by a wall clock that may jump.
 *
 * Flows have the wall clock's time of their arrival. Within one run a clock
 * that nobody can set (it goes on while the machine sleeps) tells by how much
 * the wall clock was set, and flows from before such a jump are not younger
 * or older for it. The time between two runs is the wall clock's word alone:
 * if it is more than a day, nothing counts as old for the first hour, so that
 * a clock which is put right soon after the start does no harm.
 *
 * Pure: times are handed in. Units: ns.
 */
#ifndef MF_STORE_AGE_H
#define MF_STORE_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MF_AGE_JUMPS_MAX = 16 };

struct mf_age {
    int64_t wall_ns;
    int64_t boot_ns;
    int64_t patient_until_ns; /* of the boot clock */
    struct mf_age_jump {
        uint64_t number; /* the last flow that arrived before it */
        int64_t by_ns;
    } jumps[MF_AGE_JUMPS_MAX];
    size_t jump_count;
};

/* Begin: the newest flow is `last_number` and arrived at `newest_ns` (0:
 * there is none). */
void mf_age_init(struct mf_age *age, int64_t wall_ns, int64_t boot_ns,
                 uint64_t last_number, int64_t newest_ns);

/* The clocks now, when `last_number` is the newest flow. */
void mf_age_tick(struct mf_age *age, int64_t wall_ns, int64_t boot_ns,
                 uint64_t last_number);

/*
 * The age of flow `number`, that arrived at `arrived_ns`: -1 if it cannot be
 * told, because it says to have arrived in the future; 0 while nothing
 * counts as old.
 */
int64_t mf_age_of(const struct mf_age *age, uint64_t number,
                  int64_t arrived_ns);

#endif
