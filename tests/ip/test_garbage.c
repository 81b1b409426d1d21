/*
 * Garbage: good frames with a few bytes changed, cut short or grown.  Nothing crashes, nothing is
 * read beyond its end (each frame lies in a block of exactly its size), nothing stays behind, and
 * every frame that is of no use is counted under a reason.
 */
#include "lab.h"

#include <stdio.h>

#define FRAMES 200000u

static void random_kind(struct lab *lab, struct rng *rng)
{
    static const uint8_t bytes[256] = {5};
    uint32_t len = rng_below(rng, 200);
    struct piece piece = {.id = rng_below(rng, 4),
                          .start = rng_below(rng, 4) * 64,
                          .len = 64,
                          .more = rng_below(rng, 3) != 0,
                          .protocol = rng_below(rng, 2) ? IP_PROTO_UDP : IP_PROTO_ICMP6};
    struct ndp_message ndp = {.type = rng_below(rng, 2) ? ICMP6_TYPE_NEIGHBOUR_SOLICITATION
                                                        : ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT,
                              .target = lab_addr(rng_below(rng, 2) ? own6 : peer6),
                              .solicited = rng_below(rng, 2) != 0,
                              .override = rng_below(rng, 2) != 0,
                              .has_mac = rng_below(rng, 2) != 0};
    switch (rng_below(rng, 11)) {
    case 0: make_tcp4(lab, len); break;
    case 1: make_tcp6(lab, len); break;
    case 2: make_udp4(lab, len); break;
    case 3: make_udp6(lab, len); break;
    case 4: make_echo4(lab, len); break;
    case 5: make_echo6(lab, len); break;
    case 6: make_arp(lab, ARP_REQUEST, peer4, own4); break;
    case 7: make_arp(lab, ARP_REPLY, peer4, own4); break;
    case 8: make_ndp(lab, &ndp, NULL, NULL); break;
    case 9: make_piece4(lab, &piece, bytes); break;
    default: make_piece6(lab, &piece, bytes); break;
    }
}

/* Change some bytes, mostly of the headers; often the checksums are put right again, or all would
 * end there. */
static void spoil(struct lab *lab, struct rng *rng)
{
    unsigned changes = rng_below(rng, 4);
    uint32_t reach = rng_below(rng, 4) ? 80 : lab->len;
    reach = reach < lab->len ? reach : lab->len;
    for (unsigned i = 0; i < changes; i++)
        lab->b[rng_below(rng, reach)] = (uint8_t)rng_u32(rng);
    bool has_header = lab->len >= lab->link_len + 20;
    if (has_header && rng_below(rng, 4) != 0 && (l3(lab)[0] & 15) >= 5
        && lab->len >= lab->link_len + (l3(lab)[0] & 15u) * 4)
        ip4_refresh_checksum(l3(lab));
    if (rng_below(rng, 4) == 0 && lab->len > lab->link_len + 44)
        fix_icmp6(lab);
    if (rng_below(rng, 6) == 0)
        lab->len = rng_below(rng, lab->len + 1);
    if (rng_below(rng, 20) == 0)
        lab->len += rng_below(rng, 60);
    lab->csum = (enum ciao_csum)rng_below(rng, 3);
}

static void send_something(struct lab *lab, struct rng *rng)
{
    if (rng_below(rng, 50) == 0)
        (void)send_tcp(lab, rng_below(rng, 2) ? peer4 : peer6);
    while (rng_below(rng, 3) == 0 && take(lab))
        continue;
    if (rng_below(rng, 500) == 0)
        pass_time(lab, rng_below(rng, 40000000));
    else
        lab->now += rng_below(rng, 2000);
    ip_advance(&lab->ip, lab->now);
}

static void feed_garbage(enum ciao_link_kind kind, uint8_t seed_byte, unsigned frames)
{
    struct lab *lab = lab_new(kind);
    struct rng rng;
    uint8_t seed[32] = {seed_byte};
    unsigned useful = 0;
    rng_seed(&rng, seed);
    for (unsigned i = 0; i < frames; i++) {
        random_kind(lab, &rng);
        spoil(lab, &rng);
        uint64_t accepted = lab->ip.accepted;
        enum ciao_reason reason = feed(lab);
        bool was_useful = lab->ip.accepted != accepted;
        if (!was_useful && reason == CIAO_REASON_NONE)
            fail_msg("seed %u, frame %u: neither of use nor dropped", seed_byte, i);
        if (lab->is_tcp)
            assert_true(was_useful);
        useful += was_useful;
        send_something(lab, &rng);
    }
    unsigned reasons = 0;
    for (unsigned i = 0; i < CIAO_REASONS; i++)
        reasons += lab_count(lab, (enum ciao_reason)i) != 0;
    printf("# %u frames, %u of use, the others dropped for %u reasons\n", frames, useful, reasons);
    assert_true(useful > frames / 20 && reasons > 40); /* not all of it ends at the first check */
    lab_free(lab);
}

static void mutated_frames_on_ethernet(void **state)
{
    (void)state;
    feed_garbage(CIAO_LINK_ETHERNET, 1, FRAMES / 2);
}

static void mutated_packets_on_a_bare_link(void **state)
{
    (void)state;
    feed_garbage(CIAO_LINK_IP, 2, FRAMES / 2);
}

/* Nothing but noise, of every length. */
static void noise(void **state)
{
    (void)state;
    for (int kind = CIAO_LINK_IP; kind <= CIAO_LINK_ETHERNET; kind++) {
        struct lab *lab = lab_new((enum ciao_link_kind)kind);
        struct rng rng;
        uint8_t seed[32] = {9};
        rng_seed(&rng, seed);
        for (unsigned i = 0; i < 20000; i++) {
            lab->len = rng_below(&rng, 300);
            for (uint32_t at = 0; at < lab->len; at++)
                lab->b[at] = (uint8_t)rng_u32(&rng);
            if (kind == CIAO_LINK_ETHERNET && lab->len >= ETH_HEADER_LEN) {
                memcpy(lab->b, lab_own_mac, ETH_ALEN);
                put_be16(lab->b + 12, rng_below(&rng, 2) ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
            }
            assert_int_not_equal(feed(lab), CIAO_REASON_NONE);
            assert_int_equal(lab->drops, 1);
        }
        lab_free(lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_frames_on_ethernet),
        cmocka_unit_test(mutated_packets_on_a_bare_link),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
