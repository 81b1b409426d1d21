/*
 * What a story expects: segments, states, and what was told.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "story.h"
#include "story_text.h"
#include "story_wire.h"

const char *story_key_of(const struct ciao_event *event)
{
    if (event->type == CIAO_EVENT_ARC)
        return ciao_arc_key((enum ciao_arc_row)event->what);
    return event->type == CIAO_EVENT_REASON ? ciao_reason_key((enum ciao_reason)event->what) : "";
}

/* ---- what is expected ---- */

void story_expect_sent(struct story *r, const char *text)
{
    story_begin(r);
    story_pump(r);
    struct story_text want = story_text_read(r, text);
    if (r->sent_first == r->sent_last)
        story_fail(r, "expected \"%s\", nothing was sent", text);
    const struct story_segment *seen = &r->sent[r->sent_first++ % STORY_SEGMENTS];
    const char *differs = seen->peer == r->peer ? story_text_differs(&want, seen) : "peer";
    if (differs == NULL)
        return;
    char was[256];
    story_text_write(seen, was, sizeof was);
    story_fail(r, "the %s differs: expected \"%s\", sent was \"%s\"", differs, text, was);
}

void story_expect_sent_f(struct story *r, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    story_expect_sent(r, text);
}

void story_expect_nothing_sent(struct story *r)
{
    char was[256];
    story_begin(r);
    story_pump(r);
    if (r->sent_first == r->sent_last)
        return;
    story_text_write(&r->sent[r->sent_first % STORY_SEGMENTS], was, sizeof was);
    story_fail(r, "expected silence, sent was \"%s\"", was);
}

void whatever_was_sent(struct story *r)
{
    story_pump(r);
    r->sent_first = r->sent_last;
}

struct ciao_info story_info(struct story *r)
{
    struct ciao_info info = {0}, found = {0};
    uint64_t cursor = 0;
    story_pump(r);
    if (story_peer(r)->conn != 0) {
        int result = ciao_info(r->stack, story_peer(r)->conn, &info);
        if (result != 0)
            story_fail(r, "info: %s", ciao_strerror(result));
        return info;
    }
    while (ciao_next_connection(r->stack, &cursor, &info))
        if (info.remote.port == STORY_PEER + r->peer && info.state != CIAO_CLOSED)
            found = info;
    return found;
}

/* CLOSED is also what nobody remembers. */
enum ciao_state story_state(struct story *r)
{
    return story_info(r).state;
}

void story_expect_state(struct story *r, enum ciao_state state)
{
    enum ciao_state seen = story_state(r);
    if (seen != state)
        story_fail(r, "the state is %s, not %s", ciao_state_name(seen), ciao_state_name(state));
}

void story_expect_told(struct story *r, const char *key)
{
    story_pump(r);
    for (unsigned i = r->event_told; i < r->event_count; i++)
        if (strcmp(story_key_of(&r->events[i]), key) == 0) {
            r->event_told = i + 1;
            return;
        }
    story_fail(r, "%s was not told", key);
}

void story_expect_not_told(struct story *r, const char *key)
{
    story_pump(r);
    for (unsigned i = r->event_told; i < r->event_count; i++)
        if (strcmp(story_key_of(&r->events[i]), key) == 0)
            story_fail(r, "%s was told", key);
}

void story_expect(struct story *r, bool holds, const char *claim)
{
    if (!holds)
        story_fail(r, "it does not hold that %s", claim);
}
