/*
 * The parser's parts.  All note the first error in the script and return something harmless.
 */
#ifndef DRILL_PARSE_H
#define DRILL_PARSE_H

#include "drill/scan.h"

/* The whole file: options, events. */
void parse_script(struct script *script);

/* parse_value.c */
struct value *parse_value(struct scan *scan);
/* Values up to `close`, separated by commas; the opening mark has been taken. */
struct value *parse_values(struct scan *scan, const char *close, unsigned *n);

/* parse_call.c: what stands behind the time, but for the end time, which is in the call already. */
void parse_call(struct scan *scan, struct call *call);

/* parse_packet.c: from < or > on. */
void parse_packet(struct scan *scan, struct event *event);
/* parse_options.c: what stands between < and >, both taken. */
void parse_tcp_options(struct scan *scan, struct packet *packet);

#endif
