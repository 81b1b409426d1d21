/*
 * The loop of a session.
 */
#ifndef CLI_TURN_H
#define CLI_TURN_H

#include "cli/session.h"

/* Turn until the verb says that it is over, or until we are told to end. */
void turn_until_over(struct session *session);

/* Let what is under way arrive, and the command of --with end; a few seconds at most. */
void turn_until_settled(struct session *session);

#endif
