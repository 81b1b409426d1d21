/*
 * Fragments become datagrams, within limits.  [RFC791 3.2], [RFC815], [RFC8200 4.5], [RFC5722]
 *
 * RFC 815 keeps a list of holes inside the buffer; here the runs between them are listed beside it,
 * which is the same knowledge and cannot be overwritten by a fragment.  A fragment that repeats
 * bytes already held, and agrees, is dropped alone; one that overlaps in any other way spoils the
 * datagram, as RFC 5722 demands of IPv6.  DIFFERS [RFC791 3.2]: we do so for IPv4 too, because
 * nobody overlaps in good faith.  A spoilt datagram is remembered until its time is up, so that
 * what is still to come of it is recognised.
 *
 * One buffer of the largest class holds a datagram: first the headers of fragment 0 as they came,
 * which an ICMP error would quote, then the payload.  When it is whole, a plain IP header is
 * written in front of the payload, and the datagram goes through the same checks as any other.
 */
#include "proto/icmp/icmp.h"
#include "proto/ip/ip_internal.h"
#include "wire/tcp.h"

#define PAYLOAD_MAX 65535u

static bool is_used(const struct ip_reassembly *context)
{
    return context->deadline != 0;
}

static bool is_spoilt(const struct ip_reassembly *context)
{
    return context->buf == NULL;
}

static uint8_t *payload_of(const struct ip_reassembly *context)
{
    return ciao_buf_bytes(context->buf) + IP_REASSEMBLY_ROOM;
}

uint32_t ip_reassembly_count(const struct ip_layer *ip)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ip->reassemblies.used; i++)
        count += is_used(&ip->reassemblies.at[i]);
    return count;
}

static void let_go(struct ip_layer *ip, struct ip_reassembly *context)
{
    ciao_buf_unref(context->buf);
    context->buf = NULL;
    ip->reassemblies.bytes -= context->received;
    context->received = 0;
}

static void forget(struct ip_layer *ip, struct ip_reassembly *context)
{
    let_go(ip, context);
    context->deadline = 0;
}

/* ---- which datagram does it belong to? ---- */

static struct ip_reassembly *find(const struct ip_layer *ip, const struct ip_packet *packet,
                                  const struct ip_fragment *part)
{
    for (uint32_t i = 0; i < ip->reassemblies.used; i++) {
        struct ip_reassembly *context = &ip->reassemblies.at[i];
        if (is_used(context) && context->id == part->id && ip_equal(&context->src, &packet->src)
            && ip_equal(&context->dst, &packet->dst)
            && (packet->v6 || context->protocol == part->protocol))
            return context;
    }
    return NULL;
}

/* What one source holds already. */
struct held {
    uint32_t contexts, bytes;
};

static struct held held_by(const struct ip_layer *ip, const struct ciao_addr *src)
{
    struct held held = {0, 0};
    for (uint32_t i = 0; i < ip->reassemblies.used; i++) {
        const struct ip_reassembly *context = &ip->reassemblies.at[i];
        if (!is_used(context) || !ip_equal(&context->src, src))
            continue;
        held.contexts++;
        held.bytes += context->received;
    }
    return held;
}

static void evict_oldest(struct ip_layer *ip, const struct ip_reassembly *but)
{
    struct ip_reassembly *oldest = NULL;
    for (uint32_t i = 0; i < ip->reassemblies.used; i++) {
        struct ip_reassembly *context = &ip->reassemblies.at[i];
        if (is_used(context) && context != but
            && (oldest == NULL || context->since_us < oldest->since_us))
            oldest = context;
    }
    ASSERT(oldest != NULL);
    if (!is_spoilt(oldest))
        ip_drop(ip, CIAO_DROP_REASSEMBLY_EVICTED);
    forget(ip, oldest);
}

static struct ip_reassembly *free_context(struct ip_layer *ip)
{
    for (uint32_t i = 0; i < ip->reassemblies.used; i++) {
        if (!is_used(&ip->reassemblies.at[i]))
            return &ip->reassemblies.at[i];
    }
    if (ip->reassemblies.used < IP_REASSEMBLIES)
        return &ip->reassemblies.at[ip->reassemblies.used++];
    evict_oldest(ip, NULL);
    return free_context(ip);
}

static struct ip_reassembly *begin(struct ip_layer *ip, const struct ip_arrival *arrival,
                                   const struct ip_fragment *part)
{
    const struct ip_packet *packet = &arrival->packet;
    if (held_by(ip, &packet->src).contexts >= IP_REASSEMBLIES_PER_SOURCE) {
        ip_drop(ip, CIAO_DROP_REASSEMBLY_SOURCE_LIMIT);
        return NULL;
    }
    struct ciao_buf *buf = ciao_bufpool_take(ip->buffers, IP_REASSEMBLY_ROOM + PAYLOAD_MAX);
    if (buf == NULL) {
        ip_drop(ip, CIAO_DROP_REASSEMBLY_NO_MEMORY);
        return NULL;
    }
    struct ip_reassembly *context = free_context(ip);
    *context = (struct ip_reassembly){
        .src = packet->src,
        .dst = packet->dst,
        .deadline = arrival->now + (packet->v6 ? IP6_REASSEMBLY_US : IP4_REASSEMBLY_US),
        .since_us = arrival->now,
        .buf = buf,
        .id = part->id,
        .protocol = part->protocol,
        .tos = packet->tos,
        .link = (uint8_t)packet->link,
        .v6 = packet->v6,
        .no_answer = packet->broadcast || arrival->link_broadcast,
    };
    ip_arm(ip, context->deadline);
    return context;
}

