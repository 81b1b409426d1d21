/*
 * How the rows measure: runs of equal length, of which the median counts.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/bench.h"

/* A piece of work, much longer than a look at the clock.  Returns how many units were done. */
typedef uint64_t (*bench_work)(void *context);

/*
 * Warm up, measure.  Returns nanoseconds of the processor's time for a unit.  When a given amount
 * of work is asked for, how much was done becomes a figure of the row.
 */
double bench_measure(const struct bench *bench, const struct bench_row *row, bench_work work,
                     void *context);

/* Processor's time of this process. */
double bench_cpu_seconds(void);

/* Hand out a figure of the row; `more` (NULL: nothing) becomes the last word of its name. */
void bench_tell(const struct bench *bench, const struct bench_row *row, const char *more,
                double value, const char *unit);

/* Ends the program with the sentence when the claim does not hold; else nothing of the sentence is
 * worked out. */
#define bench_must(claim, ...) ((claim) ? (void)0 : bench_give_up(__VA_ARGS__))
__attribute__((noreturn, cold, format(printf, 1, 2))) void bench_give_up(const char *format, ...);

/* Numbers that look random and are the same in every run. */
static inline uint32_t bench_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

#endif
