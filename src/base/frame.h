/*
 * What the stack's own files do with frames, beside ciao/frame.h.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include "ciao/frame.h"

/* As ciao_frame_move(), from another one whose memory nobody looks at again. */
void frame_take(struct ciao_frame *to, const struct ciao_frame *from);

#endif
