/*
 * Links, addresses and routes: which way a datagram goes, and from which address.
 */
#include "lab.h"

static struct lab *lab;
static int second; /* another link */

static const char *const own4b = "192.0.2.2", *const own6b = "2001:db8:b::2";

static int begin(void **state)
{
    struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = 1400};
    struct ciao_addr v4 = lab_addr(own4b), v6 = lab_addr(own6b);
    (void)state;
    lab = lab_new(CIAO_LINK_ETHERNET);
    second = ip_link_add(&lab->ip, &link);
    assert_int_equal(second, 1);
    assert_int_equal(ip_address_add(&lab->ip, second, &v4, 24), 0);
    assert_int_equal(ip_address_add(&lab->ip, second, &v6, 64), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_free(lab);
    return 0;
}

static int add_route(const char *prefix, unsigned len, const char *gateway, int link)
{
    struct ciao_addr via;
    struct ciao_route route = {.prefix = lab_addr(prefix), .prefix_len = len, .link = link};
    if (gateway != NULL) {
        via = lab_addr(gateway);
        route.gateway = &via;
    }
    return ip_route_add(&lab->ip, &route);
}

static struct ip_path path_to(const char *dst, const char *source)
{
    struct ip_path path;
    struct ciao_addr to = lab_addr(dst), from;
    if (source != NULL)
        from = lab_addr(source);
    assert_int_equal(ip_path_to(&lab->ip, &to, source ? &from : NULL, &path), 0);
    return path;
}

static int no_path_to(const char *dst, const char *source)
{
    struct ip_path path;
    struct ciao_addr to = lab_addr(dst), from;
    if (source != NULL)
        from = lab_addr(source);
    return ip_path_to(&lab->ip, &to, source ? &from : NULL, &path);
}

static void expect_source(const struct ip_path *path, const char *text)
{
    struct ciao_addr addr = lab_addr(text);
    assert_true(ip_equal(&path->source, &addr));
}

static void a_connected_network_is_reached_by_its_link(void **state)
{
    (void)state;
    struct ip_path a = path_to("10.9.0.77", NULL), b = path_to("192.0.2.77", NULL);
    struct ip_path c = path_to("fd09::77", NULL), d = path_to("2001:db8:b::77", NULL);
    assert_int_equal(a.link, 0);
    assert_int_equal(a.mtu, 1500);
    assert_int_equal(b.link, 1);
    assert_int_equal(b.mtu, 1400);
    assert_int_equal(c.link, 0);
    assert_int_equal(d.link, 1);
    expect_source(&a, own4);
    expect_source(&b, own4b);
    expect_source(&c, own6);
    expect_source(&d, own6b);
}

static void the_longest_prefix_wins(void **state)
{
    (void)state;
    assert_int_equal(no_path_to("8.8.8.8", NULL), -CIAO_ENOROUTE);
    assert_int_equal(add_route("8.0.0.0", 8, "192.0.2.1", 1), 0);
    assert_int_equal(add_route("0.0.0.0", 0, "10.9.0.1", 0), 0);
    assert_int_equal(add_route("8.8.8.8", 32, "10.9.0.1", 0), 0);
    assert_int_equal(add_route("8.8.0.0", 16, "192.0.2.1", 1), 0);
    assert_int_equal(path_to("8.8.8.8", NULL).link, 0);
    assert_int_equal(path_to("8.8.8.9", NULL).link, 1);
    assert_int_equal(path_to("8.9.0.1", NULL).link, 1);
    assert_int_equal(path_to("9.9.9.9", NULL).link, 0);
    /* The default of one family is not the other's. */
    assert_int_equal(no_path_to("2001:db8::1", NULL), -CIAO_ENOROUTE);
    assert_int_equal(add_route("::", 0, "fe80::1", 0), 0);
    assert_int_equal(path_to("2001:db8::1", NULL).link, 0);
    assert_int_equal(path_to("9.9.9.9", NULL).link, 0);
}

/* Random prefixes against the plainest search there is. */
static void a_model_agrees_on_the_longest_prefix(void **state)
{
    (void)state;
    struct {
        uint32_t prefix;
        unsigned len;
    } rows[150];
    struct rng rng;
    uint8_t seed[32] = {3};
    rng_seed(&rng, seed);
    for (unsigned i = 0; i < COUNT(rows); i++) {
        rows[i].len = 4 + rng_below(&rng, 20);
        rows[i].prefix = (0x50000000 | rng_below(&rng, 1u << 26)) & ~(UINT32_MAX >> rows[i].len);
        struct ciao_route route = {
            .prefix = ip_addr_v4(rows[i].prefix), .prefix_len = rows[i].len, .link = i & 1};
        assert_int_equal(ip_route_add(&lab->ip, &route), 0);
    }
    for (unsigned n = 0; n < 5000; n++) {
        uint32_t dst = 0x50000000 | rng_below(&rng, 1u << 26);
        int best = -1;
        for (unsigned i = 0; i < COUNT(rows); i++) {
            bool matches = ((dst ^ rows[i].prefix) >> (32 - rows[i].len)) == 0;
            if (matches && (best < 0 || rows[i].len > rows[best].len))
                best = (int)i;
        }
        struct ciao_addr to = ip_addr_v4(dst);
        struct ip_path path;
        int result = ip_path_to(&lab->ip, &to, NULL, &path);
        assert_int_equal(result, best < 0 ? -CIAO_ENOROUTE : 0);
        if (best >= 0)
            assert_int_equal(path.link, best & 1);
    }
}

