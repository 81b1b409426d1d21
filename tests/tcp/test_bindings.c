/*
 * Who holds which local port, against a plain list of all holders: addresses that share a place in
 * the table, addresses that do not, and both families.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ip/ip_tables.h"
#include "proto/tcp/tcp_internal.h"
#include "support/stackmem.h"

#define HOLDERS 200u
#define LOCALS  6u
#define PORTS   5u

/* 127.x share a place; so do the IPv4 and the IPv6 address that end in the same 32 bits. */
static struct ciao_addr local_of(unsigned n)
{
    struct ciao_addr six = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 9, 0, 1}};
    const uint32_t four[] = {0x0a090001, 0x0a090002, 0x7f000001, 0x7f010203};
    if (n < 4)
        return ip_addr_v4(four[n]);
    six.b[15] = n == 4 ? 1 : 7;
    return six;
}

struct holder {
    struct tcb6 record;
    struct ciao_addr local;
    bool holds;
};

struct model {
    struct tcp tcp;
    struct ip_layer ip;
    struct rng rng;
    struct holder holder[HOLDERS];
};

static bool is_v6(const struct ciao_addr *addr)
{
    return !ip_is_v4(addr);
}

static bool meets(const struct ciao_addr *wanted, const struct ciao_addr *held, bool v6only)
{
    if (!ip_is_any(wanted))
        return memcmp(wanted, held, sizeof *held) == 0;
    return is_v6(wanted) == is_v6(held) || (is_v6(wanted) && !v6only);
}

static int expected(const struct model *m, const struct ciao_endpoint *wanted, bool v6only)
{
    int busy = 0;
    for (unsigned i = 0; i < HOLDERS; i++) {
        const struct holder *h = &m->holder[i];
        const struct tcp_head *head = &h->record.tcb.head;
        if (!h->holds || tcp_lport(head) != wanted->port
            || !meets(&wanted->addr, &h->local, v6only))
            continue;
        busy |= head->state == CIAO_TIME_WAIT ? CIAO_PORT_TIME_WAIT : CIAO_PORT_CONNECTED;
        busy |= head->binding & TCP_BINDING_REUSE ? 0 : CIAO_PORT_STRICT;
    }
    return busy;
}

static void connects(struct model *m, struct holder *h, uint16_t port)
{
    struct tcp_tuple tuple = {.local_port = port, .remote_port = 80};
    tuple.local = h->local = local_of(rng_below(&m->rng, LOCALS));
    tuple.remote = local_of(is_v6(&h->local) ? 5 : 0);
    tcp_head_set(&h->record.tcb.head, sizeof h->record.tcb, &tuple);
    tcp_take_over(&h->record.tcb.head, 1, CIAO_ESTABLISHED);
    unsigned how = rng_below(&m->rng, 4) != 0 ? TCP_BINDING_REUSE : 0;
    how |= rng_below(&m->rng, 20) == 0 ? TCP_BINDING_CHILD : 0;
    tcp_binding_connected(&m->tcp, &h->record.tcb.head, sizeof h->record.tcb, how);
    h->holds = true;
}

static void waits(struct model *m, struct holder *h)
{
    struct tcp_head *head = &h->record.tcb.head;
    struct tcb6 after = h->record;
    after.tcb.head.binding = 0;
    tcp_binding_waits(&m->tcp, head, &after.tcb.head, sizeof after.tcb);
    assert_int_equal(head->binding, 0);
    h->record = after;
    tcp_take_over(&h->record.tcb.head, 1, CIAO_TIME_WAIT);
}

static void a_step(struct model *m)
{
    struct holder *h = &m->holder[rng_below(&m->rng, HOLDERS)];
    struct tcp_head *head = &h->record.tcb.head;
    if (!h->holds) {
        connects(m, h, (uint16_t)(7 + rng_below(&m->rng, PORTS)));
    } else if (head->state != CIAO_TIME_WAIT && rng_below(&m->rng, 2) != 0) {
        waits(m, h);
    } else {
        tcp_binding_gone(&m->tcp, head, sizeof h->record.tcb);
        tcp_binding_gone(&m->tcp, head, sizeof h->record.tcb); /* twice is once */
        h->holds = false;
    }
}

static bool has_children(const struct model *m, uint16_t port)
{
    for (unsigned i = 0; i < HOLDERS; i++) {
        const struct tcp_head *head = &m->holder[i].record.tcb.head;
        if (m->holder[i].holds && tcp_lport(head) == port && (head->binding & TCP_BINDING_CHILD))
            return true;
    }
    return false;
}

static void look(const struct model *m)
{
    const struct ciao_addr any6 = {{0}}, any4 = ip_addr_v4(0);
    for (uint16_t port = 6; port < 7 + PORTS; port++) {
        assert_int_equal(tcp_binding_has_children(&m->tcp, port), has_children(m, port));
        for (unsigned n = 0; n < LOCALS + 2; n++) {
            struct ciao_endpoint wanted = {n < LOCALS ? local_of(n) : any6, port};
            if (n == LOCALS + 1)
                wanted.addr = any4;
            for (int v6only = 0; v6only < 2; v6only++)
                assert_int_equal(tcp_user_port_busy(&m->tcp, &wanted, v6only != 0),
                                 expected(m, &wanted, v6only != 0));
        }
    }
}

static void every_answer_is_that_of_a_walk_over_all_holders(void **state)
{
    (void)state;
    static struct model m;
    const uint8_t seed[32] = {3};
    struct arena arena;
    const size_t bytes = tcp_bindings_bytes(HOLDERS);
    void *memory = stackmem_new(bytes);
    arena_init(&arena, memory, bytes);
    assert_int_equal(tcp_bindings_init(&m.tcp.bindings, &arena, HOLDERS), 0);
    rng_seed(&m.rng, seed);
    m.tcp.ip = &m.ip;
    for (unsigned n = 0; n < LOCALS; n++)
        m.ip.addresses.at[m.ip.addresses.count++].addr = local_of(n);
    m.ip.addresses.count -= 1; /* it is 127.1.2.3 that is no address of a link */
    m.ip.addresses.at[3].addr = local_of(5);
    for (unsigned step = 0; step < 4000; step++) {
        a_step(&m);
        if (step % 8 == 0)
            look(&m);
    }
    assert_true(m.tcp.bindings.others.high > 1); /* places were shared */
    for (unsigned i = 0; i < HOLDERS; i++)
        tcp_binding_gone(&m.tcp, &m.holder[i].record.tcb.head, sizeof m.holder[i].record.tcb);
    assert_int_equal(m.tcp.bindings.others.used, 0);
    for (uint16_t port = 7; port < 7 + PORTS; port++)
        assert_false(tcp_binding_has_children(&m.tcp, port));
    stackmem_free(memory, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_that_of_a_walk_over_all_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
