/*
 * SYN cookies: a handshake without a record.  [RFC4987 3.6 4987-1]
 *
 * When the queue of half-open connections is full, what a record would hold is put into the numbers
 * that the peer must give back: our initial sequence number carries a keyed hash of the tuple, a
 * slow clock and the MSS, and our timestamp's low bits carry the window scale and SACK.  An ACK
 * that brings both back makes the connection.
 *
 * ISS = H(tuple, IRS, minute) with the minute's low bits and the index of the MSS in its top byte.
 */
#include "base/siphash.h"
#include "proto/tcp/tcp_syn.h"
#include "wire/addr.h"

#define COOKIE_MINUTE_US 64000000u
#define COOKIE_MINUTES   2u /* as old as this is taken back */

static const uint16_t mss_steps[8] = {216, 536, 1220, 1360, 1440, 1448, 4312, 8940};

static uint32_t mss_index(uint16_t mss)
{
    uint32_t index = 7;
    while (index > 0 && mss_steps[index] > mss)
        index--;
    return index;
}

static uint32_t minute_of(time_us now)
{
    return (uint32_t)(now / COOKIE_MINUTE_US) & 31;
}

static uint32_t hash_of(const struct tcp *tcp, const struct tcp_tuple *tuple, seq_t irs,
                        uint32_t top)
{
    uint64_t words[TCP_TUPLE_WORDS + 1];
    unsigned n = tcp_tuple_words(tuple, words);
    words[n++] = (uint64_t)irs << 8 | top;
    return (uint32_t)siphash24_u64s(tcp->cookie_key, words, n) & 0xffffff;
}

/* The low six bits of our timestamp: shift (15: none) and SACK. */
static uint32_t stamp_of(const struct tcp *tcp, uint32_t offset, const struct tcp_options *opt)
{
    uint32_t shift = opt->wscale < TCP_WSCALE_MAX ? opt->wscale : TCP_WSCALE_MAX;
    uint32_t bits = (opt->has_wscale ? shift : 15u) | (opt->sack_permitted ? 16u : 0u);
    uint32_t now = tcp_ts_now(tcp, 0);
    uint32_t stamp = (now & ~63u) | bits;
    return (stamp > now ? stamp - 64 : stamp) + offset;
}

/* The number of a cookie: by the minute, and the MSS that it stands for. */
static seq_t number_of(const struct tcp *tcp, const struct tcp_tuple *tuple, seq_t irs,
                       uint32_t top)
{
    return top << 24 | hash_of(tcp, tuple, irs, top);
}

/* After a TIME-WAIT of the same tuple the number has to lie above all the old ones [RFC9293 3.6.1
 * MAY-2]: a smaller MSS, or the minute before, gives another.  False: none does. */
static bool choose_number(const struct tcp *tcp, const struct tcp_tuple *tuple,
                          const struct tcp_segment *seg, seq_t above, seq_t *number)
{
    uint32_t minute = minute_of(tcp->now);
    uint32_t mss = mss_index(seg->h.opt.has_mss ? seg->h.opt.mss : 536);
    for (uint32_t ago = 0; ago < COOKIE_MINUTES; ago++) {
        for (uint32_t less = 0; less <= mss; less++) {
            uint32_t top = ((minute - ago) & 31) << 3 | (mss - less);
            *number = number_of(tcp, tuple, seg->seq, top);
            if (above == 0 || seq_gt(*number, above))
                return true;
        }
    }
    return false;
}

bool tcp_cookie_send(struct tcp *tcp, struct tcp_listener *listener, const struct tcp_segment *seg,
                     const struct tcp_tuple *tuple, seq_t iss_above)
{
    seq_t number;
    if (!choose_number(tcp, tuple, seg, iss_above, &number))
        return false;
    const struct ciao_settings *settings = tcp_settings(tcp, listener->settings);
    const struct tcp_options *theirs = &seg->h.opt;
    uint32_t offset = tcp_pair_ts_offset(tcp, &tuple->local, &tuple->remote);
    struct ip_path path;
    if (ip_path_to(tcp->ip, &tuple->remote, &tuple->local, &path) != 0)
        path = (struct ip_path){.link = (uint8_t)seg->packet->link};
    struct tcp_bare bare = {
        .tuple = *tuple,
        .at = {listener->head.life, CIAO_LISTEN},
        .h = {.seq = number, .ack = seg->seq + 1, .flags = TCP_SYN | TCP_ACK},
        .route = path.route,
        .link = path.link,
        .ttl = settings->ttl,
        .tos = settings->tos,
    };
    bare.h.wnd = (uint16_t)tcp_window_initial(settings);
    bare.h.opt.has_mss = true;
    bare.h.opt.mss = tcp_syn_our_mss(tcp, path.link, !ip_is_v4(&tuple->local), settings);
    if (theirs->has_ts && !(settings->flags & CIAO_NO_TIMESTAMPS)) {
        bare.h.opt.has_ts = true;
        bare.h.opt.ts_val = stamp_of(tcp, offset, theirs);
        bare.h.opt.ts_ecr = theirs->ts_val;
        bare.h.opt.has_wscale = theirs->has_wscale && !(settings->flags & CIAO_NO_WSCALE);
        bare.h.opt.wscale = tcp_window_scale(settings);
        bare.h.opt.sack_permitted = theirs->sack_permitted && !(settings->flags & CIAO_NO_SACK);
    }
    tcp->cookie_us = tcp->now + 1;
    trace_reason(tcp->trace, bare.at, CIAO_DID_COOKIE_SENT, listener->half_open, 0);
    tcp_reply_bare(tcp, &bare, false);
    return true;
}