static void a_gateway_is_the_neighbour(void **state)
{
    (void)state;
    assert_int_equal(add_route("0.0.0.0", 0, "10.9.0.1", 0), 0);
    assert_false(send_tcp(lab, "8.8.8.8"));
    assert_true(take(lab));
    struct arp_packet arp;
    assert_int_equal(arp_parse(lab->sent + 14, ARP_LEN, &arp), WIRE_OK);
    assert_int_equal(arp.target_ip, 0x0a090001);
    answer_arp(lab, peer4, lab_peer_mac);
    assert_true(take(lab));
    assert_memory_equal(lab->sent, lab_peer_mac, ETH_ALEN);
    assert_int_equal(get_be32(lab->sent + 14 + 16), 0x08080808);
}

/* From some of these somebody could send, but nobody would believe it. [RFC1122 3.2.1.3] */
static void some_destinations_are_nobodys(void **state)
{
    (void)state;
    static const char *const to_many[] = {"0.0.0.0",   "::",         "255.255.255.255",
                                          "224.1.2.3", "10.9.0.255", "ff02::1",
                                          "0.0.0.5",   "240.0.0.1",  "255.1.2.3"};
    for (unsigned i = 0; i < COUNT(to_many); i++)
        assert_int_equal(no_path_to(to_many[i], NULL), -CIAO_EDESTADDR);
    assert_int_equal(add_route("0.0.0.0", 0, "10.9.0.1", 0), 0);
    assert_int_equal(no_path_to("127.0.0.1", NULL), -CIAO_ENOROUTE);
    assert_int_equal(no_path_to("::1", NULL), -CIAO_ENOROUTE);
    assert_int_equal(no_path_to(own4, NULL), -CIAO_ENOROUTE); /* nothing loops back inside */
    assert_int_equal(no_path_to("8.8.8.8", "10.9.0.3"), -CIAO_EADDRNOTAVAIL);
    assert_int_equal(no_path_to("8.8.8.8", own6), -CIAO_EADDRNOTAVAIL);
}

static void the_source_asked_for_is_used(void **state)
{
    (void)state;
    struct ip_path path = path_to("10.9.0.1", own4b);
    expect_source(&path, own4b);
    assert_int_equal(path.link, 0);
}

/* [RFC6724 5]: the scope of the destination, then the longest match. */
static void the_source_fits_the_destination(void **state)
{
    (void)state;
    struct ciao_addr near = lab_addr("fd77:1::2"), linklocal = ip6_linklocal_of(lab_own_mac);
    assert_int_equal(ip_address_add(&lab->ip, 0, &near, 64), 0);
    assert_int_equal(add_route("fd77::", 16, "fd09::1", 0), 0);
    assert_int_equal(add_route("::", 0, "fd09::1", 0), 0);
    struct ip_path a = path_to("fd77:2::9", NULL), b = path_to("fd09:7::1", NULL);
    struct ip_path c = path_to("fe80::9", NULL);
    expect_source(&a, "fd77:1::2");
    expect_source(&b, own6);
    assert_true(ip_equal(&c.source, &linklocal));
}

static void a_links_mtu_bounds_a_routes(void **state)
{
    (void)state;
    struct ciao_route route = {
        .prefix = lab_addr("8.0.0.0"), .prefix_len = 8, .link = 1, .mtu = 1300};
    assert_int_equal(ip_route_add(&lab->ip, &route), 0);
    route.prefix = lab_addr("9.0.0.0");
    route.mtu = 9000;
    assert_int_equal(ip_route_add(&lab->ip, &route), 0);
    assert_int_equal(path_to("8.1.1.1", NULL).mtu, 1300);
    assert_int_equal(path_to("9.1.1.1", NULL).mtu, 1400);
}

/* ---- routers ---- */

