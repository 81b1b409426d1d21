/*
 * A run: one event after the other, time between them, calls that wait in the middle.
 */
#include "drill/run.h"

#include <stdlib.h>
#include <string.h>

#include "wire/addr.h"
#include "wire/tcp.h"

#define CALL_PATIENCE_US 1000000
#define IDLE_MOST        10000     /* times that the stack may ask for the present moment again */
#define TALE_END_US      600000000 /* a wait that no event ends is not followed for longer */

static const char *const family_names[DRILL_FAMILIES] = {"ipv4", "ipv6", "ipv4-mapped-ipv6"};

const char *drill_family_name(enum drill_family family)
{
    return family_names[family];
}

bool drill_family_parse(const char *text, enum drill_family *family)
{
    static const char *const others[DRILL_FAMILIES] = {"4", "6", "mapped"};
    for (unsigned i = 0; i < DRILL_FAMILIES; i++) {
        if (strcmp(text, family_names[i]) != 0 && strcmp(text, others[i]) != 0)
            continue;
        *family = (enum drill_family)i;
        return true;
    }
    return false;
}

/* ---- which event is due when ---- */

void run_next_event(struct run *run)
{
    struct due *due = &run->due;
    const struct event *event = due->event == NULL ? run->script->events : due->event->next;
    int64_t before_us = due->event == NULL ? 0 : due->at_us;
    *due = (struct due){.event = event, .before_us = before_us};
    if (event == NULL)
        return;
    bool relative = event->when == WHEN_RELATIVE || event->when == WHEN_RELATIVE_RANGE
                    || event->when == WHEN_ANY;
    int64_t from_us = relative ? world_time(run) : 0;
    due->at_us = event->at_us + from_us;
    due->until_us = event->until_us + from_us;
    if (event->kind == EVENT_CALL)
        due->end_us = event->u.call.end_us + from_us;
}

static bool is_outbound(const struct event *event)
{
    return event->kind == EVENT_PACKET && event->u.packet.outbound;
}

static bool is_call(const struct event *event)
{
    return event->kind == EVENT_CALL || event->kind == EVENT_CODE;
}

/* When the run has to look at it, at the latest. */
static uint64_t due_us(const struct run *run, bool in_call)
{
    const struct due *due = &run->due;
    if (due->event == NULL)
        return RUN_NEVER;
    int64_t at_us = due->at_us;
    if (is_outbound(due->event))
        at_us = packet_patience(due);
    else if (in_call && is_call(due->event))
        at_us += CALL_PATIENCE_US;
    return at_us == INT64_MAX ? RUN_NEVER : run->start_us + (uint64_t)at_us;
}

/* ---- what happens ---- */

static void say_event(const struct run *run, const struct event *event)
{
    size_t len;
    const char *line = script_line(run->script, event->line, &len);
    fprintf(run->options->out, "%9.6f  %5u  %.*s\n", (double)world_time(run) / 1e6, event->line,
            (int)len, line);
}

/* Things that are done, rather than waited for, are done at their time; later only when what was
 * waited for before came late. */
static bool in_time(struct run *run, const struct due *due)
{
    static const char *const what[] = {"this packet comes in", "this call is made",
                                       "this command is run", "this is looked at"};
    struct when_asked asked = {due->event->when, due->at_us, due->until_us, due->before_us};
    return compare_time(run, &asked, world_time(run), what[due->event->kind]);
}

static bool lacks(struct run *run, const struct event *event)
{
    if (event->needs != NULL)
        run_fail(run, event->line, "this needs %s, which ciao does not have", event->needs);
    return event->needs != NULL;
}

static void do_event(struct run *run, const struct due *due)
{
    const struct event *event = due->event;
    if (lacks(run, event))
        return;
    switch (event->kind) {
    case EVENT_PACKET: packet_in(run, &event->u.packet); break;
    case EVENT_CALL: call_run(run, due); break;
    case EVENT_SHELL: shell_run(run, event->u.text, event->line); break;
    case EVENT_CODE: code_run(run, event->u.text, event->line); break;
    }
}

/* A packet that is expected: it is here, or it is too late for it.  False: go on waiting. */
static bool step_outbound(struct run *run, const struct due *due)
{
    if (!lacks(run, due->event) && !packet_expected(run, due)) {
        if (run->now_us < due_us(run, false))
            return false;
        packet_missed(run, due);
    }
    if (run->options->verbose)
        say_event(run, due->event);
    run_next_event(run);
    return true;
}

/* The next event, when it can happen now.  False: it cannot. */
static bool step(struct run *run, bool in_call)
{
    const struct due due = run->due;
    if (due.event == NULL)
        return false;
    if (is_outbound(due.event))
        return step_outbound(run, &due);
    if (run->now_us < run->start_us + (uint64_t)due.at_us)
        return false;
    if (in_call && is_call(due.event)) {
        if (run->now_us < due_us(run, in_call))
            return false;
        run_fail(run, due.event->line, "the call of line %u still waits", run->waiting_line);
        return true;
    }
    if (run->options->verbose)
        say_event(run, due.event);
    if (!in_time(run, &due))
        return true;
    /* A call that waits goes on with the events behind it; so they are counted from its start. */
    bool blocks = due.event->kind == EVENT_CALL && due.event->u.call.blocks;
    if (blocks)
        run_next_event(run);
    do_event(run, &due);
    if (!blocks)
        run_next_event(run);
    return true;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Let time come to the next thing.  False: nothing will ever happen. */
static bool let_pass(struct run *run, bool in_call, bool events, uint64_t deadline_us)
{
    uint64_t by_itself = world_next_us(run);
    uint64_t event = events ? due_us(run, in_call) : RUN_NEVER;
    uint64_t next = earlier(earlier(by_itself, event), deadline_us);
    if (next == RUN_NEVER || (event == RUN_NEVER && next > run->now_us + TALE_END_US))
        return false;
    run->idle = next > run->now_us ? 0 : run->idle + 1;
    if (event == next && next > run->now_us)
        run->now_us = next; /* what the script does comes before what is due at the same time */
    else
        world_pass(run, next);
    return run->idle < IDLE_MOST;
}

static void stuck(struct run *run, bool in_call)
{
    if (run->due.event != NULL && is_outbound(run->due.event))
        packet_missed(run, &run->due);
    else if (in_call && run->may_wait)
        run_fail(run, run->waiting_line, "this call never returns");
    else if (in_call)
        run_fail(
            run, run->waiting_line,
            "this call waits, and nothing that the script foresees will wake it: write when it "
            "begins and ends as \"+0...0.1\"");
}

int run_drive(struct run *run, struct ciao_waiter *waiter, uint64_t deadline_us)
{
    bool in_call = waiter != NULL, events = !in_call || run->may_wait;
    for (;;) {
        world_settle(run);
        if (run->failed)
            return CIAO_WAIT_SIGNAL;
        if (in_call && waiter->woken)
            return CIAO_WAIT_WOKEN;
        if (in_call && run->now_us >= deadline_us)
            return CIAO_WAIT_DEADLINE;
        if (events && step(run, in_call))
            continue;
        if (!in_call && run->due.event == NULL)
            return CIAO_WAIT_WOKEN;
        if (!let_pass(run, in_call, events, deadline_us)) {
            stuck(run, in_call);
            return CIAO_WAIT_SIGNAL;
        }
    }
}
