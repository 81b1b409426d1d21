/*
 * What the processor can do, as a mask.  The host asks CPUID (and the operating system, whether it
 * keeps the wide registers) and hands the mask over when a stack is made; the upper half never asks
 * itself.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

enum ciao_cpu {
    CIAO_CPU_BASELINE = 0,
    CIAO_CPU_AVX2 = 1,
    CIAO_CPU_AVX512BW = 2, /* with F and VL */
};

#endif
