/*
 * Runs of equal length, and their median: see measure.h.
 */
#include "bench/measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS      7
#define NAME_MOST 96

double bench_cpu_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until the time is over.  Returns nanoseconds a unit. */
static double run(double seconds, bench_work work, void *context)
{
    double begun = bench_cpu_seconds(), spent;
    uint64_t units = 0;

    do {
        units += work(context);
        spent = bench_cpu_seconds() - begun;
    } while (spent < seconds || units == 0);
    return spent * 1e9 / (double)units;
}

static double run_once(const struct bench *bench, const struct bench_row *row, bench_work work,
                       void *context)
{
    double begun = bench_cpu_seconds();
    uint64_t units = 0;

    while (units < bench->work)
        units += work(context);
    bench_tell(bench, row, "work", (double)units, "units");
    return (bench_cpu_seconds() - begun) * 1e9 / (double)units;
}

static int smaller_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double bench_measure(const struct bench *bench, const struct bench_row *row, bench_work work,
                     void *context)
{
    double runs[RUNS];
    double seconds = bench->seconds / RUNS;

    if (bench->work)
        return run_once(bench, row, work, context);
    (void)run(seconds, work, context);
    for (unsigned i = 0; i < RUNS; i++)
        runs[i] = run(seconds, work, context);
    qsort(runs, RUNS, sizeof runs[0], smaller_first);
    return runs[RUNS / 2];
}

void bench_tell(const struct bench *bench, const struct bench_row *row, const char *more,
                double value, const char *unit)
{
    char name[NAME_MOST];
    struct bench_figure figure = {name, value, unit};

    (void)snprintf(name, sizeof name, "%s%s%s", row->name, more ? "/" : "", more ? more : "");
    bench->tell(bench->context, &figure);
}

void bench_give_up(const char *format, ...)
{
    va_list args;

    (void)fflush(stdout);
    (void)fputs("ciao bench: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}
