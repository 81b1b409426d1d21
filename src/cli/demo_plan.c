/*
 * What the two programs of the demo do, from the options: opening, talk, goodbye, each put
 * together line by line.
 */
#include "cli/demo.h"

#include <string.h>

#define LEFT  0
#define RIGHT 1

#define THINK_US 5000 /* long enough for an ACK to leave alone */

/* The old-duplicate run: see old_duplicate(). */
#define LETTER_BYTES 30000u
#define NEW_LIFE_US  120000u /* LETTER_BYTES ticks of 4 us of the clock behind first numbers */
#define OLD_TEXT     "Please pay 100 coins."
#define NEW_TEXT     "Please pay   1 coins."
#define TEXT_BYTES   21u
#define MEETING_US   155000u /* the new connection stands at both ends since 150 ms */

static void say(struct demo_plan *plan, unsigned end, struct script_line line)
{
    if (plan->lines[end] < DEMO_LINES - 1)
        plan->script[end][plan->lines[end]++] = line;
}

static void act(struct demo_plan *plan, unsigned end, enum script_verb verb)
{
    say(plan, end, (struct script_line){.verb = verb});
}

static void act_n(struct demo_plan *plan, unsigned end, enum script_verb verb, uint32_t number)
{
    say(plan, end, (struct script_line){.verb = verb, .number = number});
}

static void send_text(struct demo_plan *plan, unsigned end, const char *text)
{
    say(plan, end, (struct script_line){.verb = SCRIPT_SEND, .text = text});
}

static void open_connection(struct demo_plan *plan, enum demo_open how)
{
    bool both = how == DEMO_OPEN_SIMULTANEOUS;
    if (!both)
        act(plan, RIGHT, SCRIPT_LISTEN);
    act_n(plan, LEFT, SCRIPT_CONNECT, both ? 1 : 0);
    act(plan, LEFT, SCRIPT_WAIT_OPEN);
    act_n(plan, LEFT, SCRIPT_THINK, THINK_US); /* the handshake's last ACK goes alone */
    act_n(plan, RIGHT, both ? SCRIPT_CONNECT : SCRIPT_ACCEPT, 1);
    act(plan, RIGHT, SCRIPT_WAIT_OPEN);
}

static const char question[] = "How are you?", answer[] = "Well. And you?";

static void talk(struct demo_plan *plan)
{
    send_text(plan, LEFT, question);
    act_n(plan, RIGHT, SCRIPT_RECV, sizeof(question) - 1);
    send_text(plan, RIGHT, answer);
    act_n(plan, LEFT, SCRIPT_RECV, sizeof(answer) - 1);
}

/* One goes first; the other reads to the end, thinks (or not), and follows. */
static void one_after_other(struct demo_plan *plan, unsigned first, uint32_t think_us)
{
    unsigned second = 1 - first;
    act(plan, first, SCRIPT_CLOSE);
    act(plan, second, SCRIPT_RECV_TO_END);
    if (think_us > 0)
        act_n(plan, second, SCRIPT_THINK, think_us);
    act(plan, second, SCRIPT_CLOSE);
}

static void half_close(struct demo_plan *plan)
{
    send_text(plan, LEFT, question);
    act_n(plan, LEFT, SCRIPT_THINK, THINK_US);
    act(plan, LEFT, SCRIPT_SHUTDOWN);
    act_n(plan, RIGHT, SCRIPT_RECV, sizeof(question) - 1);
    act(plan, RIGHT, SCRIPT_RECV_TO_END);
    send_text(plan, RIGHT, "That is a long story.");
    act_n(plan, RIGHT, SCRIPT_THINK, 30000);
    send_text(plan, RIGHT, "It begins with a handshake,");
    act_n(plan, RIGHT, SCRIPT_THINK, 30000);
    send_text(plan, RIGHT, "and you are still listening.");
    act_n(plan, RIGHT, SCRIPT_THINK, 30000);
    act(plan, RIGHT, SCRIPT_CLOSE);
    act(plan, LEFT, SCRIPT_RECV_TO_END);
    act(plan, LEFT, SCRIPT_CLOSE);
}

