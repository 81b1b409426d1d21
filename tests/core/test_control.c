/*
 * Segments without data are written by a way of their own: its bytes are those of the makers in
 * src/wire.  And what is kept of two hosts holds only until a way to them comes or goes.
 */
#include "pair.h"

#include "base/rng.h"
#include "core/stack_internal.h"
#include "proto/tcp/tcp_control.h"
#include "support/stackmem.h"
#include "wire/addr.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

static struct ciao_addr addr_of(const char *text)
{
    struct ciao_addr addr;
    assert_true(ciao_addr_parse(text, &addr));
    return addr;
}

struct made {
    struct ciao_config config;
    struct ciao_stack *stack;
    void *memory;
    size_t bytes;
};

static struct made stack_new(unsigned links, bool tx_csum)
{
    struct made made = {0};
    ciao_config_default(&made.config, CIAO_PROFILE_CIAO);
    made.config.max_connections = 16;
    made.config.max_time_wait = 16;
    made.config.buffer_bytes = 4u << 20;
    made.bytes = ciao_stack_bytes(&made.config);
    made.memory = stackmem_new(made.bytes);
    made.stack = ciao_stack_create(&made.config, made.memory, 1000000);
    assert_non_null(made.stack);
    for (unsigned i = 0; i < links; i++) {
        struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = 1500, .tx_csum = tx_csum};
        struct ciao_addr own = addr_of(i == 0 ? "10.0.0.1" : "10.1.0.1");
        assert_int_equal(ciao_link_add(made.stack, &link), (int)i);
        assert_int_equal(ciao_address_add(made.stack, (int)i, &own, 24), 0);
    }
    return made;
}

/* ---- the bytes ---- */

static struct tcp_header any_header(struct rng *rng)
{
    static const uint16_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK | TCP_ECE,
                                     TCP_ACK, TCP_FIN | TCP_ACK, TCP_ACK | TCP_URG};
    struct tcp_header h = {
        .seq = rng_u32(rng),
        .ack = rng_u32(rng),
        .flags = flags[rng_below(rng, COUNT(flags))],
        .wnd = (uint16_t)rng_u32(rng),
        .urp = (uint16_t)rng_below(rng, 2),
    };
    h.opt.has_ts = rng_below(rng, 2) != 0;
    h.opt.ts_val = rng_u32(rng);
    h.opt.ts_ecr = rng_u32(rng);
    h.opt.has_mss = rng_below(rng, 2) != 0;
    h.opt.mss = (uint16_t)rng_u32(rng);
    h.opt.sack_permitted = rng_below(rng, 2) != 0;
    h.opt.has_wscale = rng_below(rng, 2) != 0;
    h.opt.wscale = (uint8_t)rng_below(rng, 15);
    return h;
}

/* The IP header that the makers would put in front of l4. */
static uint32_t put_ip(const struct tcp_control *control, uint16_t id, uint32_t l4_len,
                       uint8_t *out)
{
    struct tcp_tuple tuple = tcp_tuple_at(control->head, control->addresses);
    if (control->head->v6) {
        struct ip6_header ip = {.src = tuple.local,
                                .dst = tuple.remote,
                                .payload_len = (uint16_t)l4_len,
                                .next = IP_PROTO_TCP,
                                .hop_limit = control->ttl,
                                .tclass = control->tos};
        return (uint32_t)ip6_emit(&ip, out);
    }
    struct ip4_header ip = {.src = BYTES_BE32(control->head->ends.laddr),
                            .dst = BYTES_BE32(control->head->ends.raddr),
                            .total_len = (uint16_t)(l4_len + IP4_HEADER_LEN),
                            .id = id,
                            .protocol = IP_PROTO_TCP,
                            .ttl = control->ttl,
                            .tos = control->tos,
                            .df = true};
    return (uint32_t)ip4_emit(&ip, out);
}

