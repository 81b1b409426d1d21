/*
 * Packets between a script's words and the bytes of the wire.
 *
 * Both directions use struct packet, so that what came can be compared with what was expected, and
 * either can be printed in the script's own language.
 */
#ifndef DRILL_WIRE_H
#define DRILL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/addr.h"
#include "drill/script.h"

#define WIRE_ROOM 65600u /* the largest packet */

struct wire_ends {
    struct ciao_addr src, dst;
    uint16_t sport, dport;
};

/*
 * Write a packet with right checksums.
 *
 *   ends    an ICMP message quotes a packet of the opposite direction
 *   out     WIRE_ROOM bytes
 *
 * Returns its length; 0 and a sentence in *wrong when there is no such ICMP message.
 */
size_t wire_build(const struct packet *packet, const struct wire_ends *ends, uint8_t *out,
                  const char **wrong);

/* Read a packet.  Returns NULL, or what is wrong with it, in a few words. */
const char *wire_read(const uint8_t *bytes, size_t len, struct packet *packet,
                      struct wire_ends *ends);

/* As a script would say it, without time and direction; *out is terminated. */
void wire_print(const struct packet *packet, char *out, size_t room);

/* The options of a header one after the other: kind, whole length; false at their end, or when the
 * rest makes no sense. */
bool wire_next_option(const struct packet *packet, unsigned *at, unsigned *kind, unsigned *len);
/* Where an option of that kind lies in packet->options, -1 when there is none. */
int wire_find_option(const struct packet *packet, unsigned kind);

#endif