static void goodbye(struct demo_plan *plan, enum demo_close how)
{
    switch (how) {
    case DEMO_CLOSE_ACTIVE: one_after_other(plan, LEFT, THINK_US); break;
    case DEMO_CLOSE_PASSIVE: one_after_other(plan, RIGHT, THINK_US); break;
    case DEMO_CLOSE_MERGED: one_after_other(plan, LEFT, 0); break;
    case DEMO_CLOSE_SIMULTANEOUS:
        for (unsigned end = LEFT; end <= RIGHT; end++) {
            act(plan, end, SCRIPT_MEET);
            act(plan, end, SCRIPT_CLOSE);
        }
        break;
    case DEMO_CLOSE_HALF: half_close(plan); break;
    case DEMO_CLOSE_ABORT:
        act(plan, LEFT, SCRIPT_ABORT);
        act(plan, RIGHT, SCRIPT_RECV_TO_END);
        act(plan, RIGHT, SCRIPT_CLOSE);
        break;
    case DEMO_CLOSES: break;
    }
}

/*
 * A segment of an old connection meets a new one on the same ports.
 *
 * The first numbers of both connections come from a clock of 4 us a tick [RFC6528 3], so a new
 * connection starts where the old one stood after so many bytes.  The old one sends a long
 * letter and then a short text, whose copy the wire keeps; the new one begins when the clock has
 * come as far as the letter was long.  Then the copy has exactly the number that the new
 * connection expects first.
 */
static void old_duplicate(struct demo_plan *plan)
{
    act(plan, RIGHT, SCRIPT_LISTEN);
    act_n(plan, LEFT, SCRIPT_CONNECT, 1);
    act(plan, LEFT, SCRIPT_WAIT_OPEN);
    act_n(plan, LEFT, SCRIPT_SEND, LETTER_BYTES);
    act_n(plan, LEFT, SCRIPT_THINK, 1000);
    send_text(plan, LEFT, OLD_TEXT); /* waits for the letter's ACK, so it is a segment of its own */
    act(plan, LEFT, SCRIPT_RECV_TO_END);
    act(plan, LEFT, SCRIPT_CLOSE);
    act_n(plan, LEFT, SCRIPT_WAIT_TIME, NEW_LIFE_US);
    act_n(plan, LEFT, SCRIPT_CONNECT, 1);
    act(plan, LEFT, SCRIPT_WAIT_OPEN);
    act_n(plan, LEFT, SCRIPT_WAIT_TIME, MEETING_US + 25000);
    send_text(plan, LEFT, NEW_TEXT);
    act(plan, LEFT, SCRIPT_RECV_TO_END);
    act(plan, LEFT, SCRIPT_CLOSE);

    act(plan, RIGHT, SCRIPT_ACCEPT);
    act_n(plan, RIGHT, SCRIPT_RECV, LETTER_BYTES + TEXT_BYTES);
    act(plan, RIGHT, SCRIPT_CLOSE);
    act(plan, RIGHT, SCRIPT_FORGET);
    act(plan, RIGHT, SCRIPT_ACCEPT);
    act_n(plan, RIGHT, SCRIPT_WAIT_TIME, MEETING_US);
    act(plan, RIGHT, SCRIPT_RELEASE_COPY);
    act_n(plan, RIGHT, SCRIPT_WAIT_TIME, MEETING_US + 80000);
    act_n(plan, RIGHT, SCRIPT_RECV, TEXT_BYTES);
    act(plan, RIGHT, SCRIPT_CLOSE);
    plan->world.link.keep_text = OLD_TEXT;
    plan->world.mtu = 65535;
    plan->world.no_timestamps = plan->world.msl_given && plan->world.msl_us == 0;
}

void demo_plan_make(struct demo_plan *plan, const struct demo_options *options)
{
    memset(plan, 0, sizeof(*plan));
    plan->world.link = options->link;
    plan->world.msl_given = options->msl_given;
    plan->world.msl_us = options->msl_us;
    if (options->old_duplicate) {
        old_duplicate(plan);
    } else {
        open_connection(plan, options->open);
        if (options->close != DEMO_CLOSE_HALF)
            talk(plan);
        goodbye(plan, options->close);
    }
    act(plan, RIGHT, SCRIPT_CLOSE_LISTENER);
    for (unsigned end = LEFT; end <= RIGHT; end++)
        plan->world.script[end] = plan->script[end];
}
