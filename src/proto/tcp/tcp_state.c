/*
 * The one writer of states.  Every change is a row of arcs.def, counted and written to the life; a
 * row that does not begin where the connection is, is our bug.  [RFC9293 3.3.2]
 */
#include "proto/tcp/tcp_internal.h"

static const struct {
    uint8_t from, to;
} arcs[CIAO_ARCS] = {
#define ARC(from, to, who, rule, key) [CIAO_ARC_##from##_##to##_##key] = {CIAO_##from, CIAO_##to},
#include "ciao/arcs.def"
#undef ARC
};

void tcp_enter(struct tcp *tcp, struct tcp_head *head, enum ciao_arc_row row)
{
    ASSERT((unsigned)row < CIAO_ARCS && head->state == arcs[row].from);
    head->state = arcs[row].to;
    trace_arc(tcp->trace, head->life, row);
}

void tcp_note_write(struct tcp *tcp, const struct tcb *tcb, enum ciao_reason reason, uint64_t a,
                    uint64_t b)
{
    trace_reason_write(tcp->trace, tcp_at(tcb), reason, a, b);
}

/* A record takes a life over from another one, in the state it is in: no arc, since nothing
 * happened. */
void tcp_take_over(struct tcp_head *head, uint64_t life, enum ciao_state state)
{
    head->life = life;
    head->state = (uint8_t)state;
}

/* What each state allows, in the RFC's order. */
static const struct {
    bool sends, receives, synchronised;
} allows[CIAO_STATES] = {
    [CIAO_CLOSED] = {false, false, false},   [CIAO_LISTEN] = {false, false, false},
    [CIAO_SYN_SENT] = {false, false, false}, [CIAO_SYN_RECEIVED] = {false, false, false},
    [CIAO_ESTABLISHED] = {true, true, true}, [CIAO_FIN_WAIT_1] = {false, true, true},
    [CIAO_FIN_WAIT_2] = {false, true, true}, [CIAO_CLOSE_WAIT] = {true, false, true},
    [CIAO_CLOSING] = {false, false, true},   [CIAO_LAST_ACK] = {false, false, true},
    [CIAO_TIME_WAIT] = {false, false, true},
};

bool tcp_state_sends(const struct tcb *tcb)
{
    return allows[tcb->head.state].sends;
}

bool tcp_state_receives(const struct tcb *tcb)
{
    return allows[tcb->head.state].receives;
}

bool tcp_state_synchronised(const struct tcb *tcb)
{
    return allows[tcb->head.state].synchronised;
}
