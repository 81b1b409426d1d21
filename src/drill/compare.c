/*
 * What was expected, and what came.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "drill/run.h"
#include "wire/tcp.h"

/* ---- times ---- */

static int64_t tolerance(const struct run *run, int64_t gap_us)
{
    int64_t share_us = (int64_t)(run->tolerance_percent / 100 * (double)gap_us);
    return share_us > run->tolerance_us ? share_us : run->tolerance_us;
}

bool compare_time(struct run *run, const struct when_asked *asked, int64_t seen_us,
                  const char *what)
{
    bool range = asked->kind == WHEN_RANGE || asked->kind == WHEN_RELATIVE_RANGE;
    int64_t until_us = range ? asked->until_us : asked->at_us;
    int64_t play_us = tolerance(run, asked->at_us - asked->before_us);
    if (asked->kind == WHEN_ANY
        || (seen_us >= asked->at_us - play_us && seen_us <= until_us + play_us))
        return true;
    if (range)
        run_expected(run, "%s between %.6f s and %.6f s", what, (double)asked->at_us / 1e6,
                     (double)until_us / 1e6);
    else
        run_expected(run, "%s at %.6f s", what, (double)asked->at_us / 1e6);
    run_seen(run, "at %.6f s", (double)seen_us / 1e6);
    int64_t off_us = seen_us < asked->at_us ? asked->at_us - seen_us : seen_us - until_us;
    run_fail(run, 0, "%.6f s too %s, and %.6f s are allowed", (double)off_us / 1e6,
             seen_us < asked->at_us ? "early" : "late", (double)play_us / 1e6);
    return false;
}

/* ---- packets: each returns NULL, or the first difference in words ---- */

static const char *compare_flags(const struct packet *expected, const struct packet *seen)
{
    static const struct {
        uint16_t flag;
        const char *missing, *unasked;
    } flags[] = {
        {TCP_SYN, "SYN is missing", "SYN is set"}, {TCP_FIN, "FIN is missing", "FIN is set"},
        {TCP_RST, "RST is missing", "RST is set"}, {TCP_ACK, "ACK is missing", "ACK is set"},
        {TCP_PSH, "PSH is missing", "PSH is set"}, {TCP_URG, "URG is missing", "URG is set"},
        {TCP_ECE, "ECE is missing", "ECE is set"}, {TCP_CWR, "CWR is missing", "CWR is set"},
        {TCP_AE, "AE is missing", "AE is set"}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if ((expected->flags ^ seen->flags) & flags[i].flag)
            return expected->flags & flags[i].flag ? flags[i].missing : flags[i].unasked;
    return seen->reserved != 0 ? "a reserved bit is set" : NULL;
}

static const char *compare_numbers(const struct packet *expected, const struct packet *seen)
{
    if (expected->seq != seen->seq)
        return "the sequence number is another";
    if (expected->len != seen->len)
        return "the length is another";
    if (expected->ack != seen->ack && seen->flags & TCP_ACK)
        return "the acknowledgment number is another";
    if (expected->has_window && expected->window != seen->window)
        return "the window is another";
    if (expected->urgent != seen->urgent)
        return "the urgent pointer is another";
    return seen->not_zeros ? "the payload is not what was written" : NULL;
}

static const char *compare_marks(const struct packet *expected, const struct packet *seen)
{
    unsigned ecn = seen->tos & 3u;
    if (expected->tos_check == TOS_ECN && expected->tos != ecn)
        return "the ECN bits are others";
    if (expected->tos_check == TOS_ECT01 && ecn != 1 && ecn != 2)
        return "the packet is not marked as ECN-capable";
    if (expected->tos_check == TOS_ALL && expected->tos != seen->tos)
        return "the traffic class is another";
    if (expected->ttl != 0 && expected->ttl != seen->ttl)
        return "the time to live is another";
    return NULL;
}

/* A script's flow labels stand for others: the same for the same, another for another. */
static const char *compare_flow(struct talk *talk, const struct packet *expected,
                                const struct packet *seen, bool v6)
{
    if (!v6 || expected->flow == 0)
        return NULL;
    if (seen->flow == 0)
        return "the packet has no flow label";
    if (talk->script_flow == expected->flow)
        return talk->live_flow == seen->flow ? NULL : "the flow label has changed";
    if (talk->script_flow != 0 && talk->live_flow == seen->flow)
        return "the flow label has not changed";
    talk->script_flow = expected->flow;
    talk->live_flow = seen->flow;
    return NULL;
}

/* Is a timestamp as old as the script says?  Only where it asks for that. */
static bool stamp_fits(const struct run *run, const struct due *due, uint32_t script, uint32_t seen)
{
    int64_t ticks = (int32_t)(seen - script);
    return run->stamp_tick_us == 0
           || llabs(ticks) * run->stamp_tick_us <= tolerance(run, due->at_us);
}

static const char *compare_option(const struct run *run, const struct due *due,
                                  const uint8_t *expected, const uint8_t *seen)
{
    unsigned kind = expected[0];
    if (kind == TCP_OPTION_NOP || kind == TCP_OPTION_END)
        return NULL;
    if (kind == TCP_OPTION_TIMESTAMPS && expected[1] == seen[1])
        return stamp_fits(run, due, get_be32(expected + 2), get_be32(seen + 2))
                   ? NULL
                   : "the timestamp is not of that time";
    if (expected[1] != seen[1] || memcmp(expected, seen, expected[1]) != 0)
        return kind == TCP_OPTION_SACK ? "the SACK blocks are others"
                                       : "the value of an option is another";
    return NULL;
}

static const char *compare_options(const struct run *run, const struct due *due,
                                   const struct packet *expected, const struct packet *seen)
{
    unsigned a = 0, b = 0, a_kind, b_kind, a_len, b_len;
    if (expected->any_options)
        return NULL;
    for (;;) {
        bool more = wire_next_option(expected, &a, &a_kind, &a_len);
        bool more_seen = wire_next_option(seen, &b, &b_kind, &b_len);
        if (!more && !more_seen)
            return expected->n_options == seen->n_options ? NULL : "the options are others";
        if (more != more_seen || a_kind != b_kind)
            return "the options are others";
        const char *wrong =
            compare_option(run, due, expected->options + a - a_len, seen->options + b - b_len);
        if (wrong != NULL)
            return wrong;
    }
}

static const char *first_difference(struct run *run, const struct due *due,
                                    const struct packet *expected, const struct packet *seen)
{
    const char *wrong = compare_flags(expected, seen);
    if (wrong == NULL)
        wrong = compare_numbers(expected, seen);
    if (wrong == NULL)
        wrong = compare_marks(expected, seen);
    if (wrong == NULL)
        wrong = compare_flow(run->talk, expected, seen, run->family == DRILL_IPV6);
    if (wrong == NULL)
        wrong = compare_options(run, due, expected, seen);
    return wrong;
}

bool compare_packets(struct run *run, const struct due *due, const struct packet *expected,
                     const struct packet *seen, int64_t seen_us)
{
    char text[DRILL_TEXT];
    const char *wrong = first_difference(run, due, expected, seen);
    if (wrong == NULL) {
        struct when_asked asked = {due->event->when, due->at_us, due->until_us, due->before_us};
        return compare_time(run, &asked, seen_us, "this segment");
    }
    wire_print(expected, text, sizeof text);
    run_expected(run, "> %s", text);
    wire_print(seen, text, sizeof text);
    run_seen(run, "> %s", text);
    run_fail(run, due->event->line, "%s", wrong);
    return false;
}
