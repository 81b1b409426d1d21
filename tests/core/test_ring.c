/*
 * The ring of events: what is written comes out in its order, by copy or where it lies, and what
 * does not fit leaves one gap in its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/trace.h"

#define RING 8u

/* However it is taken, in pieces of every size and across the end of the ring. */
static void events_come_out_in_their_order(void **state)
{
    (void)state;
    struct ciao_event ring[RING], taken[RING];
    struct trace trace;
    uint64_t written = 0, seen = 0;
    trace_init(&trace, ring, RING, CIAO_EVENTS_LIFE);
    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = round % RING + 1; i > 0 && written - seen < RING; i--)
            trace_slot(&trace, CIAO_EVENT_BORN, ++written);
        unsigned n = trace_take(&trace, taken, round == 63 ? RING : round % 5 + 1);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(taken[i].life, ++seen);
    }
    assert_true(seen == written && written > 64);
    assert_int_equal(trace.lost, 0);
}

/* Looked at where they lie, they stay until they are done with. */
static void events_are_read_where_they_lie(void **state)
{
    (void)state;
    struct ciao_event ring[RING];
    const struct ciao_event *here;
    struct trace trace;
    uint64_t written = 0, seen = 0;
    unsigned n, at_the_end = 0;
    trace_init(&trace, ring, RING, CIAO_EVENTS_LIFE);
    assert_int_equal(trace_look(&trace, &here), 0);
    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = round % RING + 1; i > 0 && written - seen < RING; i--)
            trace_arc(&trace, ++written, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
        n = trace_look(&trace, &here);
        assert_in_range(n, 1, written - seen);
        at_the_end += n < written - seen;
        assert_true(here + n <= ring + RING);
        assert_int_equal(here->life, seen + 1);
        trace_done(&trace, round % n);
        seen += round % n;
        for (unsigned again = trace_look(&trace, &here), i = 0; i < again; i++) {
            assert_int_equal(here[i].life, seen + 1 + i);
            assert_int_equal(here[i].type, CIAO_EVENT_ARC);
            assert_int_equal(here[i].u.args[0] | here[i].u.args[4], 0);
        }
    }
    assert_true(at_the_end > 0);
    assert_int_equal(trace.lost, 0);
}

/* Once one is lost, so are all until the reader has caught up; then it is told how many. */
static void what_does_not_fit_leaves_one_gap(void **state)
{
    (void)state;
    struct ciao_event ring[RING], taken[3 * RING];
    struct trace trace;
    trace_init(&trace, ring, RING, CIAO_EVENTS_LIFE);
    for (uint64_t turn = 1; turn <= 3 * RING; turn++) {
        for (unsigned i = 0; i < turn; i++)
            trace_arc(&trace, turn, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
        const unsigned fitted = turn < RING ? (unsigned)turn : RING;
        if (turn > RING) {
            assert_int_equal(trace_take(&trace, taken, 1), 1);
            trace_close_empty(&trace, turn, CIAO_ESTABLISHED); /* there is room, and yet */
            assert_int_equal(trace_take(&trace, taken, fitted - 1), fitted - 1);
        }
        unsigned n = trace_take(&trace, taken, 3 * RING);
        assert_int_equal(n, turn > RING ? 1 : fitted);
        assert_int_equal(taken[n - 1].type, turn > RING ? CIAO_EVENT_LOST : CIAO_EVENT_ARC);
        if (turn > RING)
            assert_int_equal(taken[n - 1].u.args[0], turn - RING + 1);
        trace_arc(&trace, turn, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
        assert_int_equal(trace_take(&trace, taken, 3 * RING), 1);
    }
    assert_int_equal(trace.arcs[CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST],
                     3 * RING * (3 * RING + 1) / 2 + 3 * RING);
}

/* A class that is off writes nothing and loses nothing, whatever the others do. */
static void a_class_that_is_off_is_only_counted(void **state)
{
    (void)state;
    struct ciao_event ring[RING], taken[RING];
    struct trace trace;
    const struct trace_context at = {7, CIAO_ESTABLISHED};
    trace_init(&trace, ring, RING, CIAO_EVENTS_WHY);
    for (unsigned i = 0; i < 4 * RING; i++) {
        trace_arc(&trace, 1, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
        trace_close_empty(&trace, 1, CIAO_ESTABLISHED);
        trace_reason(&trace, at, CIAO_CALL_CLOSE, i, 0);
        trace_arc(&trace, 1, CIAO_ARC_ESTABLISHED_FIN_WAIT_1_WE_CLOSED_FIRST);
        assert_int_equal(trace_take(&trace, taken, RING), 1);
        assert_int_equal(taken[0].type, CIAO_EVENT_REASON);
        assert_int_equal(taken[0].u.args[0], i);
    }
    trace_mask(&trace, CIAO_EVENTS_LIFE);
    trace_reason(&trace, at, CIAO_CALL_CLOSE, 0, 0);
    trace_close_empty(&trace, 1, CIAO_CLOSE_WAIT);
    assert_int_equal(trace_take(&trace, taken, RING), 1);
    assert_int_equal(taken[0].type, CIAO_EVENT_CLOSE_REPORT);
    assert_int_equal(taken[0].from, CIAO_CLOSE_WAIT);
    assert_int_equal(taken[0].who, CIAO_WHO_PROGRAM);
    assert_int_equal(trace.lost, 0);
    assert_int_equal(trace.reasons[CIAO_CALL_CLOSE], 4 * RING + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_in_their_order),
        cmocka_unit_test(events_are_read_where_they_lie),
        cmocka_unit_test(what_does_not_fit_leaves_one_gap),
        cmocka_unit_test(a_class_that_is_off_is_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
