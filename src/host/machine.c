/*
 * The machine, asked by system calls: see machine.h.
 */
#include "host/machine.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "base/cpu.h"

void *machine_reserve(size_t bytes, bool huge_pages)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    if (huge_pages)
        (void)madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

void machine_give_back(void *memory, size_t bytes)
{
    if (memory)
        (void)munmap(memory, bytes);
}

int machine_random(uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(bytes, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        bytes += got;
        n -= (size_t)got;
    }
    return 0;
}

uint32_t machine_cpu(void)
{
    uint32_t mask = CIAO_CPU_BASELINE;

#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("avx2"))
        mask |= CIAO_CPU_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl"))
        mask |= CIAO_CPU_AVX512BW;
#endif
    return mask;
}

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t machine_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

uint64_t machine_epoch_us(void)
{
    return clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
}
