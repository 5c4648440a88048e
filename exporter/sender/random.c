#include "exporter/sender/random.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"

int mf_random_hex(char *out, size_t len)
{
    uint8_t random[32];
    if (len / 2 > sizeof random || getentropy(random, len / 2) != 0)
        return MF_EIO;
    for (size_t i = 0; i < len / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
    return 0;
}
