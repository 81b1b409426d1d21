/*
 * Who has which MAC: ARP and neighbour discovery, asked, answered, aged and given up.
 */
#include "lab.h"

static const uint8_t everybody[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t other_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 9};

static struct lab *lab;

static int begin(void **state)
{
    (void)state;
    lab = lab_new(CIAO_LINK_ETHERNET);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_free(lab);
    return 0;
}

/* ---- what we have sent ---- */

static struct arp_packet sent_arp(void)
{
    struct eth_header eth;
    struct arp_packet arp;
    assert_int_equal(eth_parse(lab->sent, lab->sent_len, &eth), WIRE_OK);
    assert_int_equal(eth.type, ETH_TYPE_ARP);
    assert_memory_equal(eth.src, lab_own_mac, ETH_ALEN);
    assert_int_equal(arp_parse(lab->sent + ETH_HEADER_LEN, lab->sent_len - ETH_HEADER_LEN, &arp),
                     WIRE_OK);
    return arp;
}

static struct ndp_message sent_ndp(struct ip6_header *ip)
{
    const uint8_t *p = lab->sent + ETH_HEADER_LEN;
    struct icmp6_message icmp;
    struct ndp_message message;
    assert_int_equal(ip6_parse(p, lab->sent_len - ETH_HEADER_LEN, ip), WIRE_OK);
    assert_int_equal(ip->next, IP_PROTO_ICMP6);
    struct ndp_envelope envelope = {.src = &ip->src, .dst = &ip->dst, .hop_limit = ip->hop_limit};
    assert_int_equal(icmp6_parse(p + 40, ip->payload_len, &ip->src, &ip->dst, &icmp), WIRE_OK);
    assert_int_equal(ndp_parse(p + 40, ip->payload_len, &envelope, &message), WIRE_OK);
    return message;
}

static bool sent_to(const uint8_t mac[ETH_ALEN])
{
    return memcmp(lab->sent, mac, ETH_ALEN) == 0;
}

/* ---- ARP ---- */

static void we_answer_who_asks_for_us(void **state)
{
    (void)state;
    make_arp(lab, ARP_REQUEST, peer4, own4);
    to_broadcast_mac(lab);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(take(lab));
    struct arp_packet arp = sent_arp();
    assert_true(sent_to(lab_peer_mac));
    assert_int_equal(arp.operation, ARP_REPLY);
    assert_memory_equal(arp.sender_mac, lab_own_mac, ETH_ALEN);
    assert_int_equal(arp.sender_ip, 0x0a090002);
    assert_int_equal(arp.target_ip, 0x0a090001);
    /* And we know the asker from now on. */
    assert_true(send_tcp(lab, peer4));
    assert_true(sent_to(lab_peer_mac));
}

/* [RFC5227 1.1]: who looks whether our address is free learns that it is not. */
static void an_address_probe_is_answered_and_nothing_learnt(void **state)
{
    (void)state;
    make_arp(lab, ARP_REQUEST, "0.0.0.0", own4);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(take(lab));
    assert_int_equal(sent_arp().operation, ARP_REPLY);
    assert_int_equal(lab->ip.neighbours.pool.used, 0);
}

static void a_frame_waits_until_its_neighbour_answers(void **state)
{
    (void)state;
    assert_false(send_tcp(lab, peer4));
    assert_int_equal(ip_neighbours_waiting(&lab->ip), 1);
    assert_true(take(lab));
    assert_true(sent_to(everybody));
    struct arp_packet arp = sent_arp();
    assert_int_equal(arp.operation, ARP_REQUEST);
    assert_int_equal(arp.sender_ip, 0x0a090002);
    assert_int_equal(arp.target_ip, 0x0a090001);
    assert_false(take(lab));

    answer_arp(lab, peer4, lab_peer_mac);
    assert_true(take(lab));
    assert_true(sent_to(lab_peer_mac));
    assert_int_equal(get_be16(lab->sent + 12), ETH_TYPE_IP4);
    assert_false(take(lab));
    assert_true(send_tcp(lab, peer4));
    assert_int_equal(ip_next_deadline(&lab->ip), lab->now + s_to_us(1)); /* spurious, once */
    pass_time(lab, s_to_us(2));
    assert_int_equal(ip_next_deadline(&lab->ip), TIME_NEVER);
}

