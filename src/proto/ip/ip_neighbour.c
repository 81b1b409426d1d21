/*
 * Which MAC has a neighbour?  One cache for both families, with the states of [RFC4861 7.3.2].
 *
 *   INCOMPLETE  timer 1 s: all are asked again; after 3 times it is given up, what waits is dropped
 *               and TCP is told that the host is unreachable
 *   REACHABLE   no timer; in use 30 s after the last proof it becomes DELAY
 *   STALE       no timer; in use it becomes DELAY
 *   DELAY       timer 5 s: then it is asked itself
 *   PROBE       timer 1 s: it is asked again; after 3 times all are asked
 *
 * An entry goes when nobody answers, or when the table is full and it was used longest ago.  The
 * same holds for ARP, of which [RFC1122 2.3.2.1] asks no more than that entries can age.
 */
#include "base/siphash.h"
#include "proto/arp/arp.h"
#include "proto/ip/ip_internal.h"
#include "proto/ndp/ndp.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

#define ASK_AGAIN_US 1000000u
#define ASK_TRIES    3u
#define REACHABLE_US 30000000u
#define DELAY_US     5000000u

static struct ip_neighbour *at(const struct ip_layer *ip, uint32_t index)
{
    return pool_at(&ip->neighbours.pool, index);
}

static uint32_t *bucket_of(const struct ip_layer *ip, const struct ciao_addr *addr, uint8_t link)
{
    uint64_t hash =
        siphash13_2w(ip->neighbours.key, get_be64(addr->b) ^ link, get_be64(addr->b + 8));
    return &ip->neighbours.bucket[hash & ip->neighbours.bucket_mask];
}

static bool is_it(const struct ip_neighbour *neighbour, const struct ciao_addr *addr, uint8_t link)
{
    return neighbour->link == link && ip_equal(&neighbour->addr, addr);
}

struct ip_neighbour *ip_neighbour_find(struct ip_layer *ip, const struct ciao_addr *addr,
                                       uint8_t link)
{
    if (ip->neighbours.last != 0 && is_it(at(ip, ip->neighbours.last), addr, link))
        return at(ip, ip->neighbours.last);
    for (uint32_t i = *bucket_of(ip, addr, link); i != 0; i = at(ip, i)->next) {
        if (!is_it(at(ip, i), addr, link))
            continue;
        ip->neighbours.last = i;
        return at(ip, i);
    }
    return NULL;
}

static void forget(struct ip_layer *ip, uint32_t index)
{
    struct ip_neighbour *neighbour = at(ip, index);
    uint32_t *link = bucket_of(ip, &neighbour->addr, neighbour->link);
    while (*link != index)
        link = &at(ip, *link)->next;
    *link = neighbour->next;
    if (ip->neighbours.last == index)
        ip->neighbours.last = 0;
    pool_give(&ip->neighbours.pool, index);
}

/* The one used longest ago for which nobody waits goes; false: there is none. */
static bool make_room(struct ip_layer *ip)
{
    const struct pool *pool = &ip->neighbours.pool;
    uint32_t oldest = 0;
    for (uint32_t i = 1; i <= pool->high; i++) {
        if (!pool_is_out(pool, i) || at(ip, i)->waiting.count != 0)
            continue;
        if (oldest == 0 || at(ip, i)->used_us < at(ip, oldest)->used_us)
            oldest = i;
    }
    if (oldest != 0)
        forget(ip, oldest);
    return oldest != 0;
}

static struct ip_neighbour *add(struct ip_layer *ip, const struct ip_hop *hop, time_us now)
{
    uint32_t index = pool_take(&ip->neighbours.pool);
    if (index == 0 && make_room(ip))
        index = pool_take(&ip->neighbours.pool);
    if (index == 0)
        return NULL;
    uint32_t *bucket = bucket_of(ip, &hop->addr, hop->link);
    *at(ip, index) = (struct ip_neighbour){
        .addr = hop->addr,
        .deadline = TIME_NEVER,
        .used_us = now,
        .source = hop->source,
        .next = *bucket,
        .state = NEIGHBOUR_INCOMPLETE,
        .link = hop->link,
    };
    *bucket = index;
    return at(ip, index);
}

