/*
 * Numbers between a script and the wire: see talk.h.
 */
#include "drill/talk.h"

#include "base/bytes.h"
#include "wire/tcp.h"

/* Add to both edges of every SACK block. */
static void move_sack(struct packet *packet, uint32_t by)
{
    unsigned at = 0, kind, len;
    while (wire_next_option(packet, &at, &kind, &len)) {
        if (kind != TCP_OPTION_SACK)
            continue;
        uint8_t *option = packet->options + at - len;
        for (unsigned i = 2; i + 4 <= len; i += 4)
            put_be32(option + i, get_be32(option + i) + by);
    }
}

static uint32_t our_offset(const struct talk *talk, const struct packet *packet)
{
    return packet->flags & TCP_SYN ? talk->our_first - talk->our_script_first : talk->our_first;
}

static uint32_t peer_offset(const struct talk *talk, const struct packet *packet)
{
    return packet->flags & TCP_SYN ? 0 : talk->peer_first;
}

/* The echo, as the wire has it. */
static const char *echo_to_wire(const struct talk *talk, struct packet *wire)
{
    int at = wire_find_option(wire, TCP_OPTION_TIMESTAMPS);
    if (at < 0 || !(wire->flags & TCP_ACK))
        return NULL;
    uint8_t *echo = wire->options + at + 6;
    uint32_t wanted = get_be32(echo);
    unsigned known = talk->stamps < TALK_STAMPS ? talk->stamps : TALK_STAMPS;
    for (unsigned i = 0; i < known; i++) {
        if (talk->stamp[(talk->stamps - 1 - i) % TALK_STAMPS].script != wanted)
            continue;
        put_be32(echo, talk->stamp[(talk->stamps - 1 - i) % TALK_STAMPS].live);
        return NULL;
    }
    if (!talk->stamps_known)
        return "it echoes a timestamp, and the stack has not sent any yet";
    put_be32(echo, wanted - talk->script_stamp + talk->live_stamp);
    return NULL;
}

const char *talk_to_wire(const struct talk *talk, const struct packet *script, struct packet *wire)
{
    *wire = *script;
    if (script->kind == PACKET_ICMP) {
        wire->seq += talk->our_first;
        return NULL;
    }
    wire->seq += peer_offset(talk, script);
    if (script->flags & TCP_ACK)
        wire->ack += our_offset(talk, script);
    move_sack(wire, our_offset(talk, script));
    return echo_to_wire(talk, wire);
}

void talk_from_wire(const struct talk *talk, const struct packet *wire, struct packet *script)
{
    *script = *wire;
    if (wire->kind != PACKET_TCP)
        return;
    script->seq -= our_offset(talk, wire);
    if (wire->flags & TCP_ACK)
        script->ack -= peer_offset(talk, wire);
    move_sack(script, 0u - peer_offset(talk, wire));
}

void talk_learn_stamps(struct talk *talk, const struct packet *expected, struct packet *seen)
{
    int theirs = wire_find_option(expected, TCP_OPTION_TIMESTAMPS);
    int ours = wire_find_option(seen, TCP_OPTION_TIMESTAMPS);
    if (theirs < 0 || ours < 0)
        return;
    uint32_t script = get_be32(expected->options + theirs + 2);
    uint32_t live = get_be32(seen->options + ours + 2);
    talk->stamp[talk->stamps % TALK_STAMPS].script = script;
    talk->stamp[talk->stamps % TALK_STAMPS].live = live;
    talk->stamps++;
    if (!talk->stamps_known) {
        talk->stamps_known = true;
        talk->script_stamp = script;
        talk->live_stamp = live;
    }
    put_be32(seen->options + ours + 2, talk->script_stamp + (live - talk->live_stamp));
}

void talk_reset(const struct talk *talk, struct packet *wire)
{
    const struct packet *in = &talk->last_in, *out = &talk->last_out;
    *wire = (struct packet){.kind = PACKET_TCP, .flags = TCP_RST | TCP_ACK};
    if (in->flags & TCP_ACK) {
        wire->seq = in->seq + in->len + !!(in->flags & TCP_SYN) + !!(in->flags & TCP_FIN);
        wire->ack = in->ack;
        wire->window = in->window;
    } else if (out->flags & TCP_ACK) {
        wire->seq = out->ack;
        wire->ack = out->seq;
    } else {
        wire->ack = out->seq + 1;
    }
}