static void three_frames_wait_and_the_oldest_goes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_false(send_tcp(lab, peer4));
    assert_int_equal(lab_count(lab, CIAO_DROP_NEIGHBOUR_QUEUE_FULL), 1);
    assert_true(take(lab)); /* one question for all */
    assert_false(take(lab));
    answer_arp(lab, peer4, lab_peer_mac);
    unsigned left = 0;
    while (take(lab))
        left++;
    assert_int_equal(left, IP_WAITING_FRAMES);
}

/* Asked three times, a second apart; then whoever sent is told. [RFC4861 7.2.2] */
static void silence_is_told_as_unreachable(void **state)
{
    (void)state;
    time_us start = lab->now;
    assert_false(send_tcp(lab, peer4));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(take(lab));
        assert_true(sent_to(everybody));
        assert_false(take(lab));
        assert_int_equal(ip_next_deadline(&lab->ip), start + s_to_us(i + 1));
        assert_int_equal(lab->errors, 0);
        pass_time(lab, s_to_us(1));
    }
    assert_int_equal(lab->errors, 1);
    assert_int_equal(lab->error.trouble, IP_TROUBLE_SOFT);
    assert_int_equal(lab->error.type, ICMP4_TYPE_UNREACHABLE);
    assert_int_equal(lab->error.code, ICMP4_UNREACHABLE_HOST);
    assert_int_equal(lab->error.quote.sport, 80);
    assert_int_equal(lab->error.quote.dport, 4000);
    assert_int_equal(lab->error.quote.seq, 4711);
    assert_int_equal(lab_count(lab, CIAO_DROP_NEIGHBOUR_SILENT), 1);
    assert_int_equal(lab->ip.neighbours.pool.used, 0);
    assert_int_equal(ip_next_deadline(&lab->ip), TIME_NEVER);
}

static void know_peer(void)
{
    assert_false(send_tcp(lab, peer4));
    assert_true(take(lab));
    answer_arp(lab, peer4, lab_peer_mac);
    assert_true(take(lab));
}

/* In use after 30 s: wait 5 s for a sign of life, ask the neighbour itself, then everybody. */
static void an_old_neighbour_is_asked_again(void **state)
{
    (void)state;
    know_peer();
    pass_time(lab, s_to_us(31));
    assert_true(send_tcp(lab, peer4)); /* still used */
    pass_time(lab, s_to_us(5));
    assert_true(take(lab));
    assert_true(sent_to(lab_peer_mac));
    assert_int_equal(sent_arp().operation, ARP_REQUEST);
    answer_arp(lab, peer4, lab_peer_mac);
    pass_time(lab, s_to_us(10));
    assert_false(take(lab)); /* content for another 30 s */

    pass_time(lab, s_to_us(31));
    assert_true(send_tcp(lab, peer4));
    pass_time(lab, s_to_us(5 + 3));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(take(lab));
        assert_true(sent_to(lab_peer_mac));
    }
    assert_true(take(lab));
    assert_true(sent_to(everybody));
    answer_arp(lab, peer4, other_mac); /* it has a new card */
    assert_true(send_tcp(lab, peer4));
    assert_true(sent_to(other_mac));
}

/* A reply that nobody asked for moves nobody; a stranger's gratuitous one fills no table. */
static void the_cache_is_not_poisoned(void **state)
{
    (void)state;
    know_peer();
    make_arp(lab, ARP_REPLY, peer4, own4);
    memcpy(l3(lab) + 8, other_mac, ETH_ALEN);
    assert_int_equal(feed(lab), CIAO_DROP_ARP_UNASKED);
    assert_true(send_tcp(lab, peer4));
    assert_true(sent_to(lab_peer_mac));

    make_arp(lab, ARP_REQUEST, "10.9.0.77", "10.9.0.77");
    to_broadcast_mac(lab);
    assert_int_equal(feed(lab), CIAO_DROP_ARP_NOT_FOR_US);
    make_arp(lab, ARP_REPLY, "10.9.0.78", "10.9.0.78");
    assert_int_equal(feed(lab), CIAO_DROP_ARP_UNASKED);
    assert_int_equal(lab->ip.neighbours.pool.used, 1);
}

