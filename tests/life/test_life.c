/* One life out of events: numbers, states, account, and what is let go when it grows too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "life/events.h"

static void numbers_begin_at_the_syn_across_the_wrap(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    cross(life, LIFE_LEFT, 0, (struct piece){.flags = TCP_SYN, .seq = ISS_LEFT});
    cross(life, LIFE_RIGHT, 10000,
          (struct piece){.flags = TCP_SYN | TCP_ACK, .seq = ISS_RIGHT, .ack = ISS_LEFT + 1});
    add(life, LIFE_LEFT,
        event_sent(1, 20000,
                   (struct piece){TCP_ACK, ISS_LEFT + 1 + 100, ISS_RIGHT + 1 + 7, 50, false}));
    assert_int_equal(life_seq(life, &life->steps[0]), 0);
    assert_int_equal(life_ack(life, &life->steps[2]), 1);
    assert_int_equal(life_seq(life, &life->steps[4]), 101); /* past the wrap */
    assert_int_equal(life_ack(life, &life->steps[4]), 8);
    life_free(life);
}

static void without_a_syn_the_first_segment_counts_as_1(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_received(1, 0, (struct piece){TCP_ACK, 700, 900, 10, false}));
    add(life, LIFE_LEFT, event_sent(1, 1, (struct piece){TCP_ACK, 900, 710, 0, false}));
    assert_int_equal(life_seq(life, &life->steps[0]), 1);
    assert_int_equal(life_ack(life, &life->steps[0]), 1);
    assert_int_equal(life_seq(life, &life->steps[1]), 1);
    assert_int_equal(life_ack(life, &life->steps[1]), 11);
    assert_false(life->numbers[0].from_syn[LIFE_LEFT]);
    life_free(life);
}

static void a_reset_does_not_begin_its_senders_numbers(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    cross(life, LIFE_LEFT, 0, (struct piece){.flags = TCP_SYN, .seq = ISS_LEFT});
    cross(life, LIFE_RIGHT, 10000,
          (struct piece){.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = ISS_LEFT + 1});
    assert_int_equal(life_seq(life, &life->steps[2]), 0); /* as on the wire */
    assert_int_equal(life_ack(life, &life->steps[2]), 1);
    assert_false(life->numbers[0].known[LIFE_RIGHT]);
    life_free(life);
}

static void a_new_syn_is_a_new_incarnation_and_an_old_one_is_known_again(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_sent(1, 0, (struct piece){.flags = TCP_SYN, .seq = 100}));
    add(life, LIFE_LEFT,
        event_sent(1, 1, (struct piece){.flags = TCP_SYN, .seq = 100, .again = true}));
    add(life, LIFE_LEFT, event_sent(2, 2, (struct piece){.flags = TCP_SYN, .seq = 900}));
    add(life, LIFE_RIGHT, event_received(3, 3, (struct piece){.flags = TCP_SYN, .seq = 100}));
    assert_int_equal(life->incarnations, 2);
    assert_int_equal(life->steps[1].incarnation, 0);
    assert_int_equal(life->steps[2].incarnation, 1);
    assert_int_equal(life->steps[3].incarnation, 0);
    assert_int_equal(life_seq(life, &life->steps[3]), 0);
    life_free(life);
}

static void a_life_knows_its_ends_and_who_ended_it(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_born(1, 5, false));
    add(life, LIFE_LEFT, event_arc(1, 5, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN));
    const struct life_side *side = &life->side[LIFE_LEFT];
    assert_false(side->over);
    assert_int_equal(side->state, CIAO_SYN_SENT);
    assert_int_equal(side->port, 40000);
    assert_int_equal(life->side[LIFE_RIGHT].port, 80); /* known from the left's birth alone */
    assert_false(life->side[LIFE_RIGHT].seen);
    add(life, LIFE_LEFT, event_arc(1, 9, CIAO_ARC_SYN_SENT_CLOSED_CONNECTION_REFUSED));
    assert_true(side->over);
    assert_int_equal(side->over_us, 9);
    assert_int_equal(side->last_arc, CIAO_ARC_SYN_SENT_CLOSED_CONNECTION_REFUSED);
    life_free(life);
}

static void a_listener_beside_it_does_not_end_a_connection(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    struct ciao_event listener = event_born(7, 0, true);
    listener.u.born.remote_port = 0;
    add(life, LIFE_RIGHT, listener);
    add(life, LIFE_RIGHT, event_arc(7, 0, CIAO_ARC_CLOSED_LISTEN_PASSIVE_OPEN));
    add(life, LIFE_RIGHT, event_born(8, 1, true));
    add(life, LIFE_RIGHT, event_arc(8, 1, CIAO_ARC_LISTEN_SYN_RECEIVED_PEER_KNOCKED));
    add(life, LIFE_RIGHT, event_arc(7, 2, CIAO_ARC_LISTEN_CLOSED_LISTENER_CLOSED));
    assert_false(life->side[LIFE_RIGHT].over);
    assert_int_equal(life->side[LIFE_RIGHT].state, CIAO_SYN_RECEIVED);
    assert_true(life->side[LIFE_RIGHT].passive);
    life_free(life);
}

