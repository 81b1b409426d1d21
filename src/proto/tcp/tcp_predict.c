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
 *               receive_usual()
 *   eighth      no FIN, in the segment or remembered
 */
#include "proto/tcp/tcp_predict.h"

#include "base/mostly.h"
#include "proto/ip/ip_internal.h"
#include "proto/tcp/tcp_ack_later.h"
#include "proto/tcp/tcp_ack_usual.h"
#include "proto/tcp/tcp_run.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

#define TIMESTAMPS_LEN 12u

/* Flags of a TCB for which some step has more to do than stands here. */
#define UNUSUAL                                                                                   \
    (TCB_FIN_QUEUED | TCB_FIN_RECEIVED | TCB_ORPHAN | TCB_SHUT_RD | TCB_RECOVERY                  \
     | TCB_RTO_RECOVERY | TCB_PERSIST | TCB_PROBE | TCB_SYN_DUE | TCB_FIN_SENT | TCB_HOLD_PARTIAL \
     | TCB_R1_TOLD | TCB_WINDOW_TOLD | TCB_SYN_UNACKED | TCB_KEEPALIVE)

/* ---- the shape ---- */

/* The first eight bytes of a plain IP header, less what may be anything.  Of IPv4 version, header's
 * and datagram's length, and what makes a fragment; of IPv6 version, payload's length, protocol. */
#define IP4_FIRST     UINT64_C(0xff00ffff00003fff)
#define IP4_FIRST_IS  (UINT64_C(0x45) << 56)
#define IP4_FIRST_LEN 32
#define IP6_FIRST     UINT64_C(0xf0000000ffffff00)
#define IP6_FIRST_IS  (UINT64_C(6) << 60 | IP_PROTO_TCP << 8)
#define IP6_FIRST_LEN 16

/* Is it a plain header that spans what is there? */
static inline bool is_plain_ip4(const uint8_t *l3, uint32_t there)
{
    const uint64_t first = IP4_FIRST_IS | (uint64_t)there << IP4_FIRST_LEN;
    return (get_be64(l3) & IP4_FIRST) == first && l3[9] == IP_PROTO_TCP;
}

static inline bool is_plain_ip6(const uint8_t *l3, uint32_t there)
{
    const uint64_t first = IP6_FIRST_IS | (uint64_t)(there - IP6_HEADER_LEN) << IP6_FIRST_LEN;
    return (get_be64(l3) & IP6_FIRST) == first;
}

/* How long TCP's header is if it is of the kind that is predicted, else 0.  Of it `left` bytes are
 * there, 20 or more. */
static inline uint32_t plain_len(const uint8_t *l4, uint32_t left)
{
    const uint32_t stamped_len = TCP_HEADER_LEN + TIMESTAMPS_LEN;
    uint32_t says = get_be16(l4 + 12) & ~(uint32_t)(TCP_PSH | TCP_FIN);
    if (says == (TCP_HEADER_LEN << 10 | TCP_ACK))
        return TCP_HEADER_LEN;
    return says == (stamped_len << 10 | TCP_ACK) && left >= stamped_len
                   && get_be32(l4 + TCP_HEADER_LEN) == TCP_NOP_NOP_TIMESTAMPS
               ? stamped_len
               : 0;
}

#define WRITTEN_OUT static inline __attribute__((always_inline))

/* TCP's header is `at` in the head, behind IP's.  The headers lie in the head; the payload behind
 * them, or in fragments, but not in both. */
WRITTEN_OUT bool glance_at_tcp(const struct ciao_frame *frame, uint32_t at, bool v6,
                               struct tcp_glance *glance)
{
    const uint8_t *l4 = frame->head + at;
    uint32_t left = frame->head_len - at, plain = plain_len(l4, left);
    uint32_t header_len = plain != 0 ? plain : (l4[12] >> 4) * 4u;
    bool ends_head = header_len == left;
    if (!(plain != 0 && ends_head) && (frame->n_frags != 0 || (plain == 0 && !ends_head)))
        return false;
    glance->l4 = l4;
    glance->header_len = header_len;
    glance->data_len = frame->len - at - header_len;
    glance->usual = plain != 0 && (glance->data_len == 0 || !(l4[13] & TCP_FIN));
    glance->v6 = v6;
    glance->hashed = false;
    return true;
}

