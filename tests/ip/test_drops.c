/*
 * Whatever is thrown away has a reason of its own: each reason of reasons_ip.def is provoked, each
 * frame has one reason and not two, and none is left out.
 */
#include "drops.h"

#include <stdio.h>

static const enum ciao_reason all_reasons[] = {
#define REASON(kind, key, who, rule) CIAO_##key,
#include "ciao/reasons_ip.def"
#undef REASON
};

static bool seen[CIAO_REASONS];

static void provoke(const struct provocation *row)
{
    struct lab *lab = lab_new(row->on == ON_IP ? CIAO_LINK_IP : CIAO_LINK_ETHERNET);
    row->make(lab);
    uint64_t accepted = lab->ip.accepted;
    enum ciao_reason reason = row->happens_inside ? row->reason : feed(lab);
    if (reason != row->reason || lab_count(lab, row->reason) != 1)
        fail_msg("%s: was dropped for %s", ciao_reason_key(row->reason), ciao_reason_key(reason));
    assert_false(lab->is_tcp);
    if (!row->happens_inside) {
        assert_int_equal(lab->drops, 1);
        assert_int_equal(lab->ip.accepted, accepted);
    }
    seen[row->reason] = true;
    lab_free(lab);
}

static void provoke_all(const struct provocation *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        provoke(&rows[i]);
}

static void link_arp_and_neighbours(void **state)
{
    (void)state;
    provoke_all(drops_link, n_drops_link);
}

static void ip_addresses_and_udp(void **state)
{
    (void)state;
    provoke_all(drops_ip, n_drops_ip);
}

static void fragments(void **state)
{
    (void)state;
    provoke_all(drops_parts, n_drops_parts);
}

static void icmp(void **state)
{
    (void)state;
    provoke_all(drops_icmp, n_drops_icmp);
}

static void neighbour_discovery(void **state)
{
    (void)state;
    provoke_all(drops_ndp, n_drops_ndp);
}

static void no_reason_was_left_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(all_reasons); i++) {
        if (!seen[all_reasons[i]])
            fail_msg("%s was never provoked", ciao_reason_key(all_reasons[i]));
    }
}

/* Each fault of a header that IP parses has its reason; TCP's are reported by TCP. */
static void each_fault_has_a_reason_of_its_own(void **state)
{
    (void)state;
    bool taken[CIAO_REASONS] = {false};
    for (int fault = WIRE_OK + 1; fault < WIRE_FAULTS; fault++) {
        enum ciao_reason reason = ip_drop_of((enum wire_fault)fault);
        assert_int_not_equal(reason, CIAO_REASON_NONE);
        assert_false(taken[reason]);
        taken[reason] = true;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_arp_and_neighbours),
        cmocka_unit_test(ip_addresses_and_udp),
        cmocka_unit_test(fragments),
        cmocka_unit_test(icmp),
        cmocka_unit_test(neighbour_discovery),
        cmocka_unit_test(no_reason_was_left_out),
        cmocka_unit_test(each_fault_has_a_reason_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