static void the_account_is_kept(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_sent(1, 0, (struct piece){TCP_ACK, 1, 1, 100, false}));
    add(life, LIFE_LEFT, event_sent(1, 1, (struct piece){TCP_ACK, 1, 1, 100, true}));
    add(life, LIFE_LEFT, event_received(1, 2, (struct piece){TCP_ACK, 1, 101, 30, false}));
    add(life, LIFE_LEFT, event_reason(1, 3, CIAO_TIMER_RETRANSMIT, 0));
    add(life, LIFE_LEFT, event_reason(1, 3, CIAO_TIMER_DELAYED_ACK, 0));
    add(life, LIFE_LEFT, event_reason(1, 3, CIAO_DROP_PAWS, 0));
    add(life, LIFE_LEFT, event_reason(1, 3, CIAO_RST_ABORT, 0));
    const struct life_totals *totals = &life->side[LIFE_LEFT].totals;
    assert_int_equal(totals->segments_sent, 2);
    assert_int_equal(totals->bytes_sent, 200);
    assert_int_equal(totals->again, 1);
    assert_int_equal(totals->bytes_received, 30);
    assert_int_equal(totals->timeouts, 1); /* a delayed ACK is no timeout */
    assert_int_equal(totals->drops, 1);
    assert_int_equal(totals->resets_sent, 1);
    life_free(life);
}

static void a_long_life_lets_its_middle_go_but_no_arc_and_says_how_much(void **state)
{
    (void)state;
    struct life *life = life_make(64);
    unsigned arcs = 0, missing = 0;
    add(life, LIFE_LEFT, event_arc(1, 0, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN));
    for (uint32_t i = 0; i < 1000; i++) {
        if (i == 500)
            add(life, LIFE_LEFT, event_arc(1, i, CIAO_ARC_SYN_SENT_ESTABLISHED_PEER_ANSWERED));
        add(life, LIFE_LEFT, event_sent(1, i, (struct piece){TCP_ACK, 1 + i, 1, 1, false}));
    }
    add(life, LIFE_LEFT, event_arc(1, 1000, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST));
    for (uint32_t i = 0; i < life->n; i++) {
        arcs += life->steps[i].event.type == CIAO_EVENT_ARC;
        missing += life->steps[i].skipped;
    }
    assert_true(life->n <= 64);
    assert_int_equal(arcs, 3);
    assert_int_equal(life->n + life->not_kept, 1003);
    assert_int_equal(missing + life->skipping, life->not_kept);
    assert_int_equal(life->side[LIFE_LEFT].totals.bytes_sent, 1000); /* the account is whole */
    life_free(life);
}

static void lost_events_are_not_forgotten(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    struct ciao_event lost = {.type = CIAO_EVENT_LOST};
    lost.u.args[0] = 17;
    add(life, LIFE_LEFT, lost);
    assert_int_equal(life->events_lost, 17);
    life_free(life);
}

static void the_lives_of_both_ends_are_joined_into_one(void **state)
{
    (void)state;
    struct life *left = life_make(0), *right = life_make(0);
    struct piece syn = {.flags = TCP_SYN, .seq = ISS_LEFT};
    add(left, LIFE_LEFT, event_born(1, 0, false));
    add(left, LIFE_LEFT, event_sent(1, 0, syn));
    add(left, LIFE_LEFT, event_sent(1, 30000, (struct piece){TCP_ACK, ISS_LEFT + 1, 1, 0, false}));
    add(right, LIFE_LEFT, event_born(7, 10000, true));
    add(right, LIFE_LEFT, event_received(7, 10000, syn));
    struct life *both = life_joined(left, right);
    assert_non_null(both);
    assert_int_equal(both->n, 5);
    assert_int_equal(both->steps[3].end, LIFE_RIGHT);
    assert_int_equal(both->flights[0].fate, LIFE_ARRIVED);
    assert_int_equal(both->flights[1].fate, LIFE_LOST);
    assert_null(life_joined(left, left)); /* no mirror */
    life_free(both);
    life_free(left);
    life_free(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_begin_at_the_syn_across_the_wrap),
        cmocka_unit_test(without_a_syn_the_first_segment_counts_as_1),
        cmocka_unit_test(a_reset_does_not_begin_its_senders_numbers),
        cmocka_unit_test(a_new_syn_is_a_new_incarnation_and_an_old_one_is_known_again),
        cmocka_unit_test(a_life_knows_its_ends_and_who_ended_it),
        cmocka_unit_test(a_listener_beside_it_does_not_end_a_connection),
        cmocka_unit_test(the_account_is_kept),
        cmocka_unit_test(a_long_life_lets_its_middle_go_but_no_arc_and_says_how_much),
        cmocka_unit_test(lost_events_are_not_forgotten),
        cmocka_unit_test(the_lives_of_both_ends_are_joined_into_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