/* IP's is `before` in it; not as much is in a head that goes to somebody else. */
WRITTEN_OUT bool glance_at_ip(const struct ciao_frame *frame, uint32_t before,
                              struct tcp_glance *glance)
{
    const uint8_t *l3 = frame->head + before;
    uint32_t head_len = frame->head_len - before, there = frame->len - before;
    if (frame->head_len < before + IP4_HEADER_LEN + TCP_HEADER_LEN)
        return false;
    if (MOSTLY(is_plain_ip4(l3, there)))
        return glance_at_tcp(frame, before + IP4_HEADER_LEN, false, glance);
    return head_len >= IP6_HEADER_LEN + TCP_HEADER_LEN && is_plain_ip6(l3, there)
           && glance_at_tcp(frame, before + IP6_HEADER_LEN, true, glance);
}

static __attribute__((noinline)) bool glance_at_ethernet(const struct ciao_link *link,
                                                         const struct ciao_frame *frame,
                                                         struct tcp_glance *glance)
{
    return glance_at_ip(frame, ip_plain_start(link, frame), glance);
}

WRITTEN_OUT bool glance_at(const struct ciao_link *link, struct ciao_frame *frame,
                           struct tcp_glance *glance)
{
    glance->frame = frame;
    if (link->kind == CIAO_LINK_ETHERNET ? glance_at_ethernet(link, frame, glance)
                                         : glance_at_ip(frame, 0, glance))
        return true;
    glance->l4 = NULL;
    return false;
}

/* ---- whose it is ---- */

static inline bool same_flow(const struct tcp_glance *a, const struct tcp_glance *b)
{
    if (memcmp(a->l4, b->l4, 4) != 0 || a->v6 != b->v6)
        return false;
    return a->v6 ? memcmp(a->l4 - 32, b->l4 - 32, 32) == 0 : memcmp(a->l4 - 8, b->l4 - 8, 8) == 0;
}

static inline bool is_off(const struct tcp *tcp)
{
    return !tcp->config->predict || trace_on(tcp->trace, CIAO_EVENTS_WIRE);
}

/* Of one that is alone. */
static void find_flow(const struct tcp *tcp, struct tcp_glance *glance)
{
    glance->hashed = true;
    glance->hash = tcp_glance_hash(tcp, glance);
    glance->flow = flow_look(&tcp->flows, glance->hash, flow_home(&tcp->flows, glance->hash));
    tcp_prefetch(tcp, glance->flow);
}

WRITTEN_OUT void hash_all(const struct tcp *tcp, const struct ciao_link *link,
                          struct ciao_frame *const *frames, struct tcp_glance *first,
                          const struct tcp_glance *end)
{
    const struct tcp_glance *last = NULL;
    for (struct tcp_glance *glance = first; glance != end; glance++) {
        if (!glance_at(link, *frames++, glance))
            continue;
        if (last == NULL || !same_flow(last, glance)) {
            glance->hash = tcp_glance_hash(tcp, glance);
            glance->home = flow_home(&tcp->flows, glance->hash);
            glance->hashed = true;
            flow_prefetch_home(&tcp->flows, glance->home);
        }
        last = glance;
    }
}

