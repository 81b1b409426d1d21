/*
 * Opening and closing with the Linux kernel at the other end, step by step, over IPv4 and IPv6: at
 * every step the kernel's own view (`ss`) agrees with ours.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "linux/steps.h"

/* Each story is told twice; its state says over which family. */
static int begin_v4(void **state)
{
    static struct steps s;

    steps_begin(&s, false);
    *state = &s;
    return 0;
}

static int begin_v6(void **state)
{
    static struct steps s;

    steps_begin(&s, true);
    *state = &s;
    return 0;
}

static int end(void **state)
{
    steps_end(*state);
    return 0;
}

/* [RFC9293 3.5] */
static void the_kernel_opens(void **state)
{
    struct steps *s = *state;

    kernel_connects(s);
    states_are(s, "-", "SYN-SENT");
    steps_hear(s);
    states_are(s, "SYN-RECEIVED", "SYN-SENT");
    steps_send(s);
    states_are(s, "SYN-RECEIVED", "ESTAB");
    steps_hear(s);
    states_are(s, "ESTABLISHED", "ESTAB");
    ciao_accepts(s);
    kernel_closes(s);
    steps_settle(s);
    ciao_closes(s);
    steps_settle(s);
    states_are(s, "-", "TIME-WAIT");
}

static void ciao_opens_it(void **state)
{
    struct steps *s = *state;

    kernel_listens(s);
    ciao_calls(s);
    states_are(s, "SYN-SENT", "-");
    steps_send(s);
    states_are(s, "SYN-SENT", "SYN-RECV");
    steps_hear(s);
    states_are(s, "ESTABLISHED", "SYN-RECV");
    steps_send(s);
    states_are(s, "ESTABLISHED", "ESTAB");
    kernel_accepts(s);
    ciao_closes(s);
    steps_settle(s);
    kernel_closes(s);
    steps_settle(s);
    states_are(s, "TIME-WAIT", "-");
}

/* [RFC9293 3.5 MUST-10] */
static void both_open_at_once(void **state)
{
    struct steps *s = *state;

    kernel_calls(s);
    ciao_calls(s);
    states_are(s, "SYN-SENT", "SYN-SENT");
    steps_send(s);
    states_are(s, "SYN-SENT", "SYN-RECV");
    steps_hear(s);
    steps_settle(s);
    states_are(s, "ESTABLISHED", "ESTAB");
    ciao_sends(s, "hello");
    steps_settle(s);
    kernel_reads(s, "hello");
    ciao_closes(s);
    steps_settle(s);
    kernel_closes(s);
    steps_settle(s);
    states_are(s, "TIME-WAIT", "-");
}

/* [RFC9293 3.6 case 1] */
static void ciao_closes_first(void **state)
{
    struct steps *s = *state;

    kernel_opens(s);
    ciao_shuts_down(s);
    states_are(s, "FIN-WAIT-1", "ESTAB");
    steps_send(s);
    states_are(s, "FIN-WAIT-1", "CLOSE-WAIT");
    steps_hear(s);
    states_are(s, "FIN-WAIT-2", "CLOSE-WAIT");
    kernel_reads(s, "");
    kernel_closes(s);
    states_are(s, "FIN-WAIT-2", "LAST-ACK");
    steps_hear(s);
    states_are(s, "TIME-WAIT", "LAST-ACK");
    steps_send(s);
    states_are(s, "TIME-WAIT", "-");
}

/* [RFC9293 3.6 case 2] */
static void the_kernel_closes_first(void **state)
{
    struct steps *s = *state;

    ciao_opens(s);
    kernel_closes(s);
    states_are(s, "ESTABLISHED", "FIN-WAIT-1");
    steps_hear(s);
    states_are(s, "CLOSE-WAIT", "FIN-WAIT-1");
    steps_send(s);
    states_are(s, "CLOSE-WAIT", "FIN-WAIT-2");
    ciao_reads(s, "");
    ciao_closes(s);
    states_are(s, "LAST-ACK", "FIN-WAIT-2");
    steps_send(s);
    states_are(s, "LAST-ACK", "TIME-WAIT");
    steps_hear(s);
    states_are(s, "-", "TIME-WAIT");
}

