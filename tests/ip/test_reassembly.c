/*
 * Fragments: in every order, doubled, missing, overlapping, against a model that remembers bytes.
 */
#include "lab.h"

static struct lab *lab;

static int begin(void **state)
{
    (void)state;
    lab = lab_new(CIAO_LINK_IP);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_free(lab);
    return 0;
}

/* A TCP segment of so many bytes, to be cut. */
static uint8_t whole[65536];

static void make_whole(bool v6, uint32_t len)
{
    (v6 ? make_tcp6 : make_tcp4)(lab, len - 20);
    memcpy(whole, v6 ? l4_of_ip6(lab) : l4_of_ip4(lab), len);
}

static enum ciao_reason feed_piece(bool v6, const struct piece *piece)
{
    (v6 ? make_piece6 : make_piece4)(lab, piece, whole);
    return feed(lab);
}

static void expect_whole(uint32_t len)
{
    assert_true(lab->is_tcp);
    assert_int_equal(lab->packet.l4_len, len);
    assert_memory_equal(lab->l4, whole, len);
    assert_false(lab->packet.csum_ok);
    assert_int_equal(ip_reassembly_count(&lab->ip), 0);
    assert_int_equal(lab->ip.reassemblies.bytes, 0);
}

/* The n-th order of `count` things, 0 .. count! - 1. */
static void order_of(unsigned n, unsigned count, unsigned *order)
{
    unsigned left[8];
    for (unsigned i = 0; i < count; i++)
        left[i] = i;
    for (unsigned i = 0; i < count; i++) {
        unsigned pick = n % (count - i);
        n /= count - i;
        order[i] = left[pick];
        memmove(&left[pick], &left[pick + 1], (count - i - pick - 1) * sizeof left[0]);
    }
}

static void any_order_of_five_gives_the_whole(void **state)
{
    (void)state;
    static const uint32_t starts[] = {0, 24, 512, 520, 1000, 1357};
    for (unsigned n = 0; n < 2 * 120; n++) {
        bool v6 = n & 1;
        unsigned order[5];
        order_of(n / 2, 5, order);
        make_whole(v6, 1357);
        for (unsigned i = 0; i < 5; i++) {
            unsigned at = order[i];
            struct piece piece = {.id = n,
                                  .start = starts[at],
                                  .len = starts[at + 1] - starts[at],
                                  .more = at != 4,
                                  .protocol = IP_PROTO_TCP};
            assert_int_equal(feed_piece(v6, &piece), CIAO_REASON_NONE);
            assert_int_equal(lab->is_tcp, i == 4);
        }
        expect_whole(1357);
    }
}

/* The largest datagrams there are. */
static void sixty_four_kilobytes(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        uint32_t len = v6 ? 65535 : 65515;
        make_whole(v6, len > 65515 ? 65515 : len);
        for (uint32_t i = 0; i < len; i++)
            whole[i] = (uint8_t)(i * 31 + i / 256);
        for (uint32_t start = 0; start < len; start += 1400) {
            struct piece piece = {.id = 1,
                                  .start = start,
                                  .len = len - start < 1400 ? len - start : 1400,
                                  .more = len - start > 1400,
                                  .protocol = IP_PROTO_TCP};
            assert_int_equal(feed_piece(v6, &piece), CIAO_REASON_NONE);
        }
        expect_whole(len);
    }
}

static void datagrams_are_told_apart(void **state)
{
    (void)state;
    make_whole(false, 80);
    struct piece first = {.id = 1, .len = 40, .more = true, .protocol = IP_PROTO_TCP};
    struct piece last = {.id = 2, .start = 40, .len = 40, .protocol = IP_PROTO_TCP};
    assert_int_equal(feed_piece(false, &first), CIAO_REASON_NONE);
    assert_int_equal(feed_piece(false, &last), CIAO_REASON_NONE); /* another identification */
    last.id = 1;
    last.protocol = IP_PROTO_UDP; /* another protocol */
    assert_int_equal(feed_piece(false, &last), CIAO_REASON_NONE);
    last.protocol = IP_PROTO_TCP;
    make_piece4(lab, &last, whole);
    set_src4(lab, "10.9.0.9"); /* another host */
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(ip_reassembly_count(&lab->ip), 4);
    assert_int_equal(feed_piece(false, &last), CIAO_REASON_NONE);
    assert_true(lab->is_tcp);
    assert_int_equal(ip_reassembly_count(&lab->ip), 3);
}

