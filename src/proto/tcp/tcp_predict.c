/*
 * Header prediction: the short way for segments that hold no surprise.  [RFC9293 3.10.7.4]
 *
 * Most segments of most connections are new bytes in order, or the acknowledgement of some, with
 * nothing out of the ordinary on either side.  For those each step of 3.10.7.4 comes down to a few
 * comparisons, which stand here; whatever they do not cover goes the general way (tcp_arrive.c)
 * with nothing changed, so that this file may be left out (config.predict) without anybody being
 * able to tell.  What is done is done by the same functions, or by their usual case beside them.
 *
 *   the frame   IPv4 without options or IPv6 without extension headers, whole and unpadded; TCP
 *               with no option or timestamps alone; ACK, perhaps PSH, no other flag; both checksums
 *   the ends    the flow is in the table, so its addresses were judged when it came about: the
 *               source can be believed, the destination is ours and no group.  That depends on the
 *               link, which must be the flow's, and on our addresses, which must not have changed
 *   first       SEG.SEQ is RCV.NXT, the text lies inside the window, the timestamp is not older
 *   second      no RST;  third is not offered;  fourth, no SYN
 *   fifth       SND.UNA =< SEG.ACK =< SND.NXT; nothing is lost, SACKed or probed for, no FIN of
 *               ours is queued, and both windows are open: tcp_ack_usual()
 *   sixth       no urgent data in either direction
 *   seventh     ESTABLISHED, the program reads, and nothing is held behind a gap:
 *               tcp_receive_usual()
 *   eighth      no FIN, in the segment or remembered
 */
#include "proto/tcp/tcp_predict.h"

#include "base/mostly.h"
#include "proto/ip/ip_internal.h"
#include "proto/tcp/tcp_run.h"
#include "proto/tcp/tcp_send.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define TIMESTAMPS_LEN 12u

/* Flags of a TCB for which some step has more to do than stands here. */
#define UNUSUAL                                                                                   \
    (TCB_FIN_QUEUED | TCB_FIN_RECEIVED | TCB_ORPHAN | TCB_SHUT_RD | TCB_RECOVERY                  \
     | TCB_RTO_RECOVERY | TCB_PERSIST | TCB_PROBE | TCB_SYN_DUE | TCB_FIN_SENT | TCB_HOLD_PARTIAL \
     | TCB_R1_TOLD | TCB_WINDOW_TOLD | TCB_SYN_UNACKED | TCB_KEEPALIVE)

/* ---- the shape ---- */

/* Bytes of a plain IP header that spans what is there; 0: it is none. */
static inline uint32_t plain_ip(const uint8_t *l3, uint32_t there)
{
    if (l3[0] == 0x45) {
        bool plain = l3[9] == IP_PROTO_TCP && (get_be16(l3 + 6) & 0x3fff) == 0;
        return plain && get_be16(l3 + 2) == there ? IP4_HEADER_LEN : 0;
    }
    bool plain = l3[0] >> 4 == 6 && l3[6] == IP_PROTO_TCP;
    return plain && get_be16(l3 + 4) + IP6_HEADER_LEN == there ? IP6_HEADER_LEN : 0;
}

/* Is TCP's header of the kind that is predicted?  Of it `left` bytes are there, 20 or more. */
static inline bool is_plain(const uint8_t *l4, uint32_t left)
{
    if ((l4[13] & ~(TCP_PSH | TCP_FIN)) != TCP_ACK)
        return false;
    return l4[12] == TCP_HEADER_LEN / 4 << 4
           || (l4[12] == (TCP_HEADER_LEN + TIMESTAMPS_LEN) / 4 << 4
               && left >= TCP_HEADER_LEN + TIMESTAMPS_LEN
               && get_be32(l4 + TCP_HEADER_LEN) == TCP_NOP_NOP_TIMESTAMPS);
}

