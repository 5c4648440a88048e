#include "exporter/sender/random.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"

int mf_random_hex(char *out, size_t len)
{
    uint8_t random[32];
    if (len / 2 > sizeof random)
        return MF_EIO;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, random, len / 2);
    if (fd >= 0)
        close(fd);
    if (n != (ssize_t)(len / 2))
        return MF_EIO;
    for (size_t i = 0; i < len / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
    return 0;
}