/* ---- does it fit? ---- */

/* Room for all of the transport header must be in the first fragment [RFC1858 3], [RFC7112 5]. */
static bool is_tiny(const struct ip_fragment *part)
{
    uint32_t least = part->protocol == IP_PROTO_TCP ? TCP_HEADER_LEN : 8;
    return part->start == 0 && part->more && part->len < least;
}

static bool ends_differ(const struct ip_reassembly *context, const struct ip_fragment *part)
{
    uint32_t end = part->start + part->len;
    if (context->total != 0)
        return part->more ? end >= context->total : end != context->total;
    return !part->more && context->n_runs != 0 && end < context->run[context->n_runs - 1].end;
}

/* Of the runs held, those that a fragment touches. */
enum fit { FITS, REPEATS, OVERLAPS };

static enum fit fit(const struct ip_reassembly *context, const struct ip_arrival *arrival,
                    const struct ip_fragment *part)
{
    uint32_t end = part->start + part->len;
    for (uint32_t i = 0; i < context->n_runs; i++) {
        const struct ip_run *run = &context->run[i];
        if (part->start >= run->end || end <= run->start)
            continue;
        if (part->start < run->start || end > run->end)
            return OVERLAPS;
        bool same = memcmp(payload_of(context) + part->start, arrival->packet.l4, part->len) == 0;
        return same ? REPEATS : OVERLAPS;
    }
    return FITS;
}

static enum ciao_reason judge(const struct ip_reassembly *context, const struct ip_arrival *arrival,
                              const struct ip_fragment *part)
{
    if (ends_differ(context, part))
        return CIAO_DROP_FRAGMENT_ENDS_DIFFER;
    switch (fit(context, arrival, part)) {
    case REPEATS: return CIAO_DROP_FRAGMENT_AGAIN;
    case OVERLAPS: return CIAO_DROP_FRAGMENT_OVERLAP;
    case FITS: break;
    }
    return CIAO_REASON_NONE;
}

/* Enter [start, end) among the runs, joined with its neighbours; false: there would be too many. */
static bool enter_run(struct ip_reassembly *context, uint32_t start, uint32_t end)
{
    uint32_t at = 0;
    while (at < context->n_runs && context->run[at].end < start)
        at++;
    struct ip_run *run = &context->run[at];
    if (at < context->n_runs && run->end == start) {
        run->end = end;
        if (at + 1 < context->n_runs && run[1].start == end) {
            run->end = run[1].end;
            context->n_runs--;
            memmove(&run[1], &run[2], (context->n_runs - at - 1) * sizeof *run);
        }
        return true;
    }
    if (at < context->n_runs && run->start == end) {
        run->start = start;
        return true;
    }
    if (context->n_runs == IP_REASSEMBLY_RUNS)
        return false;
    memmove(&run[1], &run[0], (context->n_runs - at) * sizeof *run);
    *run = (struct ip_run){start, end};
    context->n_runs++;
    return true;
}

/* ---- keep it ---- */

/* Fragment 0 says what the whole is, and is what an error would quote. */
static void take_first(struct ip_reassembly *context, const struct ip_arrival *arrival,
                       const struct ip_fragment *part)
{
    uint8_t ecn = context->tos & IP_ECN_MASK;
    context->protocol = part->protocol;
    context->ttl = arrival->packet.ttl;
    context->tos = (uint8_t)((arrival->packet.tos & ~IP_ECN_MASK) | ecn);
    if (part->head_len > IP_REASSEMBLY_ROOM)
        return;
    context->head_len = part->head_len;
    memcpy(payload_of(context) - part->head_len, arrival->l3, part->head_len);
}

static enum ciao_reason keep(struct ip_layer *ip, struct ip_reassembly *context,
                             const struct ip_arrival *arrival, const struct ip_fragment *part)
{
    uint32_t end = part->start + part->len;
    if (part->len != 0 && !enter_run(context, part->start, end))
        return CIAO_DROP_FRAGMENT_TOO_MANY;
    memcpy(payload_of(context) + part->start, arrival->packet.l4, part->len);
    context->received += part->len;
    ip->reassemblies.bytes += part->len;
    if (!part->more)
        context->total = end;
    if ((arrival->packet.tos & IP_ECN_MASK) == IP_ECN_CE) /* one mark marks all [RFC3168 5.3] */
        context->tos |= IP_ECN_CE;
    if (part->start == 0)
        take_first(context, arrival, part);
    while (ip->reassemblies.bytes > IP_REASSEMBLY_BYTES)
        evict_oldest(ip, context);
    return CIAO_REASON_NONE;
}

