/*
 * ciao's end of a TUN interface: a host with the drivers and wrappers that the options ask for, the
 * lives that are told, and the counters.
 */
#ifndef CLI_STATION_H
#define CLI_STATION_H

#include "ciao/driver.h"
#include "cli/options.h"
#include "host/host.h"
#include "life/life.h"

/* Sums over all connections that are over. */
struct station_totals {
    uint64_t connections, failed;
    struct ciao_info sum; /* its counters only */
};

struct station {
    const struct cli_options *options;
    struct host *host;
    struct ciao_stack *stack;
    struct ciao_driver *tap, *impair, *capture; /* the last two may be NULL */
    struct life_book *book;                     /* NULL: nothing is told */
    struct station_totals totals;
    uint64_t opened_us;
};

/* Returns CLI_OK, or CLI_FAILED after having said why. */
int station_open(struct station *station, const struct cli_options *options);
void station_close(struct station *station);

/* Count a connection that is over. */
void station_count(struct station *station, const struct ciao_info *info, bool failed);

/* Tell the lives that have ended; `all`: the others too, as far as they went. */
void station_tell(struct station *station, bool all);

/* The counters as one JSON object, on standard error. */
void station_stats(const struct station *station);

#endif