/* First all hashes, then all records: each look waits for memory once, not once a frame. */
void tcp_glance_all(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    struct tcp_glance *glances)
{
    const struct ciao_link *entry = ip_link(tcp->ip, link);
    const struct tcp_glance *end = glances + n;
    ref_t flow = REF_NONE;
    tcp_judged(tcp);
    if (is_off(tcp)) {
        for (; glances != end; glances++)
            *glances = (struct tcp_glance){.frame = *frames++};
        return;
    }
    hash_all(tcp, entry, frames, glances, end);
    const bool many = tcp_has_many_tcbs(tcp);
    for (; glances != end; glances++) {
        if (glances->l4 == NULL)
            continue;
        if (glances->hashed) {
            flow = flow_look(&tcp->flows, glances->hash, glances->home);
            if (many && tcp_ref_is_tcb(flow))
                tcp_prefetch_tcb(tcp, flow);
        }
        glances->flow = flow;
    }
}

/* ---- checksums of what is not in one piece ---- */

/* The last piece first: what was written last is still in the cache, and what is summed last is
 * read first. */
uint32_t tcp_glance_sum_of_pieces(const struct csum_ops *csum, const struct ciao_frame *frame)
{
    uint32_t sum = 0;
    for (uint32_t i = frame->n_frags; i-- > 0;) {
        const struct ciao_frag *frag = &frame->frag[i];
        sum = csum_combine(csum_any(csum, frag->ptr, frag->len), sum, frag->len & 1);
    }
    return sum;
}

/* ---- seventh: text in order, and nothing else ---- */

/* There is no memory for all of it. */
static __attribute__((noinline)) void refuse_rest(struct tcp *tcp, const struct tcb *tcb,
                                                  struct tcp_glance glance)
{
    struct tcp_segment seg = {.segments = (uint16_t)tcp_glance_segments(&glance)};
    const struct ip_packet packet = {.l4_len = glance.header_len + glance.data_len};
    enum wire_fault fault = tcp_parse(glance.l4, glance.header_len, &seg.h);
    ASSERT(fault == WIRE_OK);
    seg.packet = &packet;
    seg.wnd = (uint32_t)seg.h.wnd << tcb->snd_wscale;
    tcp_drop(tcp, tcp_at(tcb), CIAO_DROP_RECEIVE_BUFFER_FULL, &seg);
}

static __attribute__((noinline)) uint32_t take_pieces(struct tcp *tcp, struct tcb *tcb,
                                                      struct tcp_queue *queue,
                                                      const struct ciao_frame *frame)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        const struct ciao_frag *frag = &frame->frag[i];
        const struct tcp_part part = {frag->ptr, frag->len, frag->buf, tcb->rcv.nxt + taken};
        if (!tcp_run_take(tcp, tcb, queue, &part))
            break;
        taken += part.len;
    }
    return taken;
}

/* The program has read all there was, and the record of the last run is there to be used again.
 * False: it is not so, or a copy is better than a reference; nothing has changed. */
static inline bool take_as_only(const struct tcp *tcp, struct tcp_queue *queue, seq_t seq,
                                const struct tcp_glance *glance)
{
    const struct ciao_frag *frag = &glance->frame->frag[0];
    if (glance->frame->n_frags != 1 || queue->in_order_first != 0 || queue->in_order_last == 0
        || !tcp_run_is_worth(frag->buf, glance->data_len))
        return false;
    uint32_t charge = ciao_buf_charge(frag->buf);
    *tcp_run_at(tcp, queue->in_order_last) = (struct tcp_run){
        .next = 0,
        .start = seq,
        .len = glance->data_len,
        .charge = charge,
        .ptr = frag->ptr,
        .buf = frag->buf,
    };
    glance->frame->n_frags = 0; /* the reference has moved */
    queue->in_order_first = queue->in_order_last;
    queue->charged_bytes += charge;
    return true;
}