static bool is_complete(const struct ip_reassembly *context)
{
    return context->total != 0 && context->n_runs == 1 && context->run[0].start == 0
           && context->run[0].end == context->total;
}

static uint32_t write_header(const struct ip_reassembly *context, uint8_t *payload)
{
    if (context->v6) {
        struct ip6_header header = {
            .src = context->src,
            .dst = context->dst,
            .payload_len = (uint16_t)context->total,
            .next = context->protocol,
            .hop_limit = context->ttl,
            .tclass = context->tos,
        };
        return (uint32_t)ip6_emit(&header, payload - IP6_HEADER_LEN);
    }
    struct ip4_header header = {
        .src = ip_v4(&context->src),
        .dst = ip_v4(&context->dst),
        .total_len = (uint16_t)(context->total + IP4_HEADER_LEN),
        .id = (uint16_t)context->id,
        .protocol = context->protocol,
        .ttl = context->ttl,
        .tos = context->tos,
    };
    return (uint32_t)ip4_emit(&header, payload - IP4_HEADER_LEN);
}

/* The frame of the last fragment gives way to that of the whole datagram. */
static void hand_over(struct ip_layer *ip, struct ip_reassembly *context,
                      struct ip_arrival *arrival)
{
    struct ciao_frame *frame = ip->straight;
    uint64_t rx_us = arrival->packet.frame->rx_us;
    uint32_t header_len = write_header(context, payload_of(context));
    ciao_frame_release(arrival->packet.frame);
    ciao_frame_init(frame);
    frame->buf = ciao_buf_ref(context->buf);
    frame->head = payload_of(context) - header_len;
    frame->head_len = header_len + context->total;
    frame->len = frame->head_len;
    frame->rx_us = rx_us;
    arrival->packet.frame = frame;
    arrival->l3 = frame->head;
    arrival->l3_len = frame->len;
    arrival->whole = true;
    forget(ip, context);
}

bool ip_reassemble(struct ip_layer *ip, struct ip_arrival *arrival, const struct ip_fragment *part)
{
    if (is_tiny(part)) {
        ip_drop(ip, CIAO_DROP_FRAGMENT_TINY);
        return false;
    }
    struct ip_reassembly *context = find(ip, &arrival->packet, part);
    if (context == NULL)
        context = begin(ip, arrival, part);
    if (context == NULL)
        return false;
    if (is_spoilt(context)) {
        ip_drop(ip, CIAO_DROP_FRAGMENT_SPOILT);
        return false;
    }
    if (held_by(ip, &context->src).bytes + part->len > IP_REASSEMBLY_SOURCE_BYTES) {
        ip_drop(ip, CIAO_DROP_REASSEMBLY_SOURCE_LIMIT);
        return false;
    }
    enum ciao_reason reason = judge(context, arrival, part);
    if (reason == CIAO_REASON_NONE)
        reason = keep(ip, context, arrival, part);
    if (reason != CIAO_REASON_NONE) {
        ip_drop(ip, reason);
        if (reason != CIAO_DROP_FRAGMENT_AGAIN)
            let_go(ip, context);
        return false;
    }
    if (!is_complete(context)) {
        ip->accepted++;
        return false;
    }
    hand_over(ip, context, arrival);
    return true;
}

/* ---- it has taken too long ---- */

/* Say so to the sender, when there is a first fragment to quote [RFC1122 3.3.2], [RFC8200 4.5]. */
static void say_timeout(struct ip_layer *ip, const struct ip_reassembly *context, time_us now)
{
    if (context->head_len == 0 || context->no_answer)
        return;
    struct ip_arrival arrival = {
        .packet = {.src = context->src,
                   .dst = context->dst,
                   .link = context->link,
                   .protocol = context->protocol,
                   .v6 = context->v6},
        .l3 = payload_of(context) - context->head_len,
        .l3_len = context->head_len + context->run[0].end,
        .now = now,
    };
    arrival.packet.l4 = payload_of(context);
    arrival.packet.l4_head_len = arrival.packet.l4_len = context->run[0].end;
    struct icmp_problem problem = {.type = context->v6 ? (uint8_t)ICMP6_TYPE_TIME_EXCEEDED
                                                       : (uint8_t)ICMP4_TYPE_TIME_EXCEEDED,
                                   .code = ICMP4_TIME_EXCEEDED_REASSEMBLY};
    icmp_say(ip, &arrival, &problem);
}

time_us ip_reassembly_advance(struct ip_layer *ip, time_us now)
{
    time_us next = TIME_NEVER;
    for (uint32_t i = 0; i < ip->reassemblies.used; i++) {
        struct ip_reassembly *context = &ip->reassemblies.at[i];
        if (!is_used(context))
            continue;
        if (context->deadline > now) {
            next = time_min(next, context->deadline);
            continue;
        }
        if (!is_spoilt(context)) {
            ip_drop(ip, context->v6 ? CIAO_DROP_REASSEMBLY_TIMEOUT_IP6
                                    : CIAO_DROP_REASSEMBLY_TIMEOUT_IP4);
            say_timeout(ip, context, now);
        }
        forget(ip, context);
    }
    return next;
}