/* The headers lie in the head; the payload behind them, or in fragments, but not in both. */
static inline void glance_at(const struct ciao_link *link, struct ciao_frame *frame,
                             struct tcp_glance *glance)
{
    uint32_t before = ip_plain_start(link, frame);
    glance->frame = frame;
    glance->l4 = NULL;
    if (frame->head_len < before + IP4_HEADER_LEN + TCP_HEADER_LEN)
        return;
    const uint8_t *l3 = frame->head + before;
    uint32_t ip_len = plain_ip(l3, frame->len - before), at = before + ip_len;
    if (ip_len == 0 || frame->head_len < at + TCP_HEADER_LEN)
        return;
    const uint8_t *l4 = l3 + ip_len;
    uint32_t left = frame->head_len - at, header_len = (l4[12] >> 4) * 4u;
    bool plain = is_plain(l4, left);
    bool ends_head = header_len == left && left >= TCP_HEADER_LEN;
    if (frame->n_frags != 0 ? !plain || !ends_head : !plain && !ends_head)
        return;
    glance->l4 = l4;
    glance->header_len = header_len;
    glance->data_len = frame->len - at - header_len;
    glance->usual = plain && (glance->data_len == 0 || !(l4[13] & TCP_FIN));
    glance->v6 = ip_len != IP4_HEADER_LEN;
}

/* ---- whose it is ---- */

static bool same_flow(const struct tcp_glance *a, const struct tcp_glance *b)
{
    if (a->v6 != b->v6 || memcmp(a->l4, b->l4, 4) != 0)
        return false;
    return a->v6 ? memcmp(a->l4 - 32, b->l4 - 32, 32) == 0 : memcmp(a->l4 - 8, b->l4 - 8, 8) == 0;
}

static void fetch_record(const struct tcp *tcp, struct tcp_glance *glance)
{
    struct flow_cursor cursor;
    glance->flow = flow_first(&tcp->flows, glance->hash, &cursor);
    tcp_prefetch(tcp, glance->flow);
}

static inline __attribute__((always_inline)) void glance_at_one(struct tcp *tcp,
                                                                const struct ciao_link *link,
                                                                struct ciao_frame *frame,
                                                                struct tcp_glance *glance)
{
    glance_at(link, frame, glance);
    if (glance->l4 == NULL)
        return;
    glance->flow = tcp->recent_flow;
    glance->hashed = false;
    glance->is_flow =
        glance->flow != REF_NONE && tcp_glance_is_of(tcp_tcb_at(tcp, glance->flow), glance);
    if (glance->is_flow)
        return;
    glance->hashed = true;
    glance->hash = tcp_glance_hash(tcp, glance);
    fetch_record(tcp, glance);
}

static inline bool is_off(const struct tcp *tcp)
{
    return !tcp->config->predict || trace_on(tcp->trace, CIAO_EVENTS_WIRE);
}

/* First all hashes, then all records: each look waits for memory once, not once a frame. */
void tcp_glance_all(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    struct tcp_glance *glances)
{
    const struct ciao_link *entry = ip_link(tcp->ip, link);
    const struct tcp_glance *last = NULL;
    bool several = false;
    tcp_judged(tcp);
    if (is_off(tcp)) {
        for (unsigned i = 0; i < n; i++) {
            glances[i].frame = frames[i];
            glances[i].l4 = NULL;
        }
        return;
    }
    glance_at_one(tcp, entry, frames[0], &glances[0]);
    if (glances[0].l4 != NULL)
        last = &glances[0];
    for (unsigned i = 1; i < n; i++) {
        struct tcp_glance *glance = &glances[i];
        glance_at(entry, frames[i], glance);
        glance->hashed = false;
        if (glance->l4 == NULL)
            continue;
        if (last != NULL && same_flow(last, glance)) {
            glance->flow = last->flow;
        } else {
            glance->hash = tcp_glance_hash(tcp, glance);
            glance->hashed = several = true;
            flow_prefetch(&tcp->flows, glance->hash);
        }
        last = glance;
    }
    ref_t flow = glances[0].l4 != NULL ? glances[0].flow : REF_NONE;
    for (unsigned i = 1; several && i < n; i++) {
        if (glances[i].l4 == NULL)
            continue;
        if (glances[i].hashed)
            fetch_record(tcp, &glances[i]);
        else
            glances[i].flow = flow;
        flow = glances[i].flow;
    }
}

/* ---- checksums of what is not in one piece ---- */

uint32_t tcp_glance_sum_of_pieces(const struct csum_ops *csum, const struct ciao_frame *frame)
{
    uint32_t sum = 0;
    bool odd = false;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        sum = csum_combine(sum, csum_any(csum, frame->frag[i].ptr, frame->frag[i].len), odd);
        odd ^= frame->frag[i].len & 1;
    }
    return sum;
}

