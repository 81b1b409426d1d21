/* How a segment is written: "SYN,ACK seq=0 ack=1 len=0 win=65535". */
#ifndef TELL_SEGMENT_H
#define TELL_SEGMENT_H

#include <stddef.h>

#include "life/life.h"

#define SEGMENT_TEXT 160

/* "SYN,ACK"; "none" when no flag is set. */
void segment_flags(char *out, size_t room, uint16_t flags);
/* How much of a segment is written: each adds to the one before. */
enum segment_detail {
    SEGMENT_SHORT,  /* flags but PSH, numbers, length */
    SEGMENT_FLAGS,  /* all flags */
    SEGMENT_WINDOW, /* the window where it matters (in a SYN, or closed), the first SACK block */
    SEGMENT_OPTIONS /* a SYN's options */
};
/* Numbers are relative: the SYN is 0. */
void segment_text(char *out, size_t room, const struct life *life, const struct life_step *step,
                  enum segment_detail detail);

#endif
