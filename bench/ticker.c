/*
 * What the processor's counter counts, and what a look at it costs: see ticker.h.
 */
#include "bench/ticker.h"

#define LEARN_NS 10000000
#define LOOKS    1000

void ticker_start(struct ticker *ticker)
{
    uint64_t clock = ticker_clock_ns(), ticks = ticker_now(), passed;

    do
        passed = ticker_clock_ns() - clock;
    while (passed < LEARN_NS);
    ticker->ns = (double)passed / (double)(ticker_now() - ticks);
    ticker->cost = UINT64_MAX;
    for (unsigned i = 0; i < LOOKS; i++) {
        uint64_t before = ticker_now(), between = ticker_now() - before;

        if (between < ticker->cost)
            ticker->cost = between;
    }
}
