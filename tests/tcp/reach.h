/*
 * The shortest ways into each state, and every arc's recipe starts from one of them.
 */
#ifndef TESTS_TCP_REACH_H
#define TESTS_TCP_REACH_H

#include "support/story.h"

/*
 * Bring the present peer's conversation into that state, by an active open; the user holds the
 * handle (so closing was by shutdown), and nothing is left unlooked at.
 */
void reach(struct story *r, enum ciao_state state);

/* The same, but `unread` bytes of the peer wait for the user. */
void reach_unread(struct story *r, enum ciao_state state, unsigned unread);

/* The same, but the user has closed and given the handle up: FIN-WAIT-1 and later. */
void reach_orphaned(struct story *r, enum ciao_state state);

/* What each side's next number is there. */
uint32_t reach_our_next(enum ciao_state state);
uint32_t reach_peer_next(enum ciao_state state);

#endif
