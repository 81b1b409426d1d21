/*
 * A story's frames: made for the peer, and checked when they are ours.
 */
#ifndef TESTS_SUPPORT_STORY_WIRE_H
#define TESTS_SUPPORT_STORY_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "story.h"
#include "story_text.h"

struct ciao_addr story_address(const struct story *r, bool ours);

/* Byte `at` of what that side says. */
uint8_t story_byte(bool ours, uint64_t at);

/* Take out what the stack has to send now, check and note each, and the events too. */
void story_pump(struct story *r);

/* The packet of the peer that the text means; noted in the log. */
size_t story_build(struct story *r, const struct story_text *text, uint8_t *out, size_t room);

/* Hand a packet to the stack. */
void story_bring(struct story *r, const uint8_t *packet, size_t len);

#endif
