/* Many lives out of one stream of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "life/events.h"

static void feed(struct life_book *book, struct ciao_event event)
{
    life_book_add(book, &event);
}

static void refuse(struct life_book *book, uint64_t id, uint64_t time_us)
{
    feed(book, event_arc(id, time_us, CIAO_ARC_SYN_SENT_CLOSED_CONNECTION_REFUSED));
}

static void open_life(struct life_book *book, uint64_t id, uint64_t time_us)
{
    feed(book, event_born(id, time_us, false));
    feed(book, event_arc(id, time_us, CIAO_ARC_CLOSED_SYN_SENT_ACTIVE_OPEN));
}

static void each_event_finds_its_life(void **state)
{
    (void)state;
    struct life_book *book = life_book_make(0, 10);
    open_life(book, 1, 0);
    open_life(book, 4097, 0); /* in the same chain */
    feed(book, event_reason(4097, 1, CIAO_TIMER_SYN, 0));
    refuse(book, 4097, 2);
    struct life *life = life_book_next(book, 3);
    assert_non_null(life);
    assert_int_equal(life->side[LIFE_LEFT].id, 4097);
    assert_int_equal(life->side[LIFE_LEFT].totals.timeouts, 1);
    assert_null(life_book_next(book, 3)); /* the other one goes on */
    life_free(life);
    life_book_free(book);
}

static void a_life_is_told_only_after_its_last_segment(void **state)
{
    (void)state;
    struct life_book *book = life_book_make(0, 10);
    open_life(book, 1, 0);
    feed(book, event_arc(1, 5, CIAO_ARC_SYN_SENT_CLOSED_CONNECT_CANCELLED));
    assert_null(life_book_next(book, 5)); /* a RST may still leave at this moment */
    feed(book, event_sent(1, 5, (struct piece){TCP_RST, 1, 0, 0, false}));
    struct life *life = life_book_next(book, 6);
    assert_non_null(life);
    assert_int_equal(life->n, 4);
    life_free(life);
    life_book_free(book);
}

static void at_the_end_all_are_told_but_listeners(void **state)
{
    (void)state;
    struct life_book *book = life_book_make(0, 10);
    struct ciao_event listener = event_born(3, 0, true);
    listener.u.born.remote_port = 0;
    feed(book, listener);
    open_life(book, 1, 0);
    struct life *life = life_book_next(book, UINT64_MAX);
    assert_non_null(life);
    assert_false(life->side[LIFE_LEFT].over);
    assert_null(life_book_next(book, UINT64_MAX));
    life_free(life);
    life_book_free(book);
}

static void a_full_book_counts_what_it_could_not_take(void **state)
{
    (void)state;
    struct life_book *book = life_book_make(0, 2);
    for (uint64_t id = 1; id <= 5; id++)
        open_life(book, id, 0);
    assert_int_equal(life_book_untold(book), 3);
    refuse(book, 1, 1);
    life_free(life_book_next(book, 2));
    open_life(book, 6, 3); /* there is room again */
    assert_int_equal(life_book_untold(book), 3);
    life_book_free(book);
}

static void lost_events_are_told_to_every_life(void **state)
{
    (void)state;
    struct life_book *book = life_book_make(0, 10);
    open_life(book, 1, 0);
    open_life(book, 2, 0);
    struct ciao_event lost = {.type = CIAO_EVENT_LOST};
    lost.u.args[0] = 9;
    feed(book, lost);
    for (int i = 0; i < 2; i++) {
        struct life *life = life_book_next(book, UINT64_MAX);
        assert_int_equal(life->events_lost, 9);
        life_free(life);
    }
    life_book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_finds_its_life),
        cmocka_unit_test(a_life_is_told_only_after_its_last_segment),
        cmocka_unit_test(at_the_end_all_are_told_but_listeners),
        cmocka_unit_test(a_full_book_counts_what_it_could_not_take),
        cmocka_unit_test(lost_events_are_told_to_every_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