/* One mark of congestion marks the whole [RFC3168 5.3]; TTL and TOS are the first fragment's. */
static void a_mark_of_congestion_survives(void **state)
{
    (void)state;
    make_whole(false, 80);
    struct piece first = {.id = 1, .len = 40, .more = true, .protocol = IP_PROTO_TCP};
    struct piece last = {.id = 1, .start = 40, .len = 40, .protocol = IP_PROTO_TCP};
    make_piece4(lab, &last, whole);
    l3(lab)[1] = IP_ECN_CE;
    l3(lab)[8] = 7;
    ip4_refresh_checksum(l3(lab));
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    make_piece4(lab, &first, whole);
    l3(lab)[1] = 0x20 | IP_ECN_ECT0;
    ip4_refresh_checksum(l3(lab));
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    expect_whole(80);
    assert_int_equal(lab->packet.tos, 0x20 | IP_ECN_CE);
    assert_int_equal(lab->packet.ttl, 63);
}

static void an_extension_header_behind_the_fragments_is_passed(void **state)
{
    (void)state;
    make_whole(true, 100);
    memmove(whole + 8, whole, 100);
    memcpy(whole, (const uint8_t[8]){IP_PROTO_TCP, 0, 1, 4}, 8);
    struct piece first = {.id = 1, .len = 48, .more = true, .protocol = IP_PROTO_DESTINATION};
    struct piece last = {.id = 1, .start = 48, .len = 60, .protocol = IP_PROTO_DESTINATION};
    assert_int_equal(feed_piece(true, &last), CIAO_REASON_NONE);
    assert_int_equal(feed_piece(true, &first), CIAO_REASON_NONE);
    assert_true(lab->is_tcp);
    assert_int_equal(lab->packet.l4_len, 100);
    assert_memory_equal(lab->l4, whole + 8, 100);
}

/* ---- too late ---- */

/* The first fragment is quoted; where it never came there is nothing to say. */
static void lateness_is_told_to_the_sender(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        make_whole(v6, 400);
        struct piece first = {.id = 1, .len = 160, .more = true, .protocol = IP_PROTO_TCP};
        struct piece other = {
            .id = 2, .start = 80, .len = 80, .more = true, .protocol = IP_PROTO_TCP};
        assert_int_equal(feed_piece(v6, &first), CIAO_REASON_NONE);
        uint8_t quoted[100];
        memcpy(quoted, l3(lab), 100);
        assert_int_equal(feed_piece(v6, &other), CIAO_REASON_NONE);
        pass_time(lab, s_to_us(v6 ? 60 : 30));
        assert_int_equal(ip_reassembly_count(&lab->ip), 0);
        assert_true(take(lab));
        assert_int_equal(lab->sent[v6 ? 40 : 20], v6 ? 3 : 11);
        assert_int_equal(lab->sent[v6 ? 41 : 21], 1);
        assert_memory_equal(lab->sent + (v6 ? 48 : 28), quoted, 100);
        assert_false(take(lab));
    }
    assert_int_equal(lab_count(lab, CIAO_DROP_REASSEMBLY_TIMEOUT_IP4), 2);
    assert_int_equal(lab_count(lab, CIAO_DROP_REASSEMBLY_TIMEOUT_IP6), 2);
}

/* ---- hostile ---- */

/* [RFC5722 3], and for IPv4 the same: it is given up, and its other fragments with it. */
static void an_overlap_spoils_the_datagram(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        make_whole(v6, 400);
        struct piece first = {.id = 7, .len = 160, .more = true, .protocol = IP_PROTO_TCP};
        struct piece over = {
            .id = 7, .start = 152, .len = 80, .more = true, .protocol = IP_PROTO_TCP};
        struct piece last = {.id = 7, .start = 160, .len = 240, .protocol = IP_PROTO_TCP};
        assert_int_equal(feed_piece(v6, &first), CIAO_REASON_NONE);
        assert_int_equal(feed_piece(v6, &over), CIAO_DROP_FRAGMENT_OVERLAP);
        assert_int_equal(ciao_bufpool_used_count(&lab->buffers), 0);
        assert_int_equal(feed_piece(v6, &last), CIAO_DROP_FRAGMENT_SPOILT);
        assert_int_equal(feed_piece(v6, &first), CIAO_DROP_FRAGMENT_SPOILT);
        pass_time(lab, s_to_us(v6 ? 60 : 30)); /* then it may be tried anew */
        assert_int_equal(feed_piece(v6, &first), CIAO_REASON_NONE);
        assert_int_equal(feed_piece(v6, &last), CIAO_REASON_NONE);
        assert_true(lab->is_tcp);
    }
    assert_false(take(lab));
}

