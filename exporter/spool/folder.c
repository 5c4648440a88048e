#include "exporter/spool/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"

enum {
    NAME_CAP = 64,
    DIGITS = 16,
    /* A lock that another spool removes or tries at the same moment. */
    LOCK_ATTEMPTS = 8,
};

#define PRIVATE_FILE (S_IRUSR | S_IWUSR)
#define FILE_FLAGS (O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

struct name {
    uint64_t owner;
    uint64_t stamp; /* 0: a lock */
};

struct names {
    struct name *items;
    size_t count;
    size_t cap;
};

uint64_t mf_spool__random(void)
{
    uint64_t number = 0;
    if (getentropy(&number, sizeof number) != 0)
        number = (uint64_t)mf_clock_wall_ns() * UINT64_C(0x9e3779b97f4a7c15) ^
                 (uint64_t)getpid() << 32 ^ (uint64_t)mf_clock_mono_ns();
    return number;
}

/* ---- names ---- */

static void lock_name(char *name, uint64_t owner)
{
    snprintf(name, NAME_CAP, "%016" PRIx64 ".lock", owner);
}

static void segment_name(char *name, uint64_t stamp, uint64_t owner)
{
    snprintf(name, NAME_CAP, "%016" PRIx64 "-%016" PRIx64 ".seg", stamp, owner);
}

/* Sixteen hexadecimal digits, as they are written here. */
static bool read_digits(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (int i = 0; i < DIGITS; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret_number = number;
    return true;
}

/* False: not a name of a spool's. Stamps are times, so the top bit is free. */
static bool read_name(const char *text, struct name *ret_name)
{
    struct name name = {0};
    size_t len = strlen(text);
    if (len == DIGITS + 5) {
        if (!read_digits(text, &name.owner) ||
            strcmp(text + DIGITS, ".lock") != 0)
            return false;
    } else if (len == 2 * DIGITS + 5) {
        if (!read_digits(text, &name.stamp) || text[DIGITS] != '-' ||
            !read_digits(text + DIGITS + 1, &name.owner) ||
            strcmp(text + 2 * DIGITS + 1, ".seg") != 0 || name.stamp == 0 ||
            name.stamp > INT64_MAX)
            return false;
    } else {
        return false;
    }
    *ret_name = name;
    return true;
}

/* ---- the folder ---- */

/* Make `dir` and what is missing above it. */
static int make_dirs(const char *dir)
{
    char *path = strdup(dir);
    if (!path)
        return -1;
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        mkdir(path, S_IRWXU); /* what fails, fails below too */
        *at = '/';
    }
    int rc = mkdir(path, S_IRWXU);
    free(path);
    return rc;
}

/* Nobody else may look into it or change what is in it. */
static int make_private(int fd, const char *dir, struct mf_err *err)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return mf_err_set(err, MF_EIO, "%s: %s", dir, strerror(errno));
    if (stat.st_uid != geteuid())
        return mf_err_set(err, MF_EACCES, "%s: belongs to another user", dir);
    if ((stat.st_mode & 07777) != S_IRWXU && fchmod(fd, S_IRWXU) != 0)
        return mf_err_set(err, MF_EIO, "%s: %s", dir, strerror(errno));
    return 0;
}

static int open_dir(const char *dir, int *ret_fd, struct mf_err *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(dir, flags);
    if (fd < 0 && errno == ENOENT && (make_dirs(dir) == 0 || errno == EEXIST))
        fd = open(dir, flags);
    if (fd < 0)
        return mf_err_set(err, MF_EIO, "%s: %s", dir, strerror(errno));
    int rc = make_private(fd, dir, err);
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

/* ---- locks ---- */

/* Whether the file that is open has its name still. */
static bool is_linked(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_nlink > 0;
}

/* Open and lock OWNER.lock: the descriptor, or -1 with errno; EWOULDBLOCK: it
 * is another's. */
static int take_lock(int dir_fd, uint64_t owner, int more_flags)
{
    char name[NAME_CAP];
    lock_name(name, owner);
    for (int i = 0; i < LOCK_ATTEMPTS; i++) {
        int fd = openat(dir_fd, name, FILE_FLAGS | O_CREAT | more_flags,
                        PRIVATE_FILE);
        if (fd < 0)
            return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            close(fd);
            errno = error;
            return -1;
        }
        if (is_linked(fd))
            return fd;
        close(fd);
    }
    errno = EWOULDBLOCK;
    return -1;
}

