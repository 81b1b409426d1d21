/* What became of each segment between two ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "life/events.h"

static struct life *opened(void)
{
    struct life *life = life_make(0);
    cross(life, LIFE_LEFT, 0, (struct piece){.flags = TCP_SYN, .seq = ISS_LEFT});
    cross(life, LIFE_RIGHT, 10000,
          (struct piece){.flags = TCP_SYN | TCP_ACK, .seq = ISS_RIGHT, .ack = ISS_LEFT + 1});
    return life;
}

static enum life_fate fate(const struct life *life, uint32_t flight)
{
    return (enum life_fate)life->flights[flight].fate;
}

static void what_arrives_is_numbered_in_the_order_of_leaving(void **state)
{
    (void)state;
    struct life *life = opened();
    life_match(life);
    assert_int_equal(life->n_flights, 2);
    assert_int_equal(life->flights[0].number, 1);
    assert_int_equal(life->flights[1].number, 2);
    assert_int_equal(fate(life, 0), LIFE_ARRIVED);
    assert_int_equal(life->flights[1].from, LIFE_RIGHT);
    assert_int_equal(life->steps[1].flight, 0); /* the arrival belongs to the same flight */
    life_free(life);
}

static void what_never_arrives_is_lost(void **state)
{
    (void)state;
    struct life *life = opened();
    add(life, LIFE_LEFT,
        event_sent(1, 20000, (struct piece){TCP_ACK, ISS_LEFT + 1, ISS_RIGHT + 1, 0, false}));
    life_match(life);
    assert_int_equal(fate(life, 2), LIFE_LOST);
    assert_int_equal(life->flights[2].received, LIFE_NONE);
    life_free(life);
}

static void of_two_that_look_the_same_the_one_with_the_usual_delay_arrived(void **state)
{
    (void)state;
    struct life *life = opened();
    struct piece data = {TCP_ACK, ISS_LEFT + 1, ISS_RIGHT + 1, 5, false};
    add(life, LIFE_LEFT, event_sent(1, 20000, data)); /* this one is lost */
    data.again = true;
    cross(life, LIFE_LEFT, 220000, data);
    life_match(life);
    assert_int_equal(fate(life, 2), LIFE_LOST);
    assert_int_equal(fate(life, 3), LIFE_ARRIVED);
    life_free(life);
}

static void what_comes_twice_is_a_copy_with_the_number_of_its_original(void **state)
{
    (void)state;
    struct life *life = opened();
    struct piece data = {TCP_ACK, ISS_LEFT + 1, ISS_RIGHT + 1, 5, false};
    cross(life, LIFE_LEFT, 20000, data);
    add(life, LIFE_RIGHT, event_received(2, 31000, data));
    life_match(life);
    assert_int_equal(life->n_flights, 4);
    assert_int_equal(fate(life, 2), LIFE_ARRIVED);
    assert_int_equal(fate(life, 3), LIFE_COPY);
    assert_int_equal(life->flights[3].number, 3);
    life_free(life);
}

static void what_comes_out_of_an_earlier_connection_is_old_and_told_in_its_numbers(void **state)
{
    (void)state;
    struct life *life = opened();
    struct piece data = {TCP_ACK, ISS_LEFT + 1, ISS_RIGHT + 1, 5, false};
    cross(life, LIFE_LEFT, 20000, data);
    cross(life, LIFE_LEFT, 90000, (struct piece){.flags = TCP_SYN, .seq = 77});
    add(life, LIFE_RIGHT, event_received(2, 100000, data)); /* the copy meets the new one */
    struct ciao_event drop = event_received(2, 100000, data);
    drop.type = CIAO_EVENT_REASON;
    drop.what = CIAO_DROP_PAWS;
    add(life, LIFE_RIGHT, drop);
    life_match(life);
    const struct life_step *arrival = &life->steps[life->n - 2];
    assert_int_equal(fate(life, arrival->flight), LIFE_OLD);
    assert_int_equal(life->flights[arrival->flight].number, 3);
    assert_int_equal(life_seq(life, arrival), 1);
    assert_int_equal(life_seq(life, arrival + 1), 1); /* and so is its drop */
    life_free(life);
}

static void a_reset_out_of_nowhere_shows_that_the_segment_before_it_arrived(void **state)
{
    (void)state;
    struct life *life = opened();
    add(life, LIFE_RIGHT,
        event_sent(2, 50000, (struct piece){TCP_ACK, ISS_RIGHT + 1, ISS_LEFT + 1, 9, false}));
    add(life, LIFE_LEFT, event_reason(0, 60000, CIAO_RST_NO_CONNECTION, ISS_LEFT + 1));
    add(life, LIFE_LEFT, event_sent(0, 60000, (struct piece){TCP_RST, ISS_LEFT + 1, 0, 0, false}));
    life_match(life);
    assert_int_equal(fate(life, 2), LIFE_ARRIVED);
    assert_int_equal(life->steps[life->n - 2].flight, 2); /* the reason is told of that flight */
    life_free(life);
}

static void a_syn_handed_on_from_time_wait_arrived_once(void **state)
{
    (void)state;
    struct life *life = opened();
    cross(life, LIFE_LEFT, 90000, (struct piece){.flags = TCP_SYN, .seq = 77});
    add(life, LIFE_RIGHT, event_received(9, 100000, (struct piece){.flags = TCP_SYN, .seq = 77}));
    life_match(life);
    assert_int_equal(life->n_flights, 3);
    assert_int_equal(life->steps[life->n - 1].flight, 2);
    life_free(life);
}

static void with_one_end_only_nothing_is_called_lost(void **state)
{
    (void)state;
    struct life *life = life_make(0);
    add(life, LIFE_LEFT, event_sent(1, 0, (struct piece){.flags = TCP_SYN, .seq = 1}));
    add(life, LIFE_LEFT, event_received(1, 9, (struct piece){TCP_SYN | TCP_ACK, 50, 2, 0, false}));
    life_match(life);
    assert_int_equal(fate(life, 0), LIFE_UNKNOWN);
    assert_int_equal(fate(life, 1), LIFE_ARRIVED);
    assert_int_equal(life->flights[1].number, 2);
    life_free(life);
}

static void where_events_were_lost_nothing_is_called_lost(void **state)
{
    (void)state;
    struct life *life = opened();
    struct ciao_event lost = {.type = CIAO_EVENT_LOST};
    lost.u.args[0] = 3;
    add(life, LIFE_RIGHT, lost);
    add(life, LIFE_LEFT,
        event_sent(1, 20000, (struct piece){TCP_ACK, ISS_LEFT + 1, ISS_RIGHT + 1, 0, false}));
    life_match(life);
    assert_int_equal(fate(life, 2), LIFE_UNKNOWN);
    life_free(life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_arrives_is_numbered_in_the_order_of_leaving),
        cmocka_unit_test(what_never_arrives_is_lost),
        cmocka_unit_test(of_two_that_look_the_same_the_one_with_the_usual_delay_arrived),
        cmocka_unit_test(what_comes_twice_is_a_copy_with_the_number_of_its_original),
        cmocka_unit_test(what_comes_out_of_an_earlier_connection_is_old_and_told_in_its_numbers),
        cmocka_unit_test(a_reset_out_of_nowhere_shows_that_the_segment_before_it_arrived),
        cmocka_unit_test(a_syn_handed_on_from_time_wait_arrived_once),
        cmocka_unit_test(with_one_end_only_nothing_is_called_lost),
        cmocka_unit_test(where_events_were_lost_nothing_is_called_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
