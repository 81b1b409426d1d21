/*
 * ICMP's types and codes by the words that scripts use.
 */
#ifndef DRILL_ICMP_H
#define DRILL_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "drill/script.h"

struct icmp_number {
    uint8_t type, code;
};

/* The numbers of a packet's words, in that family.  Returns NULL, or what is wrong with them. */
const char *icmp_number(const struct packet *packet, bool v4, struct icmp_number *number);
/* The other way: packet->icmp_type and icmp_code; static text. */
void icmp_words(uint8_t type, uint8_t code, bool v4, struct packet *packet);

#endif