static void remove_lock(int dir_fd, uint64_t owner, int lock_fd)
{
    char name[NAME_CAP];
    lock_name(name, owner);
    unlinkat(dir_fd, name, 0);
    close(lock_fd);
}

static int become_owner(struct mf_spool_folder *folder, const char *dir,
                        struct mf_err *err)
{
    for (int i = 0; i < LOCK_ATTEMPTS; i++) {
        folder->owner = mf_spool__random();
        folder->lock_fd = take_lock(folder->fd, folder->owner, O_EXCL);
        if (folder->lock_fd >= 0)
            return 0;
        /* One that adopts came between: a lock that nobody holds yet looks as
         * if its owner were gone. */
        if (errno != EWOULDBLOCK && errno != EEXIST)
            break;
    }
    return mf_err_set(err, MF_EIO, "%s: cannot be locked: %s", dir,
                      strerror(errno));
}

int mf_spool__folder_open(struct mf_spool_folder *folder, const char *dir,
                          struct mf_err *err)
{
    int rc = open_dir(dir, &folder->fd, err);
    if (rc)
        return rc;
    rc = become_owner(folder, dir, err);
    if (rc)
        close(folder->fd);
    return rc;
}

void mf_spool__folder_close(struct mf_spool_folder *folder)
{
    remove_lock(folder->fd, folder->owner, folder->lock_fd);
    close(folder->fd);
}

/* ---- adoption ---- */

static int compare_names(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return (x->stamp > y->stamp) - (x->stamp < y->stamp);
}

static int add_name(struct names *names, const struct name *name)
{
    struct name *items =
        mf_array_grow(names->items, names->count, &names->cap, sizeof *items);
    if (!items)
        return MF_ENOMEM;
    names->items = items;
    names->items[names->count++] = *name;
    return 0;
}

/* All names of spools, by owner. */
static int list_names(int dir_fd, struct names *names, struct mf_err *err)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return mf_err_set(err, MF_EIO, "the spool's folder: %s",
                          strerror(error));
    }
    int rc = 0;
    for (struct dirent *entry; !rc && (entry = readdir(dir));) {
        struct name name;
        if (read_name(entry->d_name, &name))
            rc = add_name(names, &name);
    }
    closedir(dir);
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    return rc ? mf_err_set(err, rc, "out of memory") : 0;
}

/* A stamp as near as there is one that no adopted segment has. */
static uint64_t free_stamp(const struct names *adopted, uint64_t stamp)
{
    bool is_taken = true;
    while (is_taken) {
        is_taken = false;
        for (size_t i = 0; i < adopted->count && !is_taken; i++)
            is_taken = adopted->items[i].stamp == stamp;
        stamp += is_taken;
    }
    return stamp;
}

static int adopt_one(struct mf_spool_folder *folder, const struct name *name,
                     struct names *adopted)
{
    char from[NAME_CAP], to[NAME_CAP];
    struct name mine = {folder->owner, free_stamp(adopted, name->stamp)};
    int rc = add_name(adopted, &mine);
    if (rc)
        return rc;
    segment_name(from, name->stamp, name->owner);
    segment_name(to, mine.stamp, mine.owner);
    if (renameat(folder->fd, from, folder->fd, to) != 0)
        adopted->count--; /* gone meanwhile */
    return 0;
}