/* How many bytes were taken. */
static inline uint32_t take_all(struct tcp *tcp, struct tcb *tcb, struct tcp_queue *queue,
                                const struct tcp_glance *glance)
{
    const struct ciao_frame *frame = glance->frame;
    if (frame->n_frags > 1)
        return take_pieces(tcp, tcb, queue, frame);
    bool in_head = frame->n_frags == 0;
    const struct tcp_part part = {
        .ptr = in_head ? glance->l4 + glance->header_len : frame->frag[0].ptr,
        .len = glance->data_len,
        .buf = in_head ? frame->buf : frame->frag[0].buf,
        .seq = tcb->rcv.nxt,
    };
    return tcp_run_take(tcp, tcb, queue, &part) ? part.len : 0;
}

/* All of it is new, in order and in the window, and nothing is held behind a gap.  The payload's
 * reference may move from the frame to the queue. */
WRITTEN_OUT void receive_usual(struct tcp *tcp, struct tcb *tcb, struct tcp_side *side,
                               const struct tcp_glance *glance, uint32_t segments)
{
    if (!tcp_queue_attach(tcp, tcb)) {
        refuse_rest(tcp, tcb, *glance);
        return;
    }
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    tcb->last_data_ms = tcp_now_ms(tcp);
    side->data_received += segments;
    uint32_t taken = glance->data_len;
    if (!take_as_only(tcp, queue, tcb->rcv.nxt, glance))
        taken = take_all(tcp, tcb, queue, glance);
    if (__builtin_expect(taken != glance->data_len, 0))
        refuse_rest(tcp, tcb, *glance);
    tcb->rcv.nxt += taken;
    queue->in_order_bytes += taken;
    tcp_ack_in_order(tcp, tcb, taken, segments);
    side->bytes_received += taken;
    tcp_note(tcp, tcb, CIAO_DID_DATA_DELIVERED, taken, queue->in_order_bytes);
    tcp_told_data(tcp, tcb);
}

/* The same behind others, where it is rarer. */
static __attribute__((noinline)) void receive_rarely(struct tcp *tcp, struct tcb *tcb,
                                                     struct tcp_side *side,
                                                     const struct tcp_glance *glance)
{
    receive_usual(tcp, tcb, side, glance, tcp_glance_segments(glance));
}

/* ---- the steps ---- */

static inline bool has_no_trouble(const struct tcp_side *side, const struct tcp_queue *queue)
{
    return (side->rack | side->sacked_bytes | side->lost_bytes | queue->out_of_order_first) == 0;
}