/* One that we know may say that it has moved: it is used, and looked at soon. */
static void a_known_neighbour_announces_its_new_mac(void **state)
{
    (void)state;
    know_peer();
    make_arp(lab, ARP_REQUEST, peer4, peer4);
    memcpy(l3(lab) + 8, other_mac, ETH_ALEN);
    to_broadcast_mac(lab);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(send_tcp(lab, peer4));
    assert_true(sent_to(other_mac));
    pass_time(lab, s_to_us(5));
    assert_true(take(lab));
    assert_true(sent_to(other_mac));
    assert_int_equal(sent_arp().operation, ARP_REQUEST);
    answer_arp(lab, peer4, other_mac);
}

static void a_full_table_forgets_who_was_used_longest_ago(void **state)
{
    (void)state;
    char text[CIAO_ADDR_TEXT];
    for (unsigned i = 0; i < LAB_NEIGHBOURS + 1; i++) {
        struct ciao_addr addr = ip_addr_v4(0x0a09000a + i);
        ciao_addr_format(&addr, text);
        make_arp(lab, ARP_REQUEST, text, own4);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
        pass_time(lab, 1000);
    }
    assert_int_equal(lab->ip.neighbours.pool.used, LAB_NEIGHBOURS);
    struct ciao_addr first = lab_addr("10.9.0.10"), second = lab_addr("10.9.0.11");
    assert_null(ip_neighbour_find(&lab->ip, &first, 0));
    assert_non_null(ip_neighbour_find(&lab->ip, &second, 0));
}

/* ---- neighbour discovery ---- */

static struct ndp_message question(const char *target)
{
    struct ndp_message message = {
        .type = ICMP6_TYPE_NEIGHBOUR_SOLICITATION, .target = lab_addr(target), .has_mac = true};
    memcpy(message.mac, lab_peer_mac, ETH_ALEN);
    return message;
}

static void we_answer_a_solicitation_to_our_group(void **state)
{
    (void)state;
    struct ndp_message ask = question(own6);
    struct ip6_header ip;
    make_ndp(lab, &ask, peer6, "ff02::1:ff00:2");
    to_broadcast_mac(lab);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(take(lab));
    struct ndp_message answer = sent_ndp(&ip);
    struct ciao_addr us = lab_addr(own6), peer = lab_addr(peer6);
    assert_true(sent_to(lab_peer_mac));
    assert_int_equal(answer.type, ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT);
    assert_true(answer.solicited && answer.override && !answer.router && answer.has_mac);
    assert_memory_equal(answer.mac, lab_own_mac, ETH_ALEN);
    assert_true(ip_equal(&answer.target, &us) && ip_equal(&ip.src, &us)
                && ip_equal(&ip.dst, &peer));
    assert_true(send_tcp(lab, peer6)); /* the asker is known */
}

/* [RFC4861 7.2.4]: who asks from nowhere is told before all the link. */
static void our_address_is_defended(void **state)
{
    (void)state;
    struct ndp_message ask = question(own6);
    struct ip6_header ip;
    ask.has_mac = false;
    make_ndp(lab, &ask, "::", "ff02::1:ff00:2");
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(take(lab));
    struct ndp_message answer = sent_ndp(&ip);
    struct ciao_addr all = lab_addr("ff02::1");
    assert_true(ip_equal(&ip.dst, &all));
    assert_false(answer.solicited);
    assert_true(answer.override);
    assert_int_equal(lab->sent[0], 0x33);
}

static void a_packet_waits_until_its_neighbour_advertises(void **state)
{
    (void)state;
    struct ip6_header ip;
    assert_false(send_tcp(lab, peer6));
    assert_true(take(lab));
    struct ndp_message ask = sent_ndp(&ip);
    struct ciao_addr group = lab_addr("ff02::1:ff00:1"), us = lab_addr(own6);
    static const uint8_t group_mac[ETH_ALEN] = {0x33, 0x33, 0xff, 0, 0, 1};
    assert_int_equal(ask.type, ICMP6_TYPE_NEIGHBOUR_SOLICITATION);
    assert_true(sent_to(group_mac));
    assert_true(ip_equal(&ip.dst, &group) && ip_equal(&ip.src, &us));
    assert_memory_equal(ask.mac, lab_own_mac, ETH_ALEN);

    answer_ndp(lab, peer6, lab_peer_mac);
    assert_true(take(lab));
    assert_true(sent_to(lab_peer_mac));
    assert_int_equal(get_be16(lab->sent + 12), ETH_TYPE_IP6);
}