static void wait_until(struct ip_layer *ip, struct ip_neighbour *neighbour, time_us deadline)
{
    neighbour->deadline = deadline;
    ip_arm(ip, deadline);
}

static void ask(struct ip_layer *ip, struct ip_neighbour *neighbour, time_us now)
{
    bool probing = neighbour->state == NEIGHBOUR_PROBE;
    neighbour->tries++;
    wait_until(ip, neighbour, now + ASK_AGAIN_US);
    if (ip_is_v4(&neighbour->addr))
        arp_ask(ip, neighbour, probing);
    else
        ndp_ask(ip, neighbour, probing);
}

/* ---- frames for it ---- */

static void let_wait(struct ip_layer *ip, struct ip_neighbour *neighbour, struct ciao_frame *frame)
{
    struct ciao_frame oldest;
    if (neighbour->waiting.count == IP_WAITING_FRAMES) {
        ip_queue_pop(ip, &neighbour->waiting, &oldest);
        ip_drop(ip, CIAO_DROP_NEIGHBOUR_QUEUE_FULL);
        ciao_frame_release(&oldest);
    }
    if (ip_queue_push(ip, &neighbour->waiting, frame))
        return;
    ip_drop(ip, CIAO_DROP_NEIGHBOUR_QUEUE_FULL);
    ciao_frame_release(frame);
}

/* It is known, but for how long has it been? */
static void used(struct ip_layer *ip, struct ip_neighbour *neighbour, time_us now)
{
    neighbour->used_us = now;
    bool old =
        neighbour->state == NEIGHBOUR_REACHABLE && now - neighbour->confirmed_us > REACHABLE_US;
    if (!old && neighbour->state != NEIGHBOUR_STALE)
        return;
    neighbour->state = NEIGHBOUR_DELAY;
    neighbour->tries = 0;
    wait_until(ip, neighbour, now + DELAY_US);
}

bool ip_neighbour_resolve(struct ip_layer *ip, struct ciao_frame *frame, const struct ip_hop *hop,
                          time_us now)
{
    struct ip_neighbour *neighbour = ip_neighbour_find(ip, &hop->addr, hop->link);
    bool is_new = neighbour == NULL;
    if (is_new)
        neighbour = add(ip, hop, now);
    if (neighbour == NULL) {
        ip_drop(ip, CIAO_DROP_NEIGHBOUR_TABLE_FULL);
        ciao_frame_release(frame);
        return false;
    }
    if (neighbour->state != NEIGHBOUR_INCOMPLETE) {
        used(ip, neighbour, now);
        ip_link_header(&ip->links.at[hop->link].link, frame, neighbour->mac);
        return true;
    }
    let_wait(ip, neighbour, frame);
    if (is_new)
        ask(ip, neighbour, now);
    return false;
}

/* ---- what we learn of it ---- */

static void let_leave(struct ip_layer *ip, struct ip_neighbour *neighbour)
{
    const struct ciao_link *link = &ip->links.at[neighbour->link].link;
    struct ciao_frame frame;
    while (ip_queue_pop(ip, &neighbour->waiting, &frame)) {
        ip_link_header(link, &frame, neighbour->mac);
        ip_outbox_put(ip, neighbour->link, &frame);
    }
}

void ip_neighbour_known(struct ip_layer *ip, struct ip_neighbour *neighbour, const uint8_t mac[6],
                        enum ip_neighbour_state state, time_us now)
{
    memcpy(neighbour->mac, mac, ETH_ALEN);
    neighbour->state = (uint8_t)state;
    neighbour->tries = 0;
    neighbour->deadline = TIME_NEVER;
    if (state == NEIGHBOUR_REACHABLE)
        neighbour->confirmed_us = now;
    if (neighbour->waiting.count != 0)
        let_leave(ip, neighbour);
}