/* Nothing about the connection is out of the ordinary. */
static inline bool is_usual(const struct tcp *tcp, const struct tcb *tcb)
{
    static const uint8_t odd[] = {
        [TCB_BYTE(urgent)] = 0xff,
        [TCB_BYTE(ecn)] = 0xff,
        [TCB_BYTE(fin_seen)] = 0xff,
        [TCB_BYTE(backoff)] = 0xff,
        [TCB_BYTE(repair)] = (uint8_t)~REPAIR_TAIL_SET,
        [TCB_BYTE(dup_thresh)] = 0,
    };
    return (tcb->flags & (UNUSUAL | TCB_IN_FLOW)) == TCB_IN_FLOW
           && tcp_state_is(tcb, CIAO_ESTABLISHED) && tcb_is_clear(tcb, odd) && tcb->snd.wnd != 0
           && tcb->head.life >= tcp->judged_life && tcb->has_side;
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

/* All steps.  `recent`: the TCB is known to be the flow's. */
__attribute__((always_inline)) static inline bool predict(struct tcp *tcp, int link,
                                                          const struct tcp_glance *glance,
                                                          bool recent, uint32_t segments)
{
    struct tcb *tcb = tcp_tcb_at(tcp, glance->flow);
    struct tcp_side *side = tcp_side(tcp, tcb);
    struct tcp_news news = {
        .ack = get_be32(glance->l4 + 8),
        .wnd = (uint32_t)get_be16(glance->l4 + 14) << tcb->snd_wscale,
    };
    bool usual = MOSTLY(tcb->head.link == link) && MOSTLY(recent || tcp_glance_is_of(tcb, glance))
                 && MOSTLY(is_usual(tcp, tcb)) && MOSTLY(has_no_trouble(side, tcp_queue(tcp, tcb)))
                 && MOSTLY(is_next(tcb, glance, &news));
    if (!MOSTLY(usual) || !MOSTLY(tcp_glance_sums_hold(tcp, glance)))
        return false;
    if (!recent)
        tcp->recent_flow = glance->flow;
    tcp->ip->accepted++;
    side->segments_received += segments;
    tcp_glance_remember_timestamp(glance, tcb, tcp_now_ms(tcp));
    if (glance->header_len != TCP_HEADER_LEN)
        news.ts_ecr = get_be32(glance->l4 + 28);
    tcp_ack_usual(tcp, tcb, side, &news);
    tcb->last_received_ms = tcp_now_ms(tcp);
    if (glance->data_len != 0)
        receive_usual(tcp, tcb, side, glance, segments);
    tcp_glance_done(glance);
    return true;
}

/* ---- one after the other ---- */

/* What a segment says besides its number and its text, as it lies: SEG.ACK, the header's length,
 * flags (PSH aside) and window; and the timestamps. */
struct said {
    uint64_t ack, times;
    uint32_t wnd;
};

static inline uint64_t lies_at(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline struct said said_by(const struct tcp_glance *glance)
{
    const uint64_t but_psh = BYTES_BE64(~((uint64_t)TCP_PSH << 16));
    const uint8_t *l4 = glance->l4;
    bool stamped = glance->header_len != TCP_HEADER_LEN;
    return (struct said){
        .ack = lies_at(l4 + 8) & but_psh,
        .times = stamped ? lies_at(l4 + 24) : 0,
        .wnd = get_be16(l4 + 14),
    };
}

/* Of the flow of the one before, it has text, and says the same. */
static inline bool repeats(const struct tcp_glance *glance, const struct said *said)
{
    if (glance->l4 == NULL || glance->hashed || !glance->usual || glance->data_len == 0)
        return false;
    struct said now = said_by(glance);
    return now.ack == said->ack && now.times == said->times;
}

/* The seventh step where one segment follows the last bytes in memory, is no longer than the
 * longest of them, and an ACK of both is due already: the run grows, and nothing is decided anew;
 * the program is told of all of them together.
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
        receive_rarely(tcp, tcb, side, glance);
    tcp_glance_done(glance);
    return true;
}

/* Is it of a kind that is predicted, and there is a TCB? */
static inline bool is_usual_glance(const struct tcp_glance *glance)
{
    return glance->usual && tcp_ref_is_tcb(glance->flow);
}

/* It acknowledges no bytes of ours, or says goodbye. */
static inline bool is_lone(const struct tcb *tcb, const struct tcp_glance *glance)
{
    return glance->data_len == 0 && ((glance->l4[13] & TCP_FIN) || !tcb->has_side);
}

static __attribute__((noinline)) const struct tcp_glance *predict_run(
    struct tcp *tcp, int link, const struct tcp_glance *first, const struct tcp_glance *end)
{
    const struct said said = said_by(first); /* it may be gone before the next is looked at */
    if (tcp->judgements != tcp->ip->judgements
        || !predict(tcp, link, first, false, tcp_glance_segments(first)))
        return first;
    const struct tcp_glance *next = first + 1;
    struct tcb *tcb = tcp_tcb_at(tcp, first->flow);
    struct tcp_side *side = tcp_side(tcp, tcb);
    bool same = tcb->snd.wnd == said.wnd << tcb->snd_wscale; /* none later has told of it */
    while (same && next != end && repeats(next, &said) && predict_text(tcp, tcb, side, next))
        next++;
    if (next != first + 1)
        tcp_told_data(tcp, tcb);
    return next;
}

/* A header that belongs to no record whose segments are predicted, or did not turn out to. */
static bool header_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance)
{
    return glance->data_len == 0
           && (tcp_hello_arrives(tcp, link, glance) || tcp_plain_arrives(tcp, link, glance));
}

const struct tcp_glance *tcp_predict(struct tcp *tcp, int link, const struct tcp_glance *first,
                                     const struct tcp_glance *end)
{
    if (first->l4 == NULL)
        return first;
    if (is_usual_glance(first)) {
        struct tcb *tcb = tcp_tcb_at(tcp, first->flow);
        const struct tcp_glance *next = first;
        if (!is_lone(tcb, first))
            next = predict_run(tcp, link, first, end);
        else if (tcp_lone_arrives(tcp, tcb, link, first))
            next = first + 1;
        if (next != first)
            return next;
    }
    return header_arrives(tcp, link, first) ? first + 1 : first;
}

/* Not text of the flow whose segment came before. */
static __attribute__((noinline)) bool another_arrives(struct tcp *tcp, int link,
                                                      struct ciao_frame *frame)
{
    struct tcp_glance glance;
    bool done = false;
    if (!glance_at(ip_link(tcp->ip, link), frame, &glance))
        return false;
    find_flow(tcp, &glance);
    if (is_usual_glance(&glance)) {
        struct tcb *tcb = tcp_tcb_at(tcp, glance.flow);
        done = is_lone(tcb, &glance)
                   ? tcp_lone_arrives(tcp, tcb, link, &glance)
                   : predict(tcp, link, &glance, false, tcp_glance_segments(&glance));
    }
    return done || header_arrives(tcp, link, &glance);
}

/* One segment: behind a plain header of IP, TCP's with timestamps and nothing else ends the head,
 * and there is text. */
WRITTEN_OUT bool is_stamped_text(const struct ciao_frame *frame, bool v6, struct tcp_glance *glance)
{
    const uint32_t at = v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
    const uint32_t header_len = TCP_HEADER_LEN + TIMESTAMPS_LEN;
    const uint8_t *l3 = frame->head, *l4 = l3 + at;
    if (!MOSTLY(frame->segments <= 1) || !MOSTLY(frame->head_len == at + header_len)
        || !MOSTLY(frame->len > at + header_len)
        || !MOSTLY(v6 ? is_plain_ip6(l3, frame->len) : is_plain_ip4(l3, frame->len))
        || !MOSTLY((get_be16(l4 + 12) & ~(uint32_t)TCP_PSH) == (header_len << 10 | TCP_ACK))
        || !MOSTLY(get_be32(l4 + TCP_HEADER_LEN) == TCP_NOP_NOP_TIMESTAMPS))
        return false;
    glance->l4 = l4;
    glance->header_len = header_len;
    glance->data_len = frame->len - at - header_len;
    glance->v6 = v6;
    return true;
}

WRITTEN_OUT bool text_arrives(struct tcp *tcp, int link, struct ciao_frame *frame, bool v6)
{
    struct tcp_glance glance = {.frame = frame, .flow = tcp->recent_flow, .usual = true};
    return MOSTLY(is_stamped_text(frame, v6, &glance)) && MOSTLY(glance.flow != REF_NONE)
           && MOSTLY(tcp_glance_is_of(tcp_tcb_at(tcp, glance.flow), &glance))
           && MOSTLY(predict(tcp, link, &glance, true, 1));
}

bool tcp_predict_alone(struct tcp *tcp, int link, const struct ciao_link *entry,
                       struct ciao_frame *frame)
{
    tcp_judged(tcp);
    if (is_off(tcp))
        return false;
    if (MOSTLY(entry->kind != CIAO_LINK_ETHERNET)
        && (ref_kind(tcp->recent_flow) == KIND_TCB6 ? text_arrives(tcp, link, frame, true)
                                                    : text_arrives(tcp, link, frame, false)))
        return true;
    return another_arrives(tcp, link, frame);
}
