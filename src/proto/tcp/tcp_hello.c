/*
 * The short way of a handshake's three segments.  [RFC9293 3.5, 3.10.7.2, 3.10.7.3, 3.10.7.4]
 *
 * The frame was looked at by tcp_predict.c: a plain IP header, and behind it nothing but TCP's.
 * Here its checksums are verified, its options are those that everybody sends, it has no flags but
 * what makes it what it is (and PSH on the last), and its ends are believed as in tcp_plain.c.
 * Whatever else comes goes the general way (tcp_plain.c) with nothing changed.
 *
 *   SYN      where no record is, and a listener with room is meant: of 3.10.7.2 the third step
 *   SYN,ACK  in SYN-SENT, of our SYN: of 3.10.7.3 the first and the fourth
 *   ACK      at a half-open record, of 3.10.7.4
 *            first   SEG.SEQ is RCV.NXT, the timestamp is not older than the SYN's
 *            second  no RST;  third is not offered;  fourth, no SYN
 *            fifth   SEG.ACK acknowledges our SYN, there is a window, room to wait for accept()
 *                   and for one more connection
 *            sixth to eighth  no urgent data, no text, no FIN
 */
#include "base/flat.h"
#include "proto/ip/ip_internal.h"
#include "proto/tcp/tcp_predict.h"
#include "proto/tcp/tcp_syn.h"

#define WRITTEN_OUT static inline __attribute__((always_inline))

static inline uint32_t hash_of(const struct tcp *tcp, const struct tcp_glance *glance)
{
    return glance->hashed ? glance->hash : tcp_glance_hash(tcp, glance);
}

/* ---- SYN, and its answer ---- */

static bool takes_options(const struct tcp_glance *glance, struct tcp_header *h)
{
    const uint8_t *l4 = glance->l4;
    h->flags = l4[13];
    return l4[12] == TCP_GLANCE_HELLO_LEN / 4 << 4
           && tcp_parse_usual_syn(l4, TCP_GLANCE_HELLO_LEN, h);
}

WRITTEN_OUT struct tcp_tuple tuple_of(const struct tcp_glance *glance, bool v6)
{
    const uint8_t *l4 = glance->l4;
    struct tcp_tuple tuple = {.local_port = get_be16(l4 + 2), .remote_port = get_be16(l4)};
    if (v6) {
        __builtin_memcpy(tuple.remote.b, l4 - 32, sizeof tuple.remote.b);
        __builtin_memcpy(tuple.local.b, l4 - 16, sizeof tuple.local.b);
    } else {
        tuple.remote = ip_addr_v4(get_be32(l4 - 8));
        tuple.local = ip_addr_v4(get_be32(l4 - 4));
    }
    return tuple;
}

/* `v6` is known where this is compiled: each family has its own. */
WRITTEN_OUT bool knock(struct tcp *tcp, int link, const struct tcp_glance *glance, bool v6)
{
    struct tcp_header h;
    const struct tcp_tuple tuple = tuple_of(glance, v6);
    uint32_t hash = hash_of(tcp, glance);
    if (v6 && (ip_is_v4(&tuple.local) || ip_is_v4(&tuple.remote)))
        return false;
    if (flow_look(&tcp->flows, hash, flow_home(&tcp->flows, hash)) != REF_NONE)
        return false;
    const struct tcp_pair *pair = tcp_pair_kept(tcp, &tuple.local, &tuple.remote);
    if (pair == NULL || pair->believed != (uint32_t)link + 1)
        return false;
    struct tcp_listener *listener = tcp_listen_find(tcp, &tuple, hash);
    if (listener == NULL || !tcp_syn_may_knock(tcp, listener) || !takes_options(glance, &h)
        || !tcp_glance_lone_sums_hold(glance))
        return false;
    const struct tcp_knock knock_at = {
        .opt = &h.opt,
        .pair = pair,
        .hash = hash,
        .seq = get_be32(glance->l4 + 4),
        .link = (uint8_t)link,
        .v6 = v6,
    };
    if (!tcp_syn_make(tcp, listener, &knock_at, &tuple))
        return false;
    tcp->ip->accepted++;
    tcp_glance_header_done(glance);
    return true;
}

