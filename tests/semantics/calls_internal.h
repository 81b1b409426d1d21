/*
 * What the files of the calls share.
 */
#ifndef SEMANTICS_CALLS_INTERNAL_H
#define SEMANTICS_CALLS_INTERNAL_H

#include "calls.h"

const char *fd_text(int fd);
const char *port_text(unsigned port);
socklen_t address(struct sockaddr_storage *made, const char *host, unsigned port);
void note_address(const struct sockaddr_storage *addr, socklen_t len);
bool took_sigpipe(void);

#endif