/* ---- the steps ---- */

static inline bool has_no_trouble(const struct tcp_side *side, const struct tcp_queue *queue)
{
    return (side->rack | side->sacked_bytes | side->lost_bytes | queue->out_of_order_first) == 0;
}

/* Nothing about the connection is out of the ordinary. */
static inline bool is_usual(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcb->flags & (UNUSUAL | TCB_IN_FLOW)) == TCB_IN_FLOW
           && tcp_state_is(tcb, CIAO_ESTABLISHED)
           && (tcb->urgent | tcb->ecn | tcb->fin_seen | tcb->backoff
               | (tcb->repair & ~REPAIR_TAIL_SET))
                  == 0
           && tcb->snd.wnd != 0 && tcb->head.life >= tcp->judged_life && tcb->has_side;
}

/* First and fifth: as the head of this file says. */
static inline bool is_next(const struct tcb *tcb, const struct tcp_glance *glance,
                           const struct tcp_news *news)
{
    const uint8_t *l4 = glance->l4;
    bool stamped = glance->header_len != TCP_HEADER_LEN;
    return get_be32(l4 + 4) == tcb->rcv.nxt && glance->data_len <= tcb->rcv.edge - tcb->rcv.nxt
           && news->ack - tcb->snd.una <= tcb->snd.nxt - tcb->snd.una && news->wnd != 0
           && (glance->data_len != 0 || news->ack != tcb->snd.una)
           && stamped == ((tcb->flags & TCB_TS) != 0)
           && !(stamped && seq_lt(get_be32(l4 + 24), tcb->ts_recent));
}

/* All steps.  `flows`: the TCB is known to be the flow's. */
__attribute__((always_inline)) static inline bool predict(struct tcp *tcp, int link,
                                                          const struct tcp_glance *glance,
                                                          bool flows)
{
    struct tcb *tcb = tcp_tcb_at(tcp, glance->flow);
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_news news = {
        .ack = get_be32(glance->l4 + 8),
        .wnd = (uint32_t)get_be16(glance->l4 + 14) << tcb->snd_wscale,
    };
    bool usual = MOSTLY(tcb->head.link == link) && MOSTLY(flows || tcp_glance_is_of(tcb, glance))
                 && MOSTLY(is_usual(tcp, tcb)) && MOSTLY(has_no_trouble(side, tcp_queue(tcp, tcb)))
                 && MOSTLY(is_next(tcb, glance, &news));
    if (!MOSTLY(usual) || !MOSTLY(tcp_glance_sums_hold(tcp, glance)))
        return false;
    tcp->recent_flow = glance->flow;
    tcp->ip->accepted++;
    side->segments_received += tcp_glance_segments(glance);
    tcp_glance_remember_timestamp(glance, tcb, tcp_now_ms(tcp));
    if (glance->header_len != TCP_HEADER_LEN)
        news.ts_ecr = get_be32(glance->l4 + 28);
    tcp_ack_usual(tcp, tcb, side, &news);
    tcb->last_received_ms = tcp_now_ms(tcp);
    if (glance->data_len != 0)
        tcp_receive_usual(tcp, tcb, side, glance);
    tcp_glance_done(glance);
    return true;
}

/* ---- one after the other ---- */

/* What a segment says besides its number and its text. */
struct said {
    uint32_t ack, wnd, header_len;
    uint64_t times;
};

static inline struct said said_by(const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    bool stamped = glance->header_len != TCP_HEADER_LEN;
    return (struct said){
        .ack = get_be32(l4 + 8),
        .wnd = get_be16(l4 + 14),
        .header_len = glance->header_len,
        .times = stamped ? get_be64(l4 + 24) : 0,
    };
}

/* Of the flow of the one before, it has text, and says the same. */
static inline bool repeats(const struct tcp_glance *glance, const struct said *said)
{
    if (glance->l4 == NULL || glance->hashed || !glance->usual || glance->data_len == 0)
        return false;
    struct said now = said_by(glance);
    return now.ack == said->ack && now.wnd == said->wnd && now.header_len == said->header_len
           && now.times == said->times;
}

