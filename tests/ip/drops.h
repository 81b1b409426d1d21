/*
 * Every reason of reasons_ip.def, and the frame that provokes it: tables that test_drops.c runs.
 *
 * A provocation makes a frame in the lab, and feeds it or lets test_drops.c do so: the last frame
 * made is fed once, and its one reason must be the row's.
 */
#ifndef TESTS_IP_DROPS_H
#define TESTS_IP_DROPS_H

#include "lab.h"

struct provocation {
    enum ciao_reason reason;
    void (*make)(struct lab *lab);
    enum { ON_ETHERNET, ON_IP } on;
    bool happens_inside; /* `make` has done it all; there is nothing to feed */
};

extern const struct provocation drops_link[], drops_ip[], drops_icmp[], drops_ndp[], drops_parts[];
extern const unsigned n_drops_link, n_drops_ip, n_drops_icmp, n_drops_ndp, n_drops_parts;

#endif
