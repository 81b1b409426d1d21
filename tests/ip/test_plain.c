/*
 * The usual datagram between known ends goes a shorter way: it tells TCP, and drops, the same.
 */
#include "lab.h"

static const enum ciao_link_kind kinds[] = {CIAO_LINK_ETHERNET, CIAO_LINK_IP};

/* What a lab says of its last frame, to be compared with another's. */
static void expect_same(struct lab *known, struct lab *unknown, enum ciao_reason a,
                        enum ciao_reason b)
{
    assert_int_equal(a, b);
    assert_int_equal(known->is_tcp, unknown->is_tcp);
    assert_int_equal(known->drops, unknown->drops);
    assert_int_equal(known->ip.accepted, unknown->ip.accepted);
    if (!known->is_tcp)
        return;
    const struct ip_packet *p = &known->packet, *q = &unknown->packet;
    assert_true(ip_equal(&p->src, &q->src) && ip_equal(&p->dst, &q->dst));
    assert_int_equal(p->l4_len, q->l4_len);
    assert_int_equal(p->l4_head_len, q->l4_head_len);
    assert_int_equal(p->link, q->link);
    assert_int_equal(p->protocol, q->protocol);
    assert_int_equal(p->ttl, q->ttl);
    assert_int_equal(p->tos, q->tos);
    assert_int_equal(p->v6, q->v6);
    assert_int_equal(p->csum_ok, q->csum_ok);
    assert_int_equal(p->broadcast, q->broadcast);
    assert_memory_equal(known->l4, unknown->l4, p->l4_len);
}

static void make(struct lab *lab, bool v6, uint32_t data_len)
{
    (v6 ? make_tcp6 : make_tcp4)(lab, data_len);
}

static void damage(struct lab *lab, struct rng *rng)
{
    uint32_t headers = lab->link_len + 60 < lab->len ? lab->link_len + 60 : lab->len;
    lab->b[rng_below(rng, headers)] ^= (uint8_t)(1u << rng_below(rng, 8));
    if (lab->link_len + 20 < lab->len && rng_below(rng, 2) != 0 && l3(lab)[0] == 0x45)
        ip4_refresh_checksum(l3(lab)); /* so that not all fail at that */
    if (rng_below(rng, 4) == 0)
        lab->len -= rng_below(rng, 30);
}

/* One bit changed anywhere in the headers, or the end cut off: both ways say the same of it. */
static void known_ends_change_nothing(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t seed[32] = {5};
    rng_seed(&rng, seed);
    for (unsigned i = 0; i < COUNT(kinds); i++) {
        struct lab *known = lab_new(kinds[i]), *unknown = lab_new(kinds[i]);
        for (unsigned round = 0; round < 4000; round++) {
            bool v6 = rng_below(&rng, 2) != 0;
            make(known, v6, rng_below(&rng, 40));
            if (round > 2 && rng_below(&rng, 4) != 0)
                damage(known, &rng);
            memcpy(unknown->b, known->b, known->len);
            unknown->len = known->len;
            known->csum = unknown->csum = rng_below(&rng, 2) ? CIAO_CSUM_NONE : CIAO_CSUM_VERIFIED;
            ip_changed(&unknown->ip);
            expect_same(known, unknown, feed(known), feed(unknown));
        }
        lab_free(known);
        lab_free(unknown);
    }
}

/* Who was believed is not, once the address is our own. */
static void a_new_address_is_heeded(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct lab *lab = lab_new(CIAO_LINK_ETHERNET);
        struct ciao_addr peer = lab_addr(v6 ? peer6 : peer4);
        for (unsigned again = 0; again < 2; again++) {
            make(lab, v6 != 0, 10);
            assert_int_equal(feed(lab), CIAO_REASON_NONE);
            assert_true(lab->is_tcp);
        }
        assert_int_equal(ip_address_add(&lab->ip, 0, &peer, v6 ? 64 : 24), 0);
        make(lab, v6 != 0, 10);
        assert_int_equal(feed(lab), CIAO_DROP_IP_SOURCE_OURS);
        assert_false(lab->is_tcp);
        lab_free(lab);
    }
}

/* What a broadcast frame brought is not taken for the ends' own. */
static void a_broadcast_frame_is_not_for_us_alone(void **state)
{
    (void)state;
    struct lab *lab = lab_new(CIAO_LINK_ETHERNET);
    make_tcp4(lab, 10);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    make_tcp4(lab, 10);
    to_broadcast_mac(lab);
    assert_int_equal(feed(lab), CIAO_DROP_IP_UNICAST_IN_BROADCAST);
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_ends_change_nothing),
        cmocka_unit_test(a_new_address_is_heeded),
        cmocka_unit_test(a_broadcast_frame_is_not_for_us_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
