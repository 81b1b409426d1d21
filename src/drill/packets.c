/*
 * The packets of a script: those it sends in, those it expects.
 *
 * As in packetdrill one connection is under test at a time: the one that was made last.  What the
 * stack sends on others passes unseen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "drill/run.h"
#include "wire/addr.h"
#include "wire/tcp.h"

#define PATIENCE_US 2000000

/* ---- which connection ---- */

static struct talk *new_talk(struct run *run)
{
    struct talk *talk = calloc(1, sizeof *talk);
    if (talk == NULL)
        abort();
    talk->script_fd = talk->live_fd = -1;
    talk->in = (struct wire_ends){run->peers, run->ours, 0, run->bind_port};
    talk->next = run->talks;
    run->talks = run->talk = talk;
    return talk;
}

/* A segment for a listener, or for nobody, begins a connection. */
static struct talk *talk_for_in(struct run *run, const struct packet *packet)
{
    struct talk *talk = run->talk;
    if (packet->kind == PACKET_TCP && (talk == NULL || talk->stage == TALK_LISTENING)) {
        talk = new_talk(run);
        talk->stage = TALK_SYN_RECEIVED;
        talk->in.sport = run->next_port++;
        talk->peer_first = packet->seq;
    }
    return talk;
}

static void note_in(struct talk *talk, const struct packet *packet)
{
    if (packet->kind != PACKET_TCP || !(packet->flags & TCP_ACK))
        return;
    if (talk->stage == TALK_SYNACK_SENT) {
        talk->stage = TALK_ACKED;
    } else if (talk->stage == TALK_SYN_SENT && (packet->flags & TCP_SYN)) {
        talk->stage = TALK_SYN_ANSWERED;
        talk->peer_first = packet->seq;
    }
}

void packet_in(struct run *run, const struct packet *packet)
{
    static uint8_t bytes[WIRE_ROOM];
    struct packet wire;
    struct talk *talk = talk_for_in(run, packet);
    if (talk == NULL) {
        run_fail(run, run->due.event->line, "there is no connection that this could be for");
        return;
    }
    note_in(talk, packet);
    const char *wrong = talk_to_wire(talk, packet, &wire);
    struct wire_ends ends = talk->in;
    if (packet->sport != 0)
        ends.sport = packet->sport;
    if (packet->dport != 0)
        ends.dport = packet->dport;
    size_t len = wrong != NULL ? 0 : wire_build(&wire, &ends, bytes, &wrong);
    if (len == 0) {
        run_fail(run, run->due.event->line, "this packet cannot be made: %s", wrong);
        return;
    }
    if (packet->kind == PACKET_TCP)
        talk->last_in = wire;
    world_input(run, bytes, len);
}

/* ---- what the stack sends ---- */

/* The next packet that belongs to the connection under test; others are passed over. */
static bool take_sent(struct run *run, struct packet *packet, struct wire_ends *ends,
                      int64_t *at_us)
{
    while (run->sent != NULL) {
        struct sent *sent = run->sent;
        const char *wrong = wire_read(sent->bytes, sent->len, packet, ends);
        *at_us = (int64_t)(sent->at_us - run->start_us);
        run->sent = sent->next;
        if (run->sent == NULL)
            run->sent_last = &run->sent;
        free(sent);
        if (wrong != NULL) {
            run_fail(run, run->due.event->line, "the stack sent a packet that is no packet: %s",
                     wrong);
            return false;
        }
        const struct talk *talk = run->talk;
        if (packet->kind != PACKET_TCP || !ip_equal(&ends->dst, &talk->in.src)
            || ends->dport != talk->in.sport)
            continue;
        bool opens = talk->stage == TALK_SYN_SENT && (packet->flags & TCP_SYN);
        if (opens || ends->sport == talk->in.dport)
            return true;
    }
    return false;
}

/* The first SYN, or SYN,ACK, says the first number. */
static void note_out(struct talk *talk, const struct packet *expected, const struct packet *seen,
                     const struct wire_ends *ends)
{
    bool syn = seen->flags & TCP_SYN, ack = seen->flags & TCP_ACK;
    if (talk->stage == TALK_SYN_SENT && syn && !ack) {
        talk->our_first = seen->seq;
        talk->in.dport = ends->sport;
    } else if (talk->stage == TALK_SYN_RECEIVED && syn && ack && (expected->flags & TCP_SYN)) {
        talk->our_first = seen->seq;
        talk->stage = TALK_SYNACK_SENT;
    }
}