/* [RFC9293 3.6 case 3] */
static void both_close_at_once(void **state)
{
    struct steps *s = *state;

    kernel_opens(s);
    kernel_closes(s);
    ciao_closes(s);
    states_are(s, "FIN-WAIT-1", "FIN-WAIT-1");
    steps_send(s);
    states_are(s, "FIN-WAIT-1", "CLOSING");
    steps_hear(s);
    /* The kernel's FIN and its ACK of ours have come in one go; ours of its FIN has not left. */
    states_are(s, "TIME-WAIT", "CLOSING");
    steps_send(s);
    states_are(s, "TIME-WAIT", "TIME-WAIT");
}

static void the_kernel_talks_on_after_our_end(void **state)
{
    struct steps *s = *state;

    kernel_opens(s);
    ciao_sends(s, "a question");
    ciao_shuts_down(s);
    steps_settle(s);
    states_are(s, "FIN-WAIT-2", "CLOSE-WAIT");
    kernel_reads(s, "a question");
    kernel_reads(s, "");
    for (unsigned i = 0; i < 3; i++) {
        kernel_sends(s, "an answer");
        steps_settle(s);
        ciao_reads(s, "an answer");
        states_are(s, "FIN-WAIT-2", "CLOSE-WAIT");
    }
    kernel_closes(s);
    steps_settle(s);
    ciao_reads(s, "");
    states_are(s, "TIME-WAIT", "-");
}

static void ciao_talks_on_after_the_kernels_end(void **state)
{
    struct steps *s = *state;

    ciao_opens(s);
    kernel_sends(s, "a question");
    kernel_shuts_down(s);
    steps_settle(s);
    states_are(s, "CLOSE-WAIT", "FIN-WAIT-2");
    ciao_reads(s, "a question");
    ciao_reads(s, "");
    for (unsigned i = 0; i < 3; i++) {
        ciao_sends(s, "an answer");
        steps_settle(s);
        kernel_reads(s, "an answer");
        states_are(s, "CLOSE-WAIT", "FIN-WAIT-2");
    }
    ciao_closes(s);
    steps_settle(s);
    kernel_reads(s, "");
    states_are(s, "-", "TIME-WAIT");
}

static void a_closed_port_of_ciao_refuses(void **state)
{
    struct steps *s = *state;

    kernel_calls(s);
    steps_settle(s);
    kernel_fails(s, ECONNREFUSED);
    states_are(s, "-", "-");
}

static void a_closed_port_of_the_kernel_refuses(void **state)
{
    struct steps *s = *state;

    ciao_calls(s);
    steps_settle(s);
    states_are(s, "-", "-");
    assert_int_equal(ciao_error(s->stack, s->conn), -CIAO_EREFUSED);
}

/* [RFC9293 3.6.1 SHLD-3] */
static void closing_with_unread_bytes_resets(void **state)
{
    struct steps *s = *state;

    kernel_opens(s);
    kernel_sends(s, "nobody reads this");
    steps_settle(s);
    ciao_closes(s);
    steps_settle(s);
    states_are(s, "-", "-");
    kernel_fails(s, ECONNRESET);
}

static void a_reset_of_the_kernel_ends_it(void **state)
{
    struct steps *s = *state;
    struct linger none = {1, 0};

    kernel_opens(s);
    assert_int_equal(setsockopt(s->kernel, SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
    kernel_closes(s);
    states_are(s, "ESTABLISHED", "-");
    steps_hear(s);
    states_are(s, "-", "-");
    assert_int_equal(ciao_error(s->stack, s->conn), -CIAO_ERESET);
}

#define BOTH(story)                              \
    {#story "_v4", story, begin_v4, end, NULL},  \
    {                                            \
#story "_v6", story, begin_v6, end, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(the_kernel_opens),
        BOTH(ciao_opens_it),
        BOTH(both_open_at_once),
        BOTH(ciao_closes_first),
        BOTH(the_kernel_closes_first),
        BOTH(both_close_at_once),
        BOTH(the_kernel_talks_on_after_our_end),
        BOTH(ciao_talks_on_after_the_kernels_end),
        BOTH(a_closed_port_of_ciao_refuses),
        BOTH(a_closed_port_of_the_kernel_refuses),
        BOTH(closing_with_unread_bytes_resets),
        BOTH(a_reset_of_the_kernel_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