static uint32_t expected_bytes(const struct tcp_control *control, uint16_t id, bool partial,
                               uint8_t *out)
{
    struct tcp_tuple tuple = tcp_tuple_at(control->head, control->addresses);
    struct tcp_header h = control->h;
    uint8_t l4[TCP_HEADER_MAX];
    h.sport = tuple.local_port;
    h.dport = tuple.remote_port;
    uint32_t l4_len = (uint32_t)tcp_emit(&h, l4);
    uint32_t sum = csum_pseudo(&tuple.local, &tuple.remote, IP_PROTO_TCP, l4_len);
    if (partial)
        csum_store_partial(l4 + TCP_CHECKSUM_OFFSET, sum);
    else
        csum_store(l4 + TCP_CHECKSUM_OFFSET, sum + csum_small(l4, l4_len));
    uint32_t before = put_ip(control, id, l4_len, out);
    memcpy(out + before, l4, l4_len);
    return before + l4_len;
}

static void its_bytes_are_those_of_the_makers(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t seed[32] = {11};
    rng_seed(&rng, seed);
    for (unsigned partial = 0; partial < 2; partial++) {
        struct made made = stack_new(1, partial != 0);
        struct tcp *tcp = &made.stack->tcp;
        for (unsigned round = 0; round < 4000; round++) {
            struct tcb6 tcb = {.tcb.head = {.ends.laddr = rng_u32(&rng),
                                            .ends.raddr = rng_u32(&rng),
                                            .ends.lport = (uint16_t)rng_u32(&rng),
                                            .ends.rport = (uint16_t)rng_u32(&rng),
                                            .v6 = (uint8_t)rng_below(&rng, 2)}};
            for (unsigned i = 0; i < 16; i++) {
                tcb.addresses.local[i] = (uint8_t)(rng_u32(&rng) | 1);
                tcb.addresses.remote[i] = (uint8_t)rng_u32(&rng);
            }
            tcb.addresses.remote[0] |= 1;
            struct tcp_control control = {.head = &tcb.tcb.head,
                                          .addresses = &tcb.addresses,
                                          .h = any_header(&rng),
                                          .ttl = (uint8_t)rng_u32(&rng),
                                          .tos = (uint8_t)rng_u32(&rng)};
            struct ciao_frame frame;
            uint8_t expected[128];
            uint32_t len = expected_bytes(&control, tcp->ip->next_id, partial != 0, expected);
            tcp_control_write(tcp, &control, &frame);
            assert_int_equal(frame.len, len);
            assert_int_equal(frame.head_len, len);
            assert_memory_equal(frame.head, expected, len);
            assert_int_equal(frame.ecn, control.tos & 3);
            assert_int_equal(frame.csum, partial ? CIAO_CSUM_PARTIAL : CIAO_CSUM_NONE);
        }
        stackmem_free(made.memory, made.bytes);
    }
}

/* ---- what is kept of two hosts ---- */

/* The link that a connection's SYN leaves by. */
static int link_to(struct ciao_stack *stack, const char *text)
{
    struct ciao_endpoint remote = {.addr = addr_of(text), .port = 7};
    struct ciao_frame frame, *frames[] = {&frame};
    ciao_conn conn;
    assert_int_equal(ciao_connect(stack, &remote, NULL, NULL, &conn, 1000000), 0);
    int link = ciao_has_output(stack, 0) ? 0 : 1;
    assert_int_equal(ciao_output(stack, link, frames, 1, 1000000), 1);
    ciao_frame_release(&frame);
    return link;
}

static void a_new_route_is_heeded(void **state)
{
    (void)state;
    struct made made = stack_new(2, false);
    struct ciao_route far = {.prefix = addr_of("192.0.2.0"), .prefix_len = 24, .link = 0};
    assert_int_equal(ciao_route_add(made.stack, &far), 0);
    assert_int_equal(link_to(made.stack, "192.0.2.9"), 0);
    assert_int_equal(link_to(made.stack, "192.0.2.9"), 0);
    struct ciao_route nearer = {.prefix = addr_of("192.0.2.9"), .prefix_len = 32, .link = 1};
    assert_int_equal(ciao_route_add(made.stack, &nearer), 0);
    assert_int_equal(link_to(made.stack, "192.0.2.9"), 1);
    assert_int_equal(link_to(made.stack, "192.0.2.8"), 0);
    stackmem_free(made.memory, made.bytes);
}

