/*
 * One connection and the program's ends of it: see stream.h.
 */
#include "cli/stream.h"

#include <errno.h>
#include <stdlib.h>

#define BUFFER_BYTES ((size_t)128 * 1024)
#define ROUNDS       8 /* buffers that one step moves */

int stream_init(struct stream *stream, ciao_conn conn, enum stream_source source, uint64_t now_us)
{
    *stream = (struct stream){.conn = conn, .source = source, .offset = -1, .moved_us = now_us};
    stream->coming.bytes = malloc(BUFFER_BYTES);
    if (source == STREAM_PIPE)
        stream->going.bytes = malloc(BUFFER_BYTES);
    if (stream->coming.bytes && (stream->going.bytes || source != STREAM_PIPE))
        return 0;
    stream_free(stream);
    return -ENOMEM;
}

void stream_free(struct stream *stream)
{
    free(stream->going.bytes);
    free(stream->coming.bytes);
    stream->going.bytes = NULL;
    stream->coming.bytes = NULL;
}

static bool empty(const struct stream_buffer *buffer)
{
    return buffer->start == buffer->end;
}

static void filled(struct stream_buffer *buffer, size_t n)
{
    buffer->start = 0;
    buffer->end = n;
}

/* What ended the connection; -EAGAIN and its kin are no end. */
static void note_error(struct stream *stream, int64_t error)
{
    if (error != -CIAO_EAGAIN && stream->error == 0)
        stream->error = (int)error;
}

/* Read the next piece of `in`.  Returns whether there is something to send now. */
static bool refill(struct stream *stream)
{
    ssize_t got;

    stream->starved = false;
    if (stream->in_ended || stream->source != STREAM_PIPE)
        return false;
    got = pipe_read(stream->in, stream->going.bytes, BUFFER_BYTES, stream->offset);
    if (got == PIPE_AGAIN) {
        stream->starved = true;
        return false;
    }
    if (got <= 0) {
        stream->in_ended = true;
        stream->in_errno = (int)-got;
        return false;
    }
    if (stream->offset >= 0)
        stream->offset += got;
    filled(&stream->going, (size_t)got);
    return true;
}

/* Hand a buffer to the stack.  Returns whether any of it went. */
static bool send_some(struct stream *stream, struct ciao_stack *stack, struct stream_buffer *from,
                      uint64_t now_us)
{
    int64_t sent;
    unsigned more = stream->source == STREAM_PIPE && stream->in->file ? CIAO_SEND_MORE : 0;

    sent = ciao_send(stack, stream->conn, from->bytes + from->start, from->end - from->start, more,
                     now_us);
    if (sent < 0) {
        note_error(stream, sent);
        return false;
    }
    from->start += (size_t)sent;
    return sent > 0;
}

static bool send_step(struct stream *stream, struct ciao_stack *stack, uint64_t now_us)
{
    bool moved = false;

    for (unsigned round = 0; round < ROUNDS; round++) {
        if (empty(&stream->going) && !refill(stream))
            break;
        if (!send_some(stream, stack, &stream->going, now_us))
            break;
        moved = true;
    }
    return moved;
}

/* Hand on what has arrived: to `out`, or back to the peer.  Returns whether any of it went. */
static bool deliver(struct stream *stream, struct ciao_stack *stack, uint64_t now_us)
{
    struct stream_buffer *coming = &stream->coming;
    ssize_t put;

    if (stream->source == STREAM_ECHO)
        return send_some(stream, stack, coming, now_us);
    put = pipe_write(stream->out, coming->bytes + coming->start, coming->end - coming->start);
    stream->stuck = put == PIPE_AGAIN;
    if (put < 0) {
        if (put != PIPE_AGAIN)
            stream->out_errno = (int)-put;
        return false;
    }
    coming->start += (size_t)put;
    return put > 0;
}

static bool recv_step(struct stream *stream, struct ciao_stack *stack, uint64_t now_us)
{
    bool moved = false;

    for (unsigned round = 0; round < ROUNDS && stream->out_errno == 0; round++) {
        if (empty(&stream->coming)) {
            int64_t got;

            if (stream->peer_ended)
                break;
            got = ciao_recv(stack, stream->conn, stream->coming.bytes, BUFFER_BYTES, 0, now_us);
            if (got < 0)
                note_error(stream, got);
            if (got < 0)
                break;
            stream->peer_ended = got == 0;
            filled(&stream->coming, (size_t)got);
            moved = true;
        }
        if (!empty(&stream->coming) && !deliver(stream, stack, now_us))
            break;
    }
    return moved;
}

static bool has_said_all(const struct stream *stream)
{
    switch (stream->source) {
    case STREAM_PIPE:
        /* When the peer has ended and standard input is silent, nobody waits for the other. */
        return (stream->in_ended || (stream->peer_ended && stream->starved))
               && empty(&stream->going);
    case STREAM_ECHO: return (stream->peer_ended || stream->in_ended) && empty(&stream->coming);
    case STREAM_SINK: return stream->peer_ended || stream->in_ended;
    }
    return true;
}

static void leave(struct stream *stream, struct ciao_stack *stack, uint64_t now_us)
{
    (void)ciao_close(stack, stream->conn, NULL, now_us);
    stream->conn = 0;
    stream->over = true;
}

/* The connection has closed on both sides, and each knows that the other knows. */
static bool at_the_end(const struct stream *stream)
{
    return stream->shut && stream->peer_ended && empty(&stream->coming)
           && (stream->last.state == CIAO_TIME_WAIT || stream->last.state == CIAO_CLOSED);
}

bool stream_step(struct stream *stream, struct ciao_stack *stack, uint64_t now_us)
{
    unsigned ready = ciao_ready(stack, stream->conn);
    bool moved = false;

    if (ready & CIAO_ERROR)
        note_error(stream, ciao_error(stack, stream->conn));
    /* Only what was open can be reset, and what came before the reset is still to be read. */
    if ((ready & (CIAO_READABLE | CIAO_WRITABLE | CIAO_HANGUP_RD))
        && (stream->error == 0 || stream->error == -CIAO_ERESET))
        stream->established = true;
    if (stream->established) {
        moved = recv_step(stream, stack, now_us);
        if (!stream->shut && stream->error == 0)
            moved = send_step(stream, stack, now_us) || moved;
        if (!stream->shut && has_said_all(stream))
            stream->shut = ciao_shutdown(stack, stream->conn, CIAO_SHUT_WR, now_us) == 0;
    }
    if (moved)
        stream->moved_us = now_us;

    if (ciao_info(stack, stream->conn, &stream->last) < 0)
        stream->last.state = CIAO_CLOSED;
    if ((stream->error < 0 && empty(&stream->coming)) || stream->out_errno != 0
        || stream->in_errno != 0 || at_the_end(stream))
        leave(stream, stack, now_us);
    return moved || stream->over;
}

void stream_finish(struct stream *stream)
{
    stream->in_ended = true;
}

void stream_abort(struct stream *stream, struct ciao_stack *stack, uint64_t now_us)
{
    if (ciao_info(stack, stream->conn, &stream->last) < 0)
        stream->last.state = CIAO_CLOSED;
    (void)ciao_abort(stack, stream->conn, NULL, now_us);
    stream->conn = 0;
    stream->over = true;
    if (stream->error == 0)
        stream->error = -CIAO_EABORTED;
}
