/*
 * A pair of stacks, its connections, and a wire that loses, doubles, delays, spoils and forges
 * frames as often as it is told to, so that what two such worlds come to can be compared.
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "pair.h"

#include "base/rng.h"

#define WORLD_FRAMES  24u
#define WORLD_DELAYED 8u
#define WORLD_CONNS   3u
#define WORLD_LONGEST 70000u

struct late {
    uint32_t len;
    uint8_t bytes[WORLD_LONGEST];
};

struct world {
    struct pair pair;
    struct rng rng;
    ciao_conn listener, client[WORLD_CONNS], server[WORLD_CONNS];
    unsigned trouble; /* of a thousand frames so many meet each kind of it */
    bool silent;      /* the programs open and close, and seldom say anything */
    uint64_t told;    /* all events, as one number */
    struct late late[2][WORLD_DELAYED];
    struct ciao_frame out[WORLD_FRAMES], in[2 * WORLD_FRAMES + WORLD_DELAYED];
};

/* `trouble`: as in the world. */
struct world *world_new(const struct pair_options *options, unsigned trouble);
void world_free(struct world *world);

/* To a number, what these bytes make of it. */
uint64_t world_mix(uint64_t hash, const void *bytes, size_t len);

/* Bytes of both headers. */
uint32_t world_headers_of(const uint8_t *ip);
/* Behind headers without options of IP: lengths and checksums are right again. */
void world_seal(uint8_t *ip, uint32_t len);
/* As it comes from a device: in one piece (0), or with its payload in one or two of its own. */
void world_receive(struct world *world, struct ciao_frame *frame, const uint8_t *bytes,
                   uint32_t len, unsigned pieces);
/* What one side has to send, as far as a batch goes; returns how many frames that was. */
unsigned world_carry(struct world *world, unsigned from);
/* Remember what this side's stack tells. */
void world_listen(struct world *world, unsigned side);
void world_time_passes(struct world *world);

/* Frames, events, records, counts and what the connections say of themselves. */
void world_expect_same(struct world *a, struct world *b);

#endif