static struct tcp_pair pair_of(struct tcp *tcp, const struct ciao_addr *local,
                               const struct ciao_addr *remote)
{
    const struct tcp_pair *pair;
    assert_int_equal(tcp_pair_find(tcp, local, remote, &pair), 0);
    return *pair;
}

/* All of a pair have the same beginning of their timestamps, other pairs another.
 * [RFC7323 7.1 7323-11] */
static void pairs_of_hosts_have_a_clock_of_their_own(void **state)
{
    (void)state;
    struct made made = stack_new(2, false);
    struct tcp *tcp = &made.stack->tcp;
    struct ciao_addr one = addr_of("10.0.0.9"), other = addr_of("10.0.0.8");
    struct ciao_addr own = addr_of("10.0.0.1"), second = addr_of("10.1.0.1");
    struct tcp_pair first = pair_of(tcp, NULL, &one), again = pair_of(tcp, NULL, &one);
    struct tcp_pair from_own = pair_of(tcp, &own, &one), elsewhere = pair_of(tcp, NULL, &other);
    struct tcp_pair from_second = pair_of(tcp, &second, &one);
    assert_true(ip_equal(&first.path.source, &own));
    assert_int_equal(first.ts_offset, again.ts_offset);
    assert_int_equal(first.ts_offset, from_own.ts_offset);
    assert_int_not_equal(first.ts_offset, elsewhere.ts_offset);
    assert_int_not_equal(first.ts_offset, from_second.ts_offset);
    stackmem_free(made.memory, made.bytes);
}

/* Where nothing is kept yet, nothing is found either. [RFC9293 3.9.1.1 MUST-46] */
static void without_a_link_nobody_can_be_called(void **state)
{
    (void)state;
    static const char *const names[] = {"::", "0.0.0.0", "10.0.0.9", "fd00::9"};
    struct made made = stack_new(0, false);
    for (unsigned i = 0; i < COUNT(names); i++) {
        struct ciao_endpoint remote = {.addr = addr_of(names[i]), .port = 7};
        int refused = i < 2 ? -CIAO_EDESTADDR : -CIAO_ENOROUTE;
        ciao_conn conn;
        assert_int_equal(ciao_connect(made.stack, &remote, NULL, NULL, &conn, 1000000), refused);
    }
    stackmem_free(made.memory, made.bytes);
}

/* ---- the ring of events ---- */

/* ---- who is meant by a SYN ---- */

#define GROUP 5u

/* Of listeners that share a port each gets its part of the flows, and a flow always the same one.
 */
static void a_group_shares_its_flows(void **state)
{
    (void)state;
    struct made made = stack_new(1, false);
    struct tcp *tcp = &made.stack->tcp;
    struct ciao_settings settings = made.config.tcp;
    const struct ciao_endpoint local = {.addr = addr_of("10.0.0.1"), .port = 80};
    const struct tcp_listener *member[GROUP];
    unsigned got[GROUP] = {0};
    settings.flags |= CIAO_REUSEPORT;
    for (unsigned i = 0; i < GROUP; i++) {
        ciao_conn listener;
        assert_int_equal(ciao_listen(made.stack, &local, 16, &settings, &listener), 0);
        member[i] = tcp_user_listener(tcp, listener);
    }
    struct tcp_tuple tuple = {.local = local.addr, .remote = addr_of("10.0.0.9"), .local_port = 80};
    for (unsigned port = 1; port <= 1000 * GROUP; port++) {
        tuple.remote_port = (uint16_t)port;
        uint64_t hash = tcp_flow_hash(tcp, &tuple);
        const struct tcp_listener *meant = tcp_listen_find(tcp, &tuple, hash);
        assert_ptr_equal(meant, tcp_listen_find(tcp, &tuple, hash));
        for (unsigned i = 0; i < GROUP; i++)
            got[i] += meant == member[i];
    }
    for (unsigned i = 0; i < GROUP; i++)
        assert_in_range(got[i], 800, 1200);
    stackmem_free(made.memory, made.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_bytes_are_those_of_the_makers),
        cmocka_unit_test(a_new_route_is_heeded),
        cmocka_unit_test(without_a_link_nobody_can_be_called),
        cmocka_unit_test(a_group_shares_its_flows),
        cmocka_unit_test(pairs_of_hosts_have_a_clock_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