/* `names` are one owner's. Locked by another: it lives, or is being adopted. */
static int adopt_owner(struct mf_spool_folder *folder, const struct name *names,
                       size_t count, struct names *adopted)
{
    int rc = 0;
    uint64_t owner = names[0].owner;
    if (owner == folder->owner)
        return 0;
    int lock_fd = take_lock(folder->fd, owner, 0);
    if (lock_fd < 0)
        return 0;
    for (size_t i = 0; !rc && i < count; i++)
        if (names[i].stamp)
            rc = adopt_one(folder, &names[i], adopted);
    remove_lock(folder->fd, owner, lock_fd);
    return rc;
}

static int take_stamps(struct names *adopted, uint64_t **ret_stamps)
{
    if (adopted->count == 0)
        return 0;
    uint64_t *stamps = malloc(adopted->count * sizeof *stamps);
    if (!stamps)
        return MF_ENOMEM;
    qsort(adopted->items, adopted->count, sizeof *adopted->items,
          compare_names);
    for (size_t i = 0; i < adopted->count; i++)
        stamps[i] = adopted->items[i].stamp;
    *ret_stamps = stamps;
    return 0;
}

int mf_spool__folder_adopt(struct mf_spool_folder *folder,
                           uint64_t **ret_stamps, size_t *ret_count,
                           struct mf_err *err)
{
    struct names names = {0}, adopted = {0};
    *ret_stamps = NULL;
    *ret_count = 0;
    int rc = list_names(folder->fd, &names, err);
    for (size_t i = 0, next; !rc && i < names.count; i = next) {
        next = i + 1;
        while (next < names.count &&
               names.items[next].owner == names.items[i].owner)
            next++;
        rc = adopt_owner(folder, names.items + i, next - i, &adopted);
    }
    if (!rc)
        rc = take_stamps(&adopted, ret_stamps);
    if (!rc)
        *ret_count = adopted.count;
    free(names.items);
    free(adopted.items);
    return rc == MF_ENOMEM ? mf_err_set(err, rc, "out of memory") : rc;
}

/* ---- segments ---- */

int mf_spool__folder_create(const struct mf_spool_folder *folder,
                            uint64_t stamp)
{
    char name[NAME_CAP];
    segment_name(name, stamp, folder->owner);
    return openat(folder->fd, name, FILE_FLAGS | O_CREAT | O_EXCL,
                  PRIVATE_FILE);
}

int mf_spool__folder_reopen(const struct mf_spool_folder *folder,
                            uint64_t stamp)
{
    char name[NAME_CAP];
    struct stat stat;
    segment_name(name, stamp, folder->owner);
    int fd = openat(folder->fd, name, FILE_FLAGS);
    if (fd >= 0 && (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

void mf_spool__folder_remove(const struct mf_spool_folder *folder,
                             uint64_t stamp)
{
    char name[NAME_CAP];
    segment_name(name, stamp, folder->owner);
    unlinkat(folder->fd, name, 0);
}

/* ---- a number ---- */

static const char number_name[] = "server";

void mf_spool__folder_remember(const struct mf_spool_folder *folder,
                               uint64_t number)
{
    char text[DIGITS + 1];
    int fd =
        openat(folder->fd, number_name, FILE_FLAGS | O_CREAT, PRIVATE_FILE);
    if (fd < 0)
        return;
    snprintf(text, sizeof text, "%016" PRIx64, number);
    /* A disk that is full keeps the old one, or none that can be read. */
    if (pwrite(fd, text, DIGITS, 0) != DIGITS)
        unlinkat(folder->fd, number_name, 0);
    close(fd);
}

uint64_t mf_spool__folder_remembered(const struct mf_spool_folder *folder)
{
    char text[DIGITS];
    uint64_t number = 0;
    int fd = openat(folder->fd, number_name, FILE_FLAGS);
    if (fd < 0)
        return 0;
    if (pread(fd, text, DIGITS, 0) != DIGITS || !read_digits(text, &number))
        number = 0;
    close(fd);
    return number;
}