static void a_flood_of_fragments_is_bounded(void **state)
{
    (void)state;
    static uint8_t block[1400];
    for (uint32_t i = 0; i < 20000; i++) {
        struct ciao_addr addr = ip_addr_v4(0x0a090003 + i % 200);
        char text[CIAO_ADDR_TEXT];
        struct piece piece = {
            .id = i / 7, .start = 8 + i % 40 * 1400, .len = 1400, .more = true, .protocol = 6};
        make_ip4(lab, 6, block, 1400);
        put_be16(l3(lab) + 4, (uint16_t)piece.id);
        put_be16(l3(lab) + 6, (uint16_t)(piece.start / 8 | 0x2000));
        ciao_addr_format(&addr, text);
        set_src4(lab, text);
        feed(lab);
        lab->now += 10;
        assert_true(ip_reassembly_count(&lab->ip) <= IP_REASSEMBLIES);
        assert_true(lab->ip.reassemblies.bytes <= IP_REASSEMBLY_BYTES);
        assert_true(ciao_bufpool_used_count(&lab->buffers) <= IP_REASSEMBLIES);
    }
    /* And an honest sender still gets through. */
    make_whole(false, 80);
    struct piece first = {.id = 1, .len = 40, .more = true, .protocol = IP_PROTO_TCP};
    struct piece last = {.id = 1, .start = 40, .len = 40, .protocol = IP_PROTO_TCP};
    assert_int_equal(feed_piece(false, &first), CIAO_DROP_REASSEMBLY_EVICTED);
    assert_int_equal(feed_piece(false, &last), CIAO_REASON_NONE);
    assert_true(lab->is_tcp);
}

/* ---- against a model ---- */

/* What is known of one datagram: which bytes came, where it ends, whether it is spoilt. */
struct model {
    uint8_t came[2048];
    uint32_t total; /* 0: unknown */
    bool exists, spoilt;
};

static enum ciao_reason model_judges(struct model *m, const struct piece *piece, uint32_t size)
{
    uint32_t stop = piece->start + piece->len, held = 0, high = 0;
    for (uint32_t i = 0; i < size; i++) {
        held += m->came[i] && i >= piece->start && i < stop;
        high = m->came[i] ? i + 1 : high;
    }
    if (piece->start == 0 && piece->more && piece->len < 20)
        return CIAO_DROP_FRAGMENT_TINY;
    m->exists = true;
    if (m->spoilt)
        return CIAO_DROP_FRAGMENT_SPOILT;
    bool differ = m->total != 0 ? (piece->more ? stop >= m->total : stop != m->total)
                                : !piece->more && stop < high;
    if (differ) {
        m->spoilt = true;
        return CIAO_DROP_FRAGMENT_ENDS_DIFFER;
    }
    if (held == piece->len)
        return CIAO_DROP_FRAGMENT_AGAIN;
    if (held != 0) {
        m->spoilt = true;
        return CIAO_DROP_FRAGMENT_OVERLAP;
    }
    memset(m->came + piece->start, 1, piece->len);
    if (!piece->more)
        m->total = stop;
    return CIAO_REASON_NONE;
}

static bool model_is_whole(const struct model *m)
{
    for (uint32_t i = 0; i < m->total; i++) {
        if (!m->came[i])
            return false;
    }
    return m->total != 0 && !m->spoilt;
}

/* Pieces that lie on a grid, now and then one that does not, until the datagram is done. */
static void one_random_datagram(struct rng *rng, uint32_t id, bool v6)
{
    struct model m = {0};
    uint32_t size = 64 + rng_below(rng, 1900), grid = 8 * (3 + rng_below(rng, 20));
    make_whole(v6, size);
    for (unsigned tries = 0; tries < 400; tries++) {
        uint32_t start = rng_below(rng, (size + grid - 1) / grid) * grid;
        uint32_t len = grid * (1 + rng_below(rng, 20) / 19);
        if (rng_below(rng, 300) == 0)
            start = (start + 8) % (size & ~7u);
        bool more = start + len < size;
        if (start == 0 && !more)
            continue; /* all of it is no fragment */
        struct piece piece = {.id = id,
                              .start = start,
                              .len = more ? len : size - start,
                              .more = more,
                              .protocol = IP_PROTO_TCP};
        enum ciao_reason expected = model_judges(&m, &piece, size);
        assert_int_equal(feed_piece(v6, &piece), expected);
        assert_int_equal(lab->is_tcp, expected == CIAO_REASON_NONE && model_is_whole(&m));
        if (lab->is_tcp) {
            expect_whole(size);
            return;
        }
        if (m.spoilt && rng_below(rng, 5) == 0)
            break;
    }
    pass_time(lab, s_to_us(60));
    while (take(lab))
        continue;
    assert_int_equal(ip_reassembly_count(&lab->ip), 0);
}

static void a_model_agrees(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t seed[32] = {42};
    rng_seed(&rng, seed);
    for (uint32_t id = 0; id < 2000; id++)
        one_random_datagram(&rng, id, id & 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(any_order_of_five_gives_the_whole),
        STORY(sixty_four_kilobytes),
        STORY(datagrams_are_told_apart),
        STORY(a_mark_of_congestion_survives),
        STORY(an_extension_header_behind_the_fragments_is_passed),
        STORY(lateness_is_told_to_the_sender),
        STORY(an_overlap_spoils_the_datagram),
        STORY(a_flood_of_fragments_is_bounded),
        STORY(a_model_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