/* What the script's own words say before the packet comes. */
static bool note_expected(struct run *run, const struct packet *expected)
{
    struct talk *talk = run->talk;
    if (talk == NULL) {
        run_fail(run, run->due.event->line, "no connection is there yet that could send this");
        return false;
    }
    bool syn = expected->flags & TCP_SYN, ack = expected->flags & TCP_ACK;
    if (talk->stage == TALK_CONNECTING && syn && !ack)
        talk->stage = TALK_SYN_SENT;
    if ((talk->stage == TALK_SYN_SENT && syn && !ack)
        || (talk->stage == TALK_SYN_RECEIVED && syn && ack))
        talk->our_script_first = expected->seq;
    return true;
}

/* ---- pieces: a long packet of the script may come as several ---- */

/* May this be the piece behind the last one? */
static bool fits(const struct run *run, const struct packet *next, uint32_t wanted)
{
    const struct packet *last = &run->piece;
    uint16_t kept = (uint16_t) ~(TCP_PSH | TCP_FIN | TCP_CWR);
    bool full = next->len == last->len || run->merged.len + next->len >= wanted;
    return next->seq == last->seq + last->len && next->ack == last->ack
           && ((next->flags ^ last->flags) & kept) == 0 && next->urgent == last->urgent && full
           && next->n_options == last->n_options;
}

/* The headers of the last piece say how it ends. */
static void put_together(struct run *run, const struct packet *next)
{
    uint32_t seq = run->merged.seq, len = run->merged.len;
    bool not_zeros = run->merged.not_zeros;
    run->piece = *next;
    if (run->pieces++ == 0) {
        run->merged = *next;
        return;
    }
    run->merged = *next;
    run->merged.seq = seq;
    run->merged.len = len + next->len;
    run->merged.not_zeros |= not_zeros;
}

static void say_misfit(struct run *run, const struct packet *next, const struct packet *expected)
{
    char text[DRILL_TEXT];
    wire_print(expected, text, sizeof text);
    run_expected(run, "> %s", text);
    wire_print(next, text, sizeof text);
    run_seen(run, "> %s", text);
    run_fail(run, run->due.event->line,
             "%u of %u bytes came in %u segments, and the next one does not go on from there",
             run->merged.len, expected->len, run->pieces);
}

bool packet_expected(struct run *run, const struct due *due)
{
    const struct packet *expected = &due->event->u.packet;
    struct packet seen;
    struct wire_ends ends;
    int64_t at_us = 0;
    if (!note_expected(run, expected))
        return true;
    do {
        if (!take_sent(run, &seen, &ends, &at_us))
            return run->failed;
        note_out(run->talk, expected, &seen, &ends);
        run->talk->last_out = seen;
        struct packet told;
        talk_from_wire(run->talk, &seen, &told);
        if (run->pieces > 0 && !fits(run, &told, expected->len)) {
            say_misfit(run, &told, expected);
            return true;
        }
        put_together(run, &told);
    } while (run->merged.len < expected->len && !run->strict_segments);
    run->pieces = 0;
    seen = run->merged;
    talk_learn_stamps(run->talk, expected, &seen);
    (void)compare_packets(run, due, expected, &seen, at_us);
    return true;
}

int64_t packet_patience(const struct due *due)
{
    if (due->event->when == WHEN_ANY)
        return INT64_MAX;
    return (due->until_us > due->at_us ? due->until_us : due->at_us) + PATIENCE_US;
}

void packet_missed(struct run *run, const struct due *due)
{
    char text[DRILL_TEXT];
    wire_print(&due->event->u.packet, text, sizeof text);
    run_expected(run, "> %s", text);
    if (run->pieces > 0) {
        wire_print(&run->merged, text, sizeof text);
        run_seen(run, "> %s", text);
        run_fail(run, due->event->line, "only the first %u of its %u bytes were sent",
                 run->merged.len, due->event->u.packet.len);
        return;
    }
    run_seen(run, "nothing");
    run_fail(run, due->event->line, "the stack did not send this: nothing was sent for %.3f s",
             (double)(world_time(run) - due->before_us) / 1e6);
}
