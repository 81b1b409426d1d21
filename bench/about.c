/*
 * What the figures depend on besides the program: see bench.h.
 */
#include <gnu/libc-version.h>
#include <stdio.h>

#include "base/cpu.h"
#include "bench/bench.h"
#include "host/machine.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

void bench_about(char *text, size_t size)
{
    uint32_t cpu = machine_cpu();
    const char *simd = cpu & CIAO_CPU_AVX512BW ? "avx512bw"
                       : cpu & CIAO_CPU_AVX2   ? "avx2"
                                               : "baseline";

    (void)snprintf(text, size, "{\"compiler\":\"%s\",\"libc\":\"glibc %s\",\"simd\":\"%s\"}",
                   COMPILER, gnu_get_libc_version(), simd);
}
