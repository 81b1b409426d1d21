/*
 * Drops of neighbour discovery.
 */
#include "drops.h"

static void ask(struct lab *lab)
{
    struct ndp_message message = {
        .type = ICMP6_TYPE_NEIGHBOUR_SOLICITATION, .target = lab_addr(own6), .has_mac = true};
    memcpy(message.mac, lab_peer_mac, ETH_ALEN);
    make_ndp(lab, &message, NULL, NULL);
}

static void advertise(struct lab *lab, const char *target, bool has_mac)
{
    struct ndp_message message = {.type = ICMP6_TYPE_NEIGHBOUR_ADVERTISEMENT,
                                  .target = lab_addr(target),
                                  .solicited = true,
                                  .has_mac = has_mac};
    make_ndp(lab, &message, NULL, NULL);
}

static void hop_limit(struct lab *lab)
{
    ask(lab);
    l3(lab)[7] = 254;
}

static void code(struct lab *lab)
{
    ask(lab);
    l4_of_ip6(lab)[1] = 1;
    fix_icmp6(lab);
}

static void too_short(struct lab *lab)
{
    ask(lab);
    lab->len -= 16;
    put_be16(l3(lab) + 4, 16);
    fix_icmp6(lab);
}

static void router_solicitation(struct lab *lab)
{
    struct ndp_message message = {.type = ICMP6_TYPE_ROUTER_SOLICITATION};
    make_ndp(lab, &message, NULL, NULL);
}

static void target(struct lab *lab)
{
    ask(lab);
    l4_of_ip6(lab)[8] = 0xff;
    fix_icmp6(lab);
}

static void source(struct lab *lab)
{
    ask(lab);
    set_src6(lab, "::"); /* from nowhere, and yet with a MAC */
    set_dst6(lab, "ff02::1:ff00:2");
    fix_icmp6(lab);
}

static void destination(struct lab *lab)
{
    advertise(lab, "fd09::1", true);
    set_dst6(lab, "ff02::1"); /* an answer, and yet to all */
    fix_icmp6(lab);
}

static void option_length(struct lab *lab)
{
    ask(lab);
    l4_of_ip6(lab)[25] = 0;
    fix_icmp6(lab);
}

static void not_for_us(struct lab *lab)
{
    ask(lab);
    l4_of_ip6(lab)[23] = 3;
    fix_icmp6(lab);
}

static void conflict(struct lab *lab)
{
    advertise(lab, own6, true);
}

static void unasked(struct lab *lab)
{
    advertise(lab, "fd09::7", true);
}

static void no_link_address(struct lab *lab)
{
    assert_false(send_tcp(lab, peer6));
    take(lab);
    advertise(lab, peer6, false);
}

/* Make a router's advertisement of a lifetime, from a router of that number. */
static void make_router(struct lab *lab, uint8_t number)
{
    uint8_t bytes[16] = {ICMP6_TYPE_ROUTER_ADVERTISEMENT, 0, 0, 0, 64, 0, 0, 60};
    make_ip6(lab, IP_PROTO_ICMP6, bytes, sizeof bytes);
    l3(lab)[7] = NDP_HOP_LIMIT;
    set_src6(lab, "fe80::100");
    l3(lab)[8 + 15] = number;
    set_dst6(lab, "ff02::1");
    fix_icmp6(lab);
}

static void routes_full(struct lab *lab)
{
    for (uint8_t i = 0; i < IP_ROUTES_ADVERTISED; i++) {
        make_router(lab, i);
        assert_int_equal(feed(lab), CIAO_REASON_NONE);
    }
    make_router(lab, 200);
}

const struct provocation drops_ndp[] = {
    {CIAO_DROP_NDP_ON_IP_LINK, ask, ON_IP, false},
    {CIAO_DROP_NDP_NO_LINK_ADDRESS, no_link_address, ON_ETHERNET, false},
    {CIAO_DROP_NDP_HOP_LIMIT, hop_limit, ON_ETHERNET, false},
    {CIAO_DROP_NDP_CODE, code, ON_ETHERNET, false},
    {CIAO_DROP_NDP_SHORT, too_short, ON_ETHERNET, false},
    {CIAO_DROP_NDP_TYPE, router_solicitation, ON_ETHERNET, false},
    {CIAO_DROP_NDP_TARGET, target, ON_ETHERNET, false},
    {CIAO_DROP_NDP_SOURCE, source, ON_ETHERNET, false},
    {CIAO_DROP_NDP_DESTINATION, destination, ON_ETHERNET, false},
    {CIAO_DROP_NDP_OPTION_LENGTH, option_length, ON_ETHERNET, false},
    {CIAO_DROP_NDP_NOT_FOR_US, not_for_us, ON_ETHERNET, false},
    {CIAO_DROP_NDP_CONFLICT, conflict, ON_ETHERNET, false},
    {CIAO_DROP_NDP_UNASKED, unasked, ON_ETHERNET, false},
    {CIAO_DROP_NDP_ROUTES_FULL, routes_full, ON_ETHERNET, false},
};
const unsigned n_drops_ndp = COUNT(drops_ndp);
