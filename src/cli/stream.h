/*
 * One connection and the program's ends of it: bytes from a file, standard input or the peer itself
 * go in, what arrives comes out.  Binary safe; each direction closes on its own.
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/stack.h"
#include "cli/pipe.h"

enum stream_source {
    STREAM_PIPE, /* what `in` gives, then the end */
    STREAM_ECHO, /* what has arrived */
    STREAM_SINK, /* nothing; our direction closes after the peer's */
};

/* Bytes on their way: buffer[start..end) are to be handed on. */
struct stream_buffer {
    uint8_t *bytes;
    size_t start, end;
};

struct stream {
    ciao_conn conn; /* 0: over */
    enum stream_source source;
    const struct pipe_end *in; /* STREAM_PIPE */
    struct pipe_end *out;
    off_t offset; /* in a regular file; -1: where it stands */
    struct stream_buffer going, coming;
    bool in_ended;   /* `in` has no more */
    bool shut;       /* we said that there is no more */
    bool peer_ended; /* the peer said so, and everything was read */
    bool starved;    /* waits for `in` */
    bool stuck;      /* waits for `out` */
    bool established;
    bool over;               /* ended well, or by error */
    int error;               /* -CIAO_E*: what ended it */
    int in_errno, out_errno; /* what the program's side ended by, 0: nothing */
    uint64_t moved_us;       /* when a byte last moved */
    struct ciao_info last;   /* as it was when it was over */
};

/* Returns 0, -ENOMEM. */
int stream_init(struct stream *stream, ciao_conn conn, enum stream_source source, uint64_t now_us);
void stream_free(struct stream *stream);

/*
 * Move what can be moved, up to some 1 MB.  Returns whether anything did.  When `over` is set
 * afterwards, the connection's handle has been given up.
 */
bool stream_step(struct stream *stream, struct ciao_stack *stack, uint64_t now_us);

/* No more input: what was taken is sent, then the end. */
void stream_finish(struct stream *stream);
/* Give the connection up with a reset. */
void stream_abort(struct stream *stream, struct ciao_stack *stack, uint64_t now_us);

#endif
