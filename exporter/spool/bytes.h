/* Numbers in a spool's files: little endian. */
#ifndef MF_EXPORTER_SPOOL_BYTES_H
#define MF_EXPORTER_SPOOL_BYTES_H

#include <stdint.h>

static inline void mf_spool__put32(uint8_t *data, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(value >> 8 * i);
}

static inline void mf_spool__put64(uint8_t *data, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        data[i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t mf_spool__get32(const uint8_t *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 |
           (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static inline uint64_t mf_spool__get64(const uint8_t *data)
{
    return mf_spool__get32(data) | (uint64_t)mf_spool__get32(data + 4) << 32;
}

#endif
