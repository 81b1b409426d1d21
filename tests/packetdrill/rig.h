/*
 * libciao_packetdrill.so as packetdrill sees it: loaded, initialised, its table called.
 *
 * Packets are bare IPv4 between OURS (the stack) and THEIRS (the script); sequence numbers are
 * relative to the two first ones, which the rig keeps.
 */
#ifndef TESTS_PACKETDRILL_RIG_H
#define TESTS_PACKETDRILL_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "packetdrill/table.h"

#define OURS       "192.168.0.1"
#define THEIRS     "192.0.2.1"
#define OUR_PORT   8080
#define THEIR_PORT 43210

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

struct rig {
    struct pd_table t;
    uint32_t our_first, their_first; /* the numbers of the SYNs */
    uint16_t our_port;
};

/* The last packet that was received. */
struct seen {
    long long time_us;
    size_t len, payload;
    uint8_t flags;
    uint32_t seq, ack;        /* relative; SYN = 0 */
    uint16_t window, options; /* bytes of options */
    uint8_t bytes[2048];
};

/* flags as --so_flags, NULL: none. */
void rig_open(struct rig *rig, const char *flags);
/* Closes the table: what is left open is closed with it. */
void rig_close(struct rig *rig);

/* The script's side sends; numbers are relative. */
struct sent {
    uint8_t flags;
    uint32_t seq, ack;
    size_t payload;
    uint16_t urgent;
};
void rig_send(struct rig *rig, struct sent sent);
/* The next packet of the stack; false: there is none. */
bool rig_receive(struct rig *rig, struct seen *seen);
void rig_expect(struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack);
long long rig_now(struct rig *rig);

/* A socket that listens on OURS:OUR_PORT; a connection to it, accepted. */
int rig_listen(struct rig *rig);
int rig_accepted(struct rig *rig, int listener);

#endif
