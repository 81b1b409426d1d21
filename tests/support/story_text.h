/*
 * The language in which stories write segments; see story.h.
 */
#ifndef TESTS_SUPPORT_STORY_TEXT_H
#define TESTS_SUPPORT_STORY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "story.h"

struct story_text {
    uint16_t flags;
    bool has_ecn;
    uint8_t ecn; /* of the IP header */
    bool has_seq, has_ack, has_wnd, has_urp, has_len, has_options;
    uint32_t seq, ack, wnd, len, urp;
    bool any_mss, any_wscale, any_ts_val, any_ts_ecr; /* * was written */
    struct tcp_options opt;
};

/* Where it can't be read, the story fails. */
struct story_text story_text_read(struct story *r, const char *text);

/* A segment as it would be written. */
void story_text_write(const struct story_segment *segment, char *out, size_t room);

/* NULL, or what is different. */
const char *story_text_differs(const struct story_text *want, const struct story_segment *seen);

#endif
