/*
 * The benchmark: two full stacks in one process on one thread, joined by a lossless link in memory,
 * with checksums computed and verified in software and real copies in and out of the program's
 * buffers.
 *
 * It is a table of rows, each of which measures one thing and hands out one figure or a few.  What
 * is counted is the processor's time of the whole process: both stacks, the link, both programs.
 * The stacks' clock is virtual, so that nothing is ever waited for.
 *
 * A row whose figures cannot be trusted (a byte that differs, a segment sent twice, a table that
 * does not empty) ends the program with a sentence instead.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_figure {
    const char *row; /* as struct bench_row.name, perhaps with a word more behind a '/' */
    double value;
    const char *unit;
};

struct bench {
    double seconds; /* of measuring, for each row that takes time */
    uint64_t work;  /* 0, or: one run of so many units instead, to count instructions by */
    bool verify;    /* compare every byte, and see that damaged frames are dropped; slower */
    void (*tell)(void *context, const struct bench_figure *figure);
    void *context;
};

struct bench_row {
    const char *name; /* words between '/': what, family, size */
    const char *says; /* what it measures, a line */
    void (*run)(const struct bench_row *row, const struct bench *bench);
    bool v6;
    bool by_name;    /* only when asked for by its own name: it takes long, or much memory */
    uint32_t mtu;    /* 0: 1500 */
    uint32_t window; /* bytes, of both buffers; 0: 256 KB */
    uint32_t n;      /* connections or records that stand there meanwhile */
};

/* Ends with an entry without a name. */
extern const struct bench_row bench_rows[];

/*
 * Does a word of the command line mean that row?  It does when it is the first words of its name
 * ("bulk-1500", "bulk-1500/ipv4"); also when it is the beginning of such a word up to a '-'
 * ("bulk"), unless the row is one of those that want their own name.
 */
bool bench_row_is_meant(const struct bench_row *row, const char *word);

/* What the figures depend on besides the program, as a JSON object: the compiler and the libc with
 * their versions, and the vector instructions that the stack will use here. */
void bench_about(char *text, size_t size);

#endif