/* The seventh step where one segment follows the last bytes in memory, is no longer than the
 * longest of them, and an ACK of both is due already: the run grows, and nothing is decided anew.
 * False: it is not so, and nothing has changed. */
static inline bool receive_more(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side,
                                const struct tcp_glance *glance)
{
    const struct ciao_frag *frag = &glance->frame->frag[0];
    const uint32_t due = TCB_ACK_NOW | TCB_LISTED;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (glance->frame->n_frags != 1 || glance->frame->segments > 1 || (tcb->flags & due) != due
        || tcb->quick_acks != 0 || glance->data_len > tcb->rmss || queue->in_order_first == 0)
        return false;
    struct tcp_run *last = tcp_run_at(tcp, queue->in_order_last);
    if (frag->buf != last->buf || frag->ptr != last->ptr + last->len
        || tcb->rcv.nxt - tcb->last_ack_sent < 2 * tcp_full_segment(tcb))
        return false;
    tcb->last_data_ms = tcp_now_ms(tcp);
    tcb->dialogue |= DIALOGUE_HEARD;
    last->len += glance->data_len;
    tcb->rcv.nxt += glance->data_len;
    queue->in_order_bytes += glance->data_len;
    side->data_received++;
    side->bytes_received += glance->data_len;
    tcp_note(tcp, tcb, CIAO_DID_DATA_DELIVERED, glance->data_len, queue->in_order_bytes);
    tcp_told_data(tcp, tcb);
    return true;
}

/* What repeats the one before it, which was predicted, has nothing new but its text: of the fifth
 * step there is only that the window was told by a later segment. */
static inline bool predict_text(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side,
                                const struct tcp_glance *glance)
{
    seq_t seq = get_be32(glance->l4 + 4);
    if (seq != tcb->rcv.nxt || glance->data_len > tcb->rcv.edge - tcb->rcv.nxt
        || !seq_lt(tcb->snd.wl1, seq) || tcb->snd.wl2 != tcb->snd.una
        || !tcp_glance_sums_hold(tcp, glance))
        return false;
    tcp->ip->accepted++;
    side->segments_received += tcp_glance_segments(glance);
    tcb->snd.wl1 = seq;
    if (!receive_more(tcp, tcb, side, glance))
        tcp_receive_usual(tcp, tcb, side, glance);
    tcp_glance_done(glance);
    return true;
}

/* It acknowledges no bytes of ours, or says goodbye. */
static inline bool is_lone(const struct tcp *tcp, const struct tcp_glance *glance)
{
    return glance->data_len == 0
           && ((glance->l4[13] & TCP_FIN) || !tcp_tcb_at(tcp, glance->flow)->has_side);
}

static __attribute__((noinline)) unsigned predict_run(struct tcp *tcp, int link,
                                                      const struct tcp_glance *glances, unsigned n)
{
    const struct said said = said_by(&glances[0]); /* it may be gone before the next is looked at */
    if (tcp->judgements != tcp->ip->judgements || !predict(tcp, link, &glances[0], false))
        return 0;
    struct tcb *tcb = tcp_tcb_at(tcp, glances[0].flow);
    struct tcp_side *side = tcp_side(tcp, tcb);
    unsigned done = 1;
    while (done < n && tcb->snd.wnd == said.wnd << tcb->snd_wscale && repeats(&glances[done], &said)
           && predict_text(tcp, tcb, side, &glances[done]))
        done++;
    return done;
}

unsigned tcp_predict(struct tcp *tcp, int link, const struct tcp_glance *glances, unsigned n)
{
    if (is_lone(tcp, &glances[0]))
        return tcp_lone_arrives(tcp, link, &glances[0]);
    return predict_run(tcp, link, glances, n);
}

bool tcp_predict_alone(struct tcp *tcp, int link, struct ciao_frame *frame,
                       struct tcp_glance *glance)
{
    tcp_judged(tcp);
    glance->l4 = NULL;
    if (is_off(tcp))
        return false;
    glance_at_one(tcp, ip_link(tcp->ip, link), frame, glance);
    if (!tcp_glance_is_usual(glance))
        return false;
    if (is_lone(tcp, glance))
        return tcp_lone_arrives(tcp, link, glance);
    return predict(tcp, link, glance, glance->is_flow);
}
