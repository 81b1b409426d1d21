/* How a segment is written: "SYN,ACK seq=0 ack=1 len=0 win=65535". */
#ifndef TELL_SEGMENT_H
#define TELL_SEGMENT_H

#include <stddef.h>

#include "life/life.h"

#define SEGMENT_TEXT 160

/* "SYN,ACK"; "none" when no flag is set. */
void segment_flags(char *out, size_t room, uint16_t flags);
/* Relative numbers; the window where it matters (SYN, closed), options of a SYN when `options` is set. */
void segment_text(char *out, size_t room, const struct life *life, const struct life_step *step,
                  bool options);

#endif