static FLAT bool knock_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    return knock(tcp, link, glance, false);
}

static FLAT bool knock6_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    return knock(tcp, link, glance, true);
}

static FLAT bool answer_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    struct tcb *tcb = tcp_tcb_at(tcp, glance->flow);
    const uint8_t *l4 = glance->l4;
    struct tcp_header h;
    const struct tcp_said said = {
        .news = {.ack = get_be32(l4 + 8), .wnd = get_be16(l4 + 14)},
        .seq = get_be32(l4 + 4),
        .len = 1,
    };
    if (!tcp_state_is(tcb, CIAO_SYN_SENT) || !(tcb->flags & TCB_IN_FLOW) || tcb->has_side
        || !tcp_glance_is_of(tcb, glance) || !tcp_believes(tcp, link, &tcb->head)
        || said.news.ack != tcb->iss + 1 || tcb->snd.nxt != said.news.ack
        || !takes_options(glance, &h) || !tcp_glance_lone_sums_hold(glance))
        return false;
    tcp->ip->accepted++;
    tcb->ecn = 0; /* if it was asked for: this is not the answer */
    tcp_handshake_answered(tcp, tcb, &said, &h.opt);
    tcp_glance_header_done(glance);
    return true;
}

/* ---- the ACK ---- */

static bool is_of(const struct tcp_syn *syn, const struct tcp_glance *glance)
{
    const struct tcp_syn6 *syn6 = (const struct tcp_syn6 *)(const void *)syn;
    return syn->head.life != 0 && tcp_glance_is_between(&syn->head, &syn6->addresses, glance);
}

static bool is_awaited(const struct tcp_syn *syn, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    bool stamped = glance->header_len != TCP_HEADER_LEN;
    return (l4[13] & ~TCP_PSH) == TCP_ACK && get_be32(l4 + 4) == syn->irs + 1
           && get_be32(l4 + 8) == syn->iss + 1 && get_be16(l4 + 14) != 0
           && stamped == ((syn->agreed & TCB_TS) != 0)
           && !(stamped && seq_lt(get_be32(l4 + 24), syn->ts_recent));
}

/* A TCB without anybody's end: whom to end for it is asked once, on the general way. */
static bool has_room(const struct tcp *tcp, const struct tcp_syn *syn)
{
    const struct pool *pool = syn->head.v6 ? &tcp->tcbs6 : &tcp->tcbs;
    return pool->used != pool->capacity;
}

static FLAT bool ack_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    struct tcp_syn *syn = tcp_syn_at(tcp, glance->flow);
    const uint8_t *l4 = glance->l4;
    if (!is_of(syn, glance) || !tcp_believes(tcp, link, &syn->head) || !is_awaited(syn, glance)
        || !tcp_syn_may_grow_up(tcp, syn) || !has_room(tcp, syn)
        || !tcp_glance_lone_sums_hold(glance))
        return false;
    const struct tcp_said said = {
        .news = {.ack = get_be32(l4 + 8), .wnd = (uint32_t)get_be16(l4 + 14) << syn->peer_wscale},
        .seq = get_be32(l4 + 4),
    };
    tcp_flow_remember(tcp, glance->flow, hash_of(tcp, glance));
    struct tcb *tcb = tcp_syn_grow_up(tcp, glance->flow, syn, &said);
    ASSERT(tcb != NULL);
    tcp->ip->accepted++;
    if (tcb->flags & TCB_TS)
        tcb->ts_recent = get_be32(l4 + 24); /* when it came is known */
    tcp_glance_header_done(glance);
    return true;
}

bool tcp_hello_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    uint8_t flags = glance->l4[13];
    switch (ref_kind(glance->flow)) {
    case KIND_NONE:
        return flags == TCP_SYN
               && (glance->v6 ? knock6_arrives(tcp, link, glance)
                              : knock_arrives(tcp, link, glance));
    case KIND_TCB4:
    case KIND_TCB6: return flags == (TCP_SYN | TCP_ACK) && answer_arrives(tcp, link, glance);
    case KIND_SYN4:
    case KIND_SYN6: return glance->usual && ack_arrives(tcp, link, glance);
    case KIND_TW4:
    case KIND_TW6:
    case KIND_OTHER: break;
    }
    return false;
}
