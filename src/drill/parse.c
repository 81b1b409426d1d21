/*
 * The frame of a script: options, the command before, events with their times, the command after.
 */
#include "drill/parse.h"

#include <string.h>

/* ---- options: --name or --name=value, before everything else ---- */

/* A value is read as it stands, up to a blank outside of quotes. */
static const char *option_value(struct scan *scan)
{
    const char *start = scan->at;
    char quote = '\0';
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '`')
            quote = c;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            break;
    }
    return script_copy(scan->script, start, (size_t)(scan->at - start));
}

static void add_define(struct script *script, const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals != NULL)
        script_define(script, script_copy(script, value, (size_t)(equals - value)), equals + 1);
}

static void parse_script_options(struct scan *scan)
{
    struct script_option **last = &scan->script->options;
    while (scan_sees(scan, "--")) {
        struct script_option *option = script_room(scan->script, sizeof *option);
        option->line = scan_line(scan);
        scan->at += 2;
        option->name = scan_word(scan);
        option->value = "";
        if (option->name[0] == '\0')
            (void)scan_fail(scan, "an option's name should come here");
        if (scan->at < scan->end && *scan->at == '=') {
            scan->at++;
            option->value = option_value(scan);
        }
        if (strcmp(option->name, "define") == 0)
            add_define(scan->script, option->value);
        *last = option;
        last = &option->next;
    }
}

/* ---- times ---- */

static bool sees_range(struct scan *scan)
{
    return scan_sees(scan, "~");
}

static void parse_when(struct scan *scan, struct event *event)
{
    if (scan_take(scan, "*")) {
        event->when = WHEN_ANY;
        return;
    }
    bool relative = scan_take(scan, "+");
    event->when = relative ? WHEN_RELATIVE : WHEN_ABSOLUTE;
    event->at_us = scan_seconds(scan);
    if (!sees_range(scan))
        return;
    scan->at++;
    if (relative && !scan_need(scan, "+"))
        return;
    event->when = relative ? WHEN_RELATIVE_RANGE : WHEN_RANGE;
    event->until_us = scan_seconds(scan);
    if (event->until_us < event->at_us)
        (void)scan_fail(scan, "this range of time ends before it begins");
}

/* ---- events ---- */

static const char *parse_command(struct scan *scan)
{
    return scan_between(scan, "`", "`");
}

static void check_when(struct scan *scan, const struct event *event)
{
    bool exact = event->when == WHEN_ABSOLUTE || event->when == WHEN_RELATIVE;
    bool outbound = event->kind == EVENT_PACKET && event->u.packet.outbound;
    if (!exact && !outbound)
        (void)scan_fail(scan, "only a packet that is sent (>) may have a range of time or \"*\"");
}

static void parse_action(struct scan *scan, struct event *event)
{
    if (scan_sees(scan, "<") || scan_sees(scan, ">")) {
        event->kind = EVENT_PACKET;
        parse_packet(scan, event);
    } else if (scan_sees(scan, "`")) {
        event->kind = EVENT_SHELL;
        event->u.text = parse_command(scan);
    } else if (scan_sees(scan, "%{")) {
        event->kind = EVENT_CODE;
        event->u.text = scan_between(scan, "%{", "}%");
    } else {
        event->kind = EVENT_CALL;
        if (scan_take(scan, "...")) {
            event->u.call.blocks = true;
            (void)scan_take(scan, "+");
            event->u.call.end_us = scan_seconds(scan);
        }
        parse_call(scan, &event->u.call);
    }
}

static bool sees_when(struct scan *scan)
{
    return scan_sees_digit(scan) || scan_sees(scan, "+") || scan_sees(scan, "*")
           || scan_sees(scan, ".");
}

static void parse_events(struct scan *scan)
{
    struct event **last = &scan->script->events;
    while (scan_skip(scan)) {
        if (scan_sees(scan, "`")) {
            scan->script->cleanup_line = scan_line(scan);
            scan->script->cleanup = parse_command(scan);
            if (scan_skip(scan))
                (void)scan_fail(scan, "a command without a time ends the script; this comes "
                                      "behind it");
            return;
        }
        if (!sees_when(scan)) {
            (void)scan_fail(scan, "a time should come here: \"0.1\", \"+.1\", \"*\", \"+0~+.2\"");
            return;
        }
        struct event *event = script_room(scan->script, sizeof *event);
        event->line = scan_line(scan);
        parse_when(scan, event);
        parse_action(scan, event);
        check_when(scan, event);
        *last = event;
        last = &event->next;
    }
}

void parse_script(struct script *script)
{
    struct scan scan = {.script = script, .at = script->text, .end = script->text + script->len};
    parse_script_options(&scan);
    if (scan_sees(&scan, "`")) {
        script->init_line = scan_line(&scan);
        script->init = parse_command(&scan);
    }
    parse_events(&scan);
    if (!scan.failed && script->events == NULL)
        (void)scan_fail(&scan, "there is no event in this script");
}
