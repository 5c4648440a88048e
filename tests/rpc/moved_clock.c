/*
 * Preloaded into a server under test: the monotonic clock of its main thread,
 * which is the loop's, goes on from where the test moves it. Other threads
 * wait for absolute times, and keep the real one.
 *
 * MOVED_CLOCK names a file that holds the offset, a native int64_t of
 * milliseconds.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    MS_PER_S = 1000,
    NS_PER_MS = 1000 * 1000,
    NS_PER_S = 1000 * 1000 * 1000
};

static const volatile int64_t *offset_ms;

static __attribute__((constructor)) void map_offset(void)
{
    const char *path = getenv("MOVED_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        abort();
    void *map = mmap(NULL, sizeof *offset_ms, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    close(fd);
    offset_ms = map;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, time);
    bool is_moved = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;
    if (rc || !is_moved || !offset_ms || getpid() != (pid_t)syscall(SYS_gettid))
        return rc;
    int64_t ms = *offset_ms;
    time->tv_sec += ms / MS_PER_S;
    time->tv_nsec += ms % MS_PER_S * NS_PER_MS;
    if (time->tv_nsec >= NS_PER_S) {
        time->tv_nsec -= NS_PER_S;
        time->tv_sec++;
    }
    return 0;
}
