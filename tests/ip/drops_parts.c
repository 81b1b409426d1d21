/*
 * Drops of fragments and of reassembly.
 */
#include "drops.h"

static const uint8_t whole[4096] = {1, 2, 3};

static void part(struct lab *lab, uint32_t id, uint32_t start, uint32_t len, bool more)
{
    struct piece piece = {
        .id = id, .start = start, .len = len, .more = more, .protocol = IP_PROTO_UDP};
    make_piece4(lab, &piece, whole);
}

static void fed(struct lab *lab, uint32_t id, uint32_t start, uint32_t len, bool more)
{
    part(lab, id, start, len, more);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
}

static void tiny(struct lab *lab)
{
    struct piece piece = {.id = 1, .len = 16, .more = true, .protocol = IP_PROTO_TCP};
    make_piece4(lab, &piece, whole);
}

static void again(struct lab *lab)
{
    fed(lab, 1, 64, 64, true);
    part(lab, 1, 64, 64, true);
}

static void again_but_different(struct lab *lab)
{
    fed(lab, 1, 64, 64, true);
    part(lab, 1, 64, 64, true);
    lab->b[lab->len - 1] ^= 1;
}

static void overlap(struct lab *lab)
{
    fed(lab, 1, 64, 64, true);
    part(lab, 1, 56, 16, true);
}

static void ends_differ(struct lab *lab)
{
    fed(lab, 1, 64, 60, false);
    part(lab, 1, 128, 64, true);
}

static void too_many(struct lab *lab)
{
    for (uint32_t i = 0; i < IP_REASSEMBLY_RUNS; i++)
        fed(lab, 1, 16 + i * 16, 8, true);
    part(lab, 1, 16 + IP_REASSEMBLY_RUNS * 16, 8, true);
}

static void spoilt(struct lab *lab)
{
    fed(lab, 1, 64, 64, true);
    part(lab, 1, 56, 16, true);
    assert_int_equal(feed(lab), CIAO_DROP_FRAGMENT_OVERLAP);
    part(lab, 1, 0, 64, true);
}

static void source_limit(struct lab *lab)
{
    for (uint32_t i = 0; i < IP_REASSEMBLIES_PER_SOURCE; i++)
        fed(lab, i, 64, 64, true);
    part(lab, 99, 64, 64, true);
}

static void source_bytes(struct lab *lab)
{
    static const uint8_t big[65536];
    uint32_t bytes = 0;
    for (uint32_t id = 0; id < 8; id++) {
        for (uint32_t start = 8; start + 1400 < 65000; start += 1400) {
            struct piece piece = {
                .id = id, .start = start, .len = 1400, .more = true, .protocol = IP_PROTO_UDP};
            make_piece4(lab, &piece, big);
            if (bytes + 1400 > IP_REASSEMBLY_SOURCE_BYTES)
                return;
            assert_int_equal(feed(lab), CIAO_REASON_NONE);
            bytes += 1400;
        }
    }
    fail();
}

static void evicted(struct lab *lab)
{
    char text[CIAO_ADDR_TEXT];
    for (uint32_t i = 0; i < IP_REASSEMBLIES + 1; i++) {
        struct ciao_addr addr = ip_addr_v4(0x0a09000a + i);
        ciao_addr_format(&addr, text);
        part(lab, 1, 64, 64, true);
        set_src4(lab, text);
        lab->now++;
        bool fits = i < IP_REASSEMBLIES;
        assert_int_equal(feed(lab), fits ? CIAO_REASON_NONE : CIAO_DROP_REASSEMBLY_EVICTED);
    }
}

static void no_memory(struct lab *lab)
{
    static struct ciao_buf *held[1000];
    unsigned n = 0;
    while ((held[n] = ciao_bufpool_take(&lab->buffers, 60000)) != NULL)
        n++;
    part(lab, 1, 64, 64, true);
    assert_int_equal(feed(lab), CIAO_DROP_REASSEMBLY_NO_MEMORY);
    while (n > 0)
        ciao_buf_unref(held[--n]);
}

static void timeout_ip4(struct lab *lab)
{
    fed(lab, 1, 64, 64, true);
    pass_time(lab, s_to_us(30));
}

static void timeout_ip6(struct lab *lab)
{
    struct piece piece = {.id = 1, .start = 64, .len = 64, .more = true, .protocol = IP_PROTO_UDP};
    make_piece6(lab, &piece, whole);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    pass_time(lab, s_to_us(60) - 1);
    assert_int_equal(lab_drops(lab), 0);
    pass_time(lab, 1);
}

const struct provocation drops_parts[] = {
    {CIAO_DROP_FRAGMENT_TINY, tiny, ON_ETHERNET, false},
    {CIAO_DROP_FRAGMENT_AGAIN, again, ON_ETHERNET, false},
    {CIAO_DROP_FRAGMENT_OVERLAP, again_but_different, ON_ETHERNET, false},
    {CIAO_DROP_FRAGMENT_OVERLAP, overlap, ON_ETHERNET, false},
    {CIAO_DROP_FRAGMENT_ENDS_DIFFER, ends_differ, ON_ETHERNET, false},
    {CIAO_DROP_FRAGMENT_TOO_MANY, too_many, ON_ETHERNET, false},
    {CIAO_DROP_FRAGMENT_SPOILT, spoilt, ON_ETHERNET, false},
    {CIAO_DROP_REASSEMBLY_SOURCE_LIMIT, source_limit, ON_ETHERNET, false},
    {CIAO_DROP_REASSEMBLY_SOURCE_LIMIT, source_bytes, ON_ETHERNET, false},
    {CIAO_DROP_REASSEMBLY_EVICTED, evicted, ON_IP, true},
    {CIAO_DROP_REASSEMBLY_NO_MEMORY, no_memory, ON_ETHERNET, true},
    {CIAO_DROP_REASSEMBLY_TIMEOUT_IP4, timeout_ip4, ON_ETHERNET, true},
    {CIAO_DROP_REASSEMBLY_TIMEOUT_IP6, timeout_ip6, ON_ETHERNET, true},
};
const unsigned n_drops_parts = COUNT(drops_parts);
