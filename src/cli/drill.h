/*
 * `ciao drill`: what the verb and its report share.
 */
#ifndef CLI_DRILL_H
#define CLI_DRILL_H

#include <stdbool.h>
#include <stdint.h>

#include "drill/drill.h"

struct drill_totals {
    unsigned passed, failed, needs, broken;
    uint64_t took_us;
};

/* One script that was run: a line, and what is wrong with it. */
struct drill_outcome {
    const char *path;
    const char *family;
    const struct script *script; /* for its lines; may be NULL */
    const struct drill_result *result;
    uint64_t took_us;
    bool verbose;
};
void drill_report(const struct drill_outcome *outcome);
void drill_report_totals(const struct drill_totals *totals);

#endif
