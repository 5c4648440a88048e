/*
 * Preloaded into a server under test: its monotonic clock goes on from where
 * the test moves it. Threads that wait until a time by that clock wait as
 * long as they would by the real one.
 *
 * MOVED_CLOCK names a file that holds the offset, a native int64_t of
 * milliseconds.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

static void add(struct timespec *time, int64_t ms)
{
    time->tv_sec += ms / MS_PER_S;
    time->tv_nsec += ms % MS_PER_S * NS_PER_MS;
    if (time->tv_nsec >= NS_PER_S) {
        time->tv_nsec -= NS_PER_S;
        time->tv_sec++;
    } else if (time->tv_nsec < 0) {
        time->tv_nsec += NS_PER_S;
        time->tv_sec--;
    }
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, time);
    bool is_moved = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;
    if (!rc && is_moved && offset_ms)
        add(time, *offset_ms);
    return rc;
}

/* All of the server's conditions use the monotonic clock. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    void *found = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!found)
        abort();
    memcpy(&wait, &found, sizeof wait);
    struct timespec real = *until;
    add(&real, -*offset_ms);
    return wait(cond, mutex, &real);
}