static void silence_is_told_for_ipv6_too(void **state)
{
    (void)state;
    assert_false(send_tcp(lab, peer6));
    pass_time(lab, s_to_us(3));
    assert_int_equal(lab->errors, 1);
    assert_int_equal(lab->error.type, ICMP6_TYPE_UNREACHABLE);
    assert_int_equal(lab->error.code, ICMP6_UNREACHABLE_ADDRESS);
    assert_int_equal(lab->error.quote.seq, 4711);
}

static struct ip_neighbour *known6(void)
{
    struct ciao_addr addr = lab_addr(peer6);
    return ip_neighbour_find(&lab->ip, &addr, 0);
}

/* [RFC4861 7.2.5]: another MAC without the override flag is doubt, with it a change. */
static void advertisements_follow_the_override_flag(void **state)
{
    (void)state;
    assert_false(send_tcp(lab, peer6));
    answer_ndp(lab, peer6, lab_peer_mac);
    assert_int_equal(known6()->state, NEIGHBOUR_REACHABLE);

    struct ndp_message news = {
        .type = ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT, .target = lab_addr(peer6), .has_mac = true};
    memcpy(news.mac, other_mac, ETH_ALEN);
    make_ndp(lab, &news, peer6, "ff02::1");
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(known6()->state, NEIGHBOUR_STALE);
    assert_memory_equal(known6()->mac, lab_peer_mac, ETH_ALEN);

    news.override = true;
    make_ndp(lab, &news, peer6, "ff02::1");
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_memory_equal(known6()->mac, other_mac, ETH_ALEN);
    assert_int_equal(known6()->state, NEIGHBOUR_STALE);
}

/* Asked itself, it is asked by unicast, from the address that the connection uses. */
static void an_old_ipv6_neighbour_is_probed(void **state)
{
    (void)state;
    struct ip6_header ip;
    assert_false(send_tcp(lab, peer6));
    assert_true(take(lab));
    answer_ndp(lab, peer6, lab_peer_mac);
    assert_true(take(lab));
    pass_time(lab, s_to_us(31));
    assert_true(send_tcp(lab, peer6));
    pass_time(lab, s_to_us(5));
    assert_true(take(lab));
    struct ciao_addr peer = lab_addr(peer6);
    assert_int_equal(sent_ndp(&ip).type, ICMP6_TYPE_NEIGHBOUR_SOLICITATION);
    assert_true(ip_equal(&ip.dst, &peer));
    assert_true(sent_to(lab_peer_mac));
    answer_ndp(lab, peer6, lab_peer_mac);
    assert_int_equal(known6()->state, NEIGHBOUR_REACHABLE);
}

/* ---- groups need nobody's MAC ---- */

static void our_linklocal_address_answers(void **state)
{
    (void)state;
    struct ciao_addr own = ip6_linklocal_of(lab_own_mac);
    char text[CIAO_ADDR_TEXT];
    struct ip6_header ip;
    ciao_addr_format(&own, text);
    struct ndp_message ask = question(text);
    make_ndp(lab, &ask, "fe80::1", text);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_true(take(lab));
    struct ndp_message answer = sent_ndp(&ip);
    assert_true(ip_equal(&answer.target, &own));
    assert_true(ip_equal(&ip.src, &own));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(we_answer_who_asks_for_us),
        STORY(an_address_probe_is_answered_and_nothing_learnt),
        STORY(a_frame_waits_until_its_neighbour_answers),
        STORY(three_frames_wait_and_the_oldest_goes),
        STORY(silence_is_told_as_unreachable),
        STORY(an_old_neighbour_is_asked_again),
        STORY(the_cache_is_not_poisoned),
        STORY(a_known_neighbour_announces_its_new_mac),
        STORY(a_full_table_forgets_who_was_used_longest_ago),
        STORY(we_answer_a_solicitation_to_our_group),
        STORY(our_address_is_defended),
        STORY(a_packet_waits_until_its_neighbour_advertises),
        STORY(silence_is_told_for_ipv6_too),
        STORY(advertisements_follow_the_override_flag),
        STORY(an_old_ipv6_neighbour_is_probed),
        STORY(our_linklocal_address_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
