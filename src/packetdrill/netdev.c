/*
 * Packets between packetdrill and the stack, and the addresses that they show.
 *
 * packetdrill tells nobody which addresses its script plays with: they are learned from bind() and
 * from the first packet of a family, or agreed by the flag local=.  There is one link, and
 * everybody who is not us is behind it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "packetdrill/pd.h"

#define PATIENCE_US UINT64_C(10800000000) /* netdev_receive waits: an hour more than keep-alive */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct ciao_addr *addr)
{
    return memcmp(addr->b, mapped, sizeof mapped) == 0;
}

static bool is_unspecified(const struct ciao_addr *addr)
{
    static const struct ciao_addr none;

    return memcmp(addr->b + (is_v4(addr) ? 12 : 0), none.b, is_v4(addr) ? 4 : 16) == 0;
}

bool pd_read_sockaddr(const void *addr, uint32_t len, struct ciao_addr *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (!addr || len < sizeof v4)
        return false;
    memcpy(&v4, addr, sizeof v4);
    if (v4.sin_family == AF_INET) {
        memcpy(out->b, mapped, sizeof mapped);
        memcpy(out->b + 12, &v4.sin_addr, 4);
        return true;
    }
    if (v4.sin_family != AF_INET6 || len < sizeof v6)
        return false;
    memcpy(&v6, addr, sizeof v6);
    memcpy(out->b, &v6.sin6_addr, 16);
    return true;
}

void pd_learn_address(struct pd *pd, const struct ciao_addr *addr)
{
    bool v4 = is_v4(addr);

    if (is_unspecified(addr) || addr->b[v4 ? 12 : 0] == (v4 ? 127 : 255))
        return;
    /* One that is ours already is no news, and a full table is answered by EADDRNOTAVAIL. */
    (void)!ciao_address_add(pd->stack, pd->link, addr, v4 ? 32 : 128);
    pd->has_v4 = pd->has_v4 || v4;
    pd->has_v6 = pd->has_v6 || !v4;
}

void pd_need_address(struct pd *pd, const struct ciao_addr *remote)
{
    bool v4 = is_v4(remote);
    struct ciao_addr usual;

    if (v4 ? pd->has_v4 : pd->has_v6)
        return;
    bool good = ciao_addr_parse(v4 ? "192.168.0.1" : "fd3d:a0b:17d6::1", &usual);
    ASSERT(good);
    pd_learn_address(pd, &usual);
}

/* ---- out of the stack ---- */

static void keep(struct pd *pd, const struct ciao_frame *frame)
{
    struct pd_packet *packet = malloc(sizeof *packet + frame->len);

    if (!packet)
        return; /* lost on the wire */
    *packet = (struct pd_packet){.time_us = pd->now_us, .len = frame->len};
    memcpy(packet->bytes, frame->head, frame->head_len);
    uint8_t *end = packet->bytes + frame->head_len;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(end, frame->frag[i].ptr, frame->frag[i].len);
        end += frame->frag[i].len;
    }
    ASSERT(end == packet->bytes + packet->len);
    *(pd->last ? &pd->last->next : &pd->first) = packet;
    pd->last = packet;
}

void pd_flush(struct pd *pd)
{
    struct ciao_frame store[PD_BATCH];
    struct ciao_frame *frames[PD_BATCH];
    unsigned n;

    for (unsigned i = 0; i < PD_BATCH; i++)
        frames[i] = &store[i];
    while ((n = ciao_output(pd->stack, pd->link, frames, PD_BATCH, pd->now_us)) > 0) {
        for (unsigned i = 0; i < n; i++) {
            keep(pd, frames[i]);
            ciao_frame_release(frames[i]);
        }
        pd->turn_us = ciao_sockets_turn(pd->sockets);
    }
    pd_story_listen(pd);
}

static struct pd_packet *next_packet(struct pd *pd)
{
    uint64_t limit_us = pd->now_us + PATIENCE_US;

    pd_settle(pd);
    while (!pd->first) {
        uint64_t next_us = pd_next(pd);
        if (next_us > limit_us)
            return NULL;
        pd_step(pd, next_us);
    }
    struct pd_packet *packet = pd->first;
    pd->first = packet->next;
    if (!pd->first)
        pd->last = NULL;
    return packet;
}

int pd_netdev_receive(void *self, void *bytes, size_t *len, long long *time_us)
{
    struct pd *pd = self;

    pd_suite_obey(pd);
    pd_take(pd);
    struct pd_packet *packet = next_packet(pd);
    size_t n = packet && packet->len <= *len ? packet->len : 0;
    if (n > 0)
        memcpy(bytes, packet->bytes, n);
    *len = n;
    *time_us = (long long)(packet ? packet->time_us : pd->now_us);
    free(packet);
    pd_give(pd);
    pd_suite_turn(pd);
    return 0;
}

void pd_netdev_end(struct pd *pd)
{
    while (pd->first) {
        struct pd_packet *packet = pd->first;
        pd->first = packet->next;
        free(packet);
    }
    pd->last = NULL;
}

/* ---- into the stack ---- */

static bool destination(const uint8_t *bytes, size_t len, struct ciao_addr *addr)
{
    unsigned version = len > 0 ? bytes[0] >> 4 : 0;

    if (version == 4 && len >= 20) {
        memcpy(addr->b, mapped, sizeof mapped);
        memcpy(addr->b + 12, bytes + 16, 4);
        return true;
    }
    if (version != 6 || len < 40)
        return false;
    memcpy(addr->b, bytes + 24, 16);
    return true;
}

/* A connection begins: its settings are those of this moment. */
static bool is_syn(const uint8_t *bytes, size_t len)
{
    size_t header = len > 0 && bytes[0] >> 4 == 4 ? (size_t)(bytes[0] & 15) * 4 : 40;

    return len >= header + 20 && bytes[bytes[0] >> 4 == 4 ? 9 : 6] == IPPROTO_TCP
           && (bytes[header + 13] & 2) != 0;
}

static void hand_in(struct pd *pd, const void *bytes, size_t len)
{
    struct ciao_buf *buf = ciao_bufpool_take(&pd->pool, (uint32_t)len);
    struct ciao_frame frame, *frames[1] = {&frame};

    if (!buf)
        return; /* lost on the wire */
    memcpy(ciao_buf_bytes(buf), bytes, len);
    ciao_frame_init(&frame);
    frame.buf = buf;
    frame.head = ciao_buf_bytes(buf);
    frame.head_len = frame.len = (uint32_t)len;
    frame.rx_us = pd->now_us;
    ciao_input(pd->stack, pd->link, frames, 1, pd->now_us);
    pd->turn_us = ciao_sockets_turn(pd->sockets);
    pd_flush(pd);
    pd_settle(pd);
}

int pd_netdev_send(void *self, const void *packet, size_t len)
{
    struct pd *pd = self;
    struct ciao_addr to;

    if (len == 0 || len > UINT16_MAX) {
        errno = EINVAL;
        return -1;
    }
    pd_suite_obey(pd);
    if (is_syn(packet, len))
        pd_settings_follow(pd);
    pd_take(pd);
    /* A packet that comes before bind() or connect() has no addresses in it. */
    if (destination(packet, len, &to) && !(is_v4(&to) ? pd->has_v4 : pd->has_v6))
        pd_learn_address(pd, &to);
    hand_in(pd, packet, len);
    pd_give(pd);
    pd_suite_turn(pd);
    return 0;
}
