/*
 * See rig.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdio.h>

#include <cmocka.h>

#include "rig.h"

#define IP_BYTES  20
#define TCP_BYTES 20

typedef void init_function(const char *flags, struct pd_table *table);

void rig_open(struct rig *rig, const char *flags)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/src/libciao_packetdrill.so", getenv("CIAO_BUILD"));
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        fail_msg("%s", dlerror());
    void *symbol = dlsym(library, "packetdrill_interface_init");
    assert_non_null(symbol);
    init_function *init;
    memcpy(&init, &symbol, sizeof init);
    *rig = (struct rig){.their_first = UINT32_MAX - 16, .our_port = OUR_PORT};
    init(flags, &rig->t);
}

void rig_close(struct rig *rig)
{
    rig->t.free(rig->t.self);
}

/* ---- packets ---- */

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static uint32_t sum_of(const uint8_t *at, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += (uint32_t)at[i] << (i & 1 ? 0 : 8);
    return sum;
}

static uint16_t folded(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void rig_send(struct rig *rig, struct sent sent)
{
    uint8_t p[2048] = {0x45, [8] = 64, [9] = 6};
    size_t len = IP_BYTES + TCP_BYTES + sent.payload;
    uint8_t *tcp = p + IP_BYTES;

    put16(p + 2, (uint32_t)len);
    assert_int_equal(inet_pton(AF_INET, THEIRS, p + 12), 1);
    assert_int_equal(inet_pton(AF_INET, OURS, p + 16), 1);
    put16(p + 10, folded(sum_of(p, IP_BYTES, 0)));
    put16(tcp, THEIR_PORT);
    put16(tcp + 2, rig->our_port);
    put32(tcp + 4, rig->their_first + sent.seq);
    put32(tcp + 8, sent.flags & ACK ? rig->our_first + sent.ack : 0);
    tcp[12] = 0x50;
    tcp[13] = sent.flags;
    put16(tcp + 14, 32000);
    put16(tcp + 18, sent.urgent);
    uint32_t sum = sum_of(p + 12, 8, 6 + (uint32_t)(len - IP_BYTES));
    put16(tcp + 16, folded(sum_of(tcp, len - IP_BYTES, sum)));
    assert_int_equal(rig->t.netdev_send(rig->t.self, p, len), 0);
}

bool rig_receive(struct rig *rig, struct seen *seen)
{
    size_t len = sizeof seen->bytes;

    assert_int_equal(rig->t.netdev_receive(rig->t.self, seen->bytes, &len, &seen->time_us), 0);
    seen->len = len;
    if (len == 0)
        return false;
    const uint8_t *p = seen->bytes, *tcp = p + IP_BYTES;
    assert_true(len >= IP_BYTES + TCP_BYTES);
    assert_int_equal(p[0], 0x45);
    assert_int_equal(get16(p + 2), len);
    assert_int_equal(folded(sum_of(p, IP_BYTES, 0)), 0);
    uint32_t sum = sum_of(p + 12, 8, 6 + (uint32_t)(len - IP_BYTES));
    assert_int_equal(folded(sum_of(tcp, len - IP_BYTES, sum)), 0);
    seen->flags = tcp[13];
    if (seen->flags & SYN) {
        rig->our_first = get32(tcp + 4);
        rig->our_port = (uint16_t)get16(tcp);
    }
    seen->seq = get32(tcp + 4) - rig->our_first;
    seen->ack = seen->flags & ACK ? get32(tcp + 8) - rig->their_first : 0;
    seen->window = (uint16_t)get16(tcp + 14);
    seen->options = (uint16_t)((tcp[12] >> 4) * 4 - TCP_BYTES);
    seen->payload = len - IP_BYTES - TCP_BYTES - seen->options;
    return true;
}

void rig_expect(struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack)
{
    struct seen seen;

    assert_true(rig_receive(rig, &seen));
    assert_int_equal(seen.flags, flags);
    assert_int_equal(seen.seq, seq);
    assert_int_equal(seen.ack, ack);
}

long long rig_now(struct rig *rig)
{
    struct timeval now;

    assert_int_equal(rig->t.gettimeofday(rig->t.self, &now, NULL), 0);
    return (long long)now.tv_sec * 1000000 + now.tv_usec;
}

/* ---- connections ---- */

int rig_listen(struct rig *rig)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(OUR_PORT)};
    struct pd_table *t = &rig->t;

    assert_int_equal(inet_pton(AF_INET, OURS, &here.sin_addr), 1);
    int fd = t->socket(t->self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    assert_true(fd >= 0);
    assert_int_equal(t->bind(t->self, fd, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(t->listen(t->self, fd, 5), 0);
    return fd;
}

int rig_accepted(struct rig *rig, int listener)
{
    struct pd_table *t = &rig->t;

    rig_send(rig, (struct sent){.flags = SYN});
    rig_expect(rig, SYN | ACK, 0, 1);
    rig_send(rig, (struct sent){.flags = ACK, .seq = 1, .ack = 1});
    int fd = t->accept(t->self, listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}