static void make_router_says(uint16_t lifetime_s, uint32_t mtu)
{
    uint8_t bytes[16 + 8 + 8 + 32] = {ICMP6_TYPE_ROUTER_ADVERTISEMENT, 0, 0, 0, 64};
    put_be16(bytes + 6, lifetime_s);
    bytes[16] = 1, bytes[17] = 1; /* source link address */
    memcpy(bytes + 18, lab_peer_mac, ETH_ALEN);
    bytes[24] = 5, bytes[25] = 1; /* MTU */
    put_be32(bytes + 28, mtu);
    bytes[32] = 3, bytes[33] = 4, bytes[34] = 64, bytes[35] = 0x80; /* an on-link prefix */
    put_be32(bytes + 36, lifetime_s);
    struct ciao_addr prefix = lab_addr("2001:db8:77::");
    memcpy(bytes + 48, prefix.b, 16);
    make_ip6(lab, IP_PROTO_ICMP6, bytes, sizeof bytes);
    l3(lab)[7] = NDP_HOP_LIMIT;
    set_src6(lab, "fe80::1");
    set_dst6(lab, "ff02::1");
    fix_icmp6(lab);
}

/* [RFC4861 6.3.4]: it is the way out until its lifetime ends, and its prefix lies on the link. */
static void a_router_advertises_itself(void **state)
{
    (void)state;
    assert_int_equal(no_path_to("2001:db8::1", NULL), -CIAO_ENOROUTE);
    make_router_says(1800, 1450);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    struct ip_path path = path_to("2001:db8::1", NULL);
    assert_int_equal(path.link, 0);
    assert_int_equal(path.mtu, 1450);
    expect_source(&path, own6);
    assert_true(send_tcp(lab, "2001:db8::1")); /* by the router, whose MAC it has told */
    assert_memory_equal(lab->sent, lab_peer_mac, ETH_ALEN);
    assert_false(send_tcp(lab, "2001:db8:77::9")); /* on the link: the neighbour is asked */
    while (take(lab))
        continue;

    pass_time(lab, s_to_us(1000));
    make_router_says(1800, 1450); /* again: it lives on */
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    pass_time(lab, s_to_us(1000));
    assert_int_equal(path_to("2001:db8::1", NULL).link, 0);
    pass_time(lab, s_to_us(900));
    assert_int_equal(no_path_to("2001:db8::1", NULL), -CIAO_ENOROUTE);
    assert_int_equal(no_path_to("2001:db8:77::9", NULL), -CIAO_ENOROUTE);
}

static void a_router_steps_down(void **state)
{
    (void)state;
    make_router_says(1800, 0);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(path_to("2001:db8::1", NULL).mtu, 1500);
    make_router_says(0, 0);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(no_path_to("2001:db8::1", NULL), -CIAO_ENOROUTE);
    /* The program's own way out is not a router's to take. */
    assert_int_equal(add_route("::", 0, "fd09::1", 0), 0);
    make_router_says(0, 0);
    assert_int_equal(feed(lab), CIAO_REASON_NONE);
    assert_int_equal(path_to("2001:db8::1", NULL).link, 0);
}

/* ---- what cannot be ---- */

static void impossible_links_are_refused(void **state)
{
    (void)state;
    struct ciao_link link = {.kind = CIAO_LINK_ETHERNET, .mtu = 1500, .mac = {2}};
    struct ciao_link bad = link;
    bad.mtu = 575;
    assert_int_equal(ip_link_add(&lab->ip, &bad), -CIAO_EINVAL);
    bad.mtu = 65536;
    assert_int_equal(ip_link_add(&lab->ip, &bad), -CIAO_EINVAL);
    bad = link;
    bad.mac[0] = 1;
    assert_int_equal(ip_link_add(&lab->ip, &bad), -CIAO_EINVAL);
    bad.mac[0] = 0;
    assert_int_equal(ip_link_add(&lab->ip, &bad), -CIAO_EINVAL);
    for (unsigned i = 2; i < IP_LINKS; i++)
        assert_int_equal(ip_link_add(&lab->ip, &link), i);
    assert_int_equal(ip_link_add(&lab->ip, &link), -CIAO_ENOMEM);
}

static void impossible_addresses_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned bits;
        int link;
    } bad[] = {
        {"0.0.0.0", 8, 0},       {"127.0.0.1", 8, 0}, {"224.0.0.1", 24, 0}, {"10.1.0.0", 16, 0},
        {"10.1.255.255", 16, 0}, {"10.1.0.1", 33, 0}, {"::1", 128, 0},      {"ff02::1", 64, 0},
        {"fd00::1", 129, 0},     {"10.1.0.1", 24, 7}, {"10.1.0.1", 24, -1}, {"10.9.0.2", 24, 1},
    };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        struct ciao_addr addr = lab_addr(bad[i].text);
        assert_int_equal(ip_address_add(&lab->ip, bad[i].link, &addr, bad[i].bits), -CIAO_EINVAL);
    }
    struct ciao_addr pair = lab_addr("10.77.0.0"); /* of a pair, both are usable [RFC3021] */
    assert_int_equal(ip_address_add(&lab->ip, 0, &pair, 31), 0);
    struct ciao_link narrow = {.kind = CIAO_LINK_IP, .mtu = 1279};
    struct ciao_addr v6 = lab_addr("fd55::1");
    int link = ip_link_add(&lab->ip, &narrow);
    assert_int_equal(ip_address_add(&lab->ip, link, &v6, 64), -CIAO_EINVAL); /* [RFC8200 5] */
}