/* Cookies are looked at only while some may be on their way: else any ACK could try its luck. */
static bool cookies_are_out(const struct tcp *tcp)
{
    return tcp->config->syn_cookies != 0 && tcp->cookie_us != 0
           && tcp->now + 1 - tcp->cookie_us < (uint64_t)COOKIE_MINUTES * COOKIE_MINUTE_US;
}

static bool cookie_is_ours(const struct tcp *tcp, const struct tcp_segment *seg,
                           const struct tcp_tuple *tuple)
{
    uint32_t cookie = seg->ack - 1, top = cookie >> 24;
    uint32_t age = (minute_of(tcp->now) - (top >> 3)) & 31;
    return age < COOKIE_MINUTES && (cookie & 0xffffff) == hash_of(tcp, tuple, seg->seq - 1, top);
}

static struct tcp_options options_of(const struct tcp_segment *seg, uint32_t offset)
{
    struct tcp_options opt = {.has_mss = true, .mss = mss_steps[(seg->ack - 1) >> 24 & 7]};
    if (!seg->h.opt.has_ts)
        return opt;
    uint32_t bits = (seg->h.opt.ts_ecr - offset) & 63;
    opt.has_ts = true;
    opt.ts_val = seg->h.opt.ts_val;
    opt.has_wscale = (bits & 15) != 15;
    opt.wscale = bits & 15;
    opt.sack_permitted = (bits & 16) != 0;
    return opt;
}

static bool make_child(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                       const struct tcp_syn *syn)
{
    const struct ciao_settings *settings = tcp_settings(tcp, syn->settings);
    struct tcb *tcb = tcp_syn_grow(tcp, syn, settings);
    if (tcb == NULL)
        return false;
    const struct tcp_tuple tuple = tcp_tcb_tuple(tcb);
    if (!tcp_flow_enter(tcp, tcb, seg->hash, settings)) {
        tcp_tcb_free(tcp, tcb);
        return false;
    }
    tcp_born(tcp, syn->head.life, &tuple, true);
    tcp_enter(tcp, &tcb->head, CIAO_ARC_LISTEN_ESTABLISHED_COOKIE_CAME_BACK);
    tcb->snd.una = tcb->iss + 1;
    tcb->snd.wnd = tcb->snd.max_wnd = seg->wnd << tcb->snd_wscale;
    tcb->snd.wl1 = seg->seq;
    tcb->snd.wl2 = seg->ack;
    tcb->flags |= TCB_SYN_LOST; /* nobody knows when the SYN,ACK left: no measurement */
    tcp_handshake_done(tcp, tcb, settings);
    tcb->flags &= ~TCB_SYN_LOST;
    tcp_listen_queue(tcp, tcp_listener_ref(tcp, listener), tcb);
    seg->wnd <<= tcb->snd_wscale;
    tcp_synchronised_arrives(tcp, tcb, seg);
    return true;
}

/* False: this ACK is not the answer to a cookie of ours. */
bool tcp_cookie_arrives(struct tcp *tcp, struct tcp_listener *listener, struct tcp_segment *seg,
                        const struct tcp_tuple *tuple)
{
    const struct trace_context at = {listener->head.life, CIAO_LISTEN};
    if (!cookies_are_out(tcp) || !cookie_is_ours(tcp, seg, tuple))
        return false;
    if (listener->waiting >= listener->backlog) {
        tcp_drop(tcp, at, CIAO_DROP_ACCEPT_QUEUE_FULL, seg);
        return true;
    }
    struct ip_path path;
    if (ip_path_to(tcp->ip, &tuple->remote, &tuple->local, &path) != 0)
        path = (struct ip_path){.link = (uint8_t)seg->packet->link};
    uint32_t offset = tcp_pair_ts_offset(tcp, &tuple->local, &tuple->remote);
    const struct tcp_options opt = options_of(seg, offset);
    struct tcp_syn6 stood_for = {
        .syn = {.iss = seg->ack - 1,
                .irs = seg->seq - 1,
                .ts_recent = opt.ts_val,
                .ts_offset = offset,
                .route = path.route,
                .peer_mss = opt.mss,
                .agreed = (uint8_t)tcp_agreed(tcp_settings(tcp, listener->settings), &opt),
                .settings = listener->settings},
    };
    if (stood_for.syn.agreed & TCB_WSCALE)
        stood_for.syn.peer_wscale = tcp_peer_scale(&opt);
    tcp_head_set(&stood_for.syn.head, sizeof stood_for.syn, tuple);
    tcp_take_over(&stood_for.syn.head, tcp->next_life++, CIAO_LISTEN);
    stood_for.syn.head.link = path.link;
    if (!make_child(tcp, listener, seg, &stood_for.syn))
        tcp_drop(tcp, at, CIAO_DROP_NO_ROOM_FOR_CONNECTION, seg);
    return true;
}
