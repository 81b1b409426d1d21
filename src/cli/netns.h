/*
 * A network of one's own: for --with, so that nobody needs to be root.
 */
#ifndef CLI_NETNS_H
#define CLI_NETNS_H

#define NETNS_ERROR_TEXT 256

/*
 * Move this process into a new network namespace with the loopback interface up; when that is not
 * allowed, into a new user namespace first, as its root.  Single-threaded programs only.
 * Returns 0 or -errno, with a sentence.
 */
int netns_enter(char error[NETNS_ERROR_TEXT]);

#endif