/* [RFC4861 7.2.3]: what it says of itself unasked is taken, but is no proof that it hears us. */
struct ip_neighbour *ip_neighbour_heard(struct ip_layer *ip, const struct ip_hop *hop,
                                        const uint8_t mac[6], time_us now)
{
    struct ip_neighbour *neighbour = ip_neighbour_find(ip, &hop->addr, hop->link);
    if (neighbour == NULL)
        neighbour = add(ip, hop, now);
    if (neighbour == NULL)
        return NULL;
    bool same =
        neighbour->state != NEIGHBOUR_INCOMPLETE && memcmp(neighbour->mac, mac, ETH_ALEN) == 0;
    if (!same)
        ip_neighbour_known(ip, neighbour, mac, NEIGHBOUR_STALE, now);
    return neighbour;
}

/* ---- time ---- */

/* Nobody answers for it: who sent what waited is told, as a router would have told [RFC4861 7.2.2].
 */
static void tell_unreachable(struct ip_layer *ip, const struct ciao_frame *frame, uint8_t link,
                             time_us now)
{
    uint32_t link_len = ip_link_header_len(&ip->links.at[link].link);
    const uint8_t *l3 = frame->head + link_len;
    uint32_t len = frame->head_len - link_len;
    bool v6 = l3[0] >> 4 == 6;
    struct ip_error error = {
        .trouble = IP_TROUBLE_SOFT,
        .type = v6 ? (uint8_t)ICMP6_TYPE_UNREACHABLE : (uint8_t)ICMP4_TYPE_UNREACHABLE,
        .code = v6 ? (uint8_t)ICMP6_UNREACHABLE_ADDRESS : (uint8_t)ICMP4_UNREACHABLE_HOST,
    };
    enum wire_fault fault =
        v6 ? icmp6_quote_parse(l3, len, &error.quote) : icmp4_quote_parse(l3, len, &error.quote);
    if (fault == WIRE_OK && error.quote.protocol == IP_PROTO_TCP && ip->upper.error != NULL)
        ip->upper.error(ip->upper.self, &error, now);
}

static void give_up(struct ip_layer *ip, uint32_t index, time_us now)
{
    struct ip_queue waiting = at(ip, index)->waiting;
    uint8_t link = at(ip, index)->link;
    struct ciao_frame frame;
    forget(ip, index); /* first: who is told may want to send again */
    while (ip_queue_pop(ip, &waiting, &frame)) {
        ip_drop(ip, CIAO_DROP_NEIGHBOUR_SILENT);
        tell_unreachable(ip, &frame, link, now);
        ciao_frame_release(&frame);
    }
}

static void timer_ran_out(struct ip_layer *ip, uint32_t index, time_us now)
{
    struct ip_neighbour *neighbour = at(ip, index);
    if (neighbour->state == NEIGHBOUR_DELAY) {
        neighbour->state = NEIGHBOUR_PROBE;
        neighbour->tries = 0;
    } else if (neighbour->state == NEIGHBOUR_PROBE && neighbour->tries == ASK_TRIES) {
        neighbour->state = NEIGHBOUR_INCOMPLETE;
        neighbour->tries = 0;
    } else if (neighbour->tries == ASK_TRIES) {
        give_up(ip, index, now);
        return;
    }
    ask(ip, neighbour, now);
}

time_us ip_neighbours_advance(struct ip_layer *ip, time_us now)
{
    const struct pool *pool = &ip->neighbours.pool;
    time_us next = TIME_NEVER;
    for (uint32_t i = 1; i <= pool->high; i++) {
        if (pool_is_out(pool, i) && at(ip, i)->deadline <= now)
            timer_ran_out(ip, i, now);
        if (pool_is_out(pool, i))
            next = time_min(next, at(ip, i)->deadline);
    }
    return next;
}