static void impossible_routes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(add_route("8.0.0.0", 33, NULL, 0), -CIAO_EINVAL);
    assert_int_equal(add_route("8.0.0.0", 8, NULL, 5), -CIAO_EINVAL);
    assert_int_equal(add_route("8.0.0.0", 8, "fd09::1", 0), -CIAO_EINVAL);
    assert_int_equal(add_route("8.0.0.0", 8, "0.0.0.0", 0), -CIAO_EINVAL);
    assert_int_equal(add_route("8.0.0.0", 8, own4, 0), -CIAO_EINVAL);
    int failed = 0;
    for (unsigned i = 0; i <= IP_ROUTES && failed == 0; i++)
        failed = add_route("8.0.0.0", 8, NULL, 0);
    assert_int_equal(failed, -CIAO_ENOMEM);
}

static int give_loopback(void)
{
    struct ciao_link link = {.kind = CIAO_LINK_LOOPBACK, .mtu = 65535};
    struct ciao_addr v4 = lab_addr("127.0.0.1"), v6 = lab_addr("::1");
    int number = ip_link_add(&lab->ip, &link);
    assert_int_equal(number, 2);
    assert_int_equal(ip_address_add(&lab->ip, number, &v4, 8), 0);
    assert_int_equal(ip_address_add(&lab->ip, number, &v6, 128), 0);
    return number;
}

static void a_loopback_link_leads_to_ourselves(void **state)
{
    (void)state;
    assert_int_equal(no_path_to("127.0.0.1", NULL), -CIAO_ENOROUTE);
    assert_int_equal(no_path_to(own4b, NULL), -CIAO_ENOROUTE);
    int loopback = give_loopback();

    static const char *const ways[][2] = {
        {"127.0.0.1", "127.0.0.1"},
        {"127.0.0.9", "127.0.0.1"},
        {"::1", "::1"},
        {own4b, own4b},
        {own6b, own6b},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct ip_path path = path_to(ways[i][0], NULL);
        assert_int_equal(path.link, loopback);
        assert_int_equal(path.mtu, 65535);
        expect_source(&path, ways[i][1]);
    }
    struct ip_path path = path_to("127.0.0.1", "127.0.0.5"); /* all of 127/8 is ours */
    expect_source(&path, "127.0.0.5");
    assert_int_equal(path_to("192.0.2.77", NULL).link, second);
}

static void loopback_addresses_stay_inside(void **state)
{
    (void)state;
    struct ciao_addr inside = lab_addr("127.0.0.1"), own = lab_addr(own4b);
    struct ciao_link another = {.kind = CIAO_LINK_LOOPBACK, .mtu = 65535};
    int loopback = give_loopback();

    assert_int_equal(no_path_to("192.0.2.77", "127.0.0.1"), -CIAO_ENOROUTE);
    assert_int_equal(ip_source_fault(&lab->ip, second, &inside), CIAO_DROP_IP_SOURCE_LOOPBACK);
    assert_int_equal(ip_source_fault(&lab->ip, second, &own), CIAO_DROP_IP_SOURCE_OURS);
    assert_int_equal(ip_source_fault(&lab->ip, loopback, &inside), CIAO_REASON_NONE);
    assert_int_equal(ip_source_fault(&lab->ip, loopback, &own), CIAO_REASON_NONE);
    assert_false(ip_is_ours_on(&lab->ip, &inside, second));
    assert_int_equal(ip_link_add(&lab->ip, &another), -CIAO_EINVAL);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_connected_network_is_reached_by_its_link),
        STORY(the_longest_prefix_wins),
        STORY(a_model_agrees_on_the_longest_prefix),
        STORY(a_gateway_is_the_neighbour),
        STORY(some_destinations_are_nobodys),
        STORY(the_source_asked_for_is_used),
        STORY(the_source_fits_the_destination),
        STORY(a_links_mtu_bounds_a_routes),
        STORY(a_router_advertises_itself),
        STORY(a_router_steps_down),
        STORY(a_loopback_link_leads_to_ourselves),
        STORY(loopback_addresses_stay_inside),
        STORY(impossible_links_are_refused),
        STORY(impossible_addresses_are_refused),
        STORY(impossible_routes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
