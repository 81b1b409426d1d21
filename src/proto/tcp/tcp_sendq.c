/*
 * The send queue: bytes that the program has handed over and the peer has not acknowledged.
 *
 * Bytes are copied once, from the program into shared buffers (tcp_sums.c), and stay where they are
 * until they are acknowledged: segments, first or repeated, refer to them.  So a buffer may be
 * appended to while earlier bytes of it are on their way, and a retransmission copies nothing.
 * Every buffer but the last is full, which makes a byte's place a matter of adding sizes.
 *
 *   first [skip.......size] -> [........size] -> last [......fill     ]
 *          ^ snd_end - sendq_bytes                           ^ snd_end
 *
 * A small buffer that was all of the queue may stay when its bytes are acknowledged, empty, and so
 * may the record of its range (tcp_range.c): a request then takes nothing and gives nothing back.
 *
 * Which bytes have been sent is not known here: tcp_range.c.
 */
#include "proto/tcp/tcp_send.h"

#include "proto/tcp/tcp_sums.h"

/* ---- in: from the program ---- */

uint32_t tcp_sendq_room(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t most = tcp_tcb_settings(tcp, tcb)->sndbuf_bytes;
    uint32_t used = tcp_queue(tcp, tcb)->sendq_bytes;
    return most > used ? most - used : 0;
}

static bool waits_enough(const struct tcp *tcp, const struct tcb *tcb, uint32_t lowat)
{
    return lowat != 0 && tcp_unsent_bytes(tcp, tcb) >= lowat;
}

/* AS LINUX: when a third of the buffer is free, and half of what may wait unsent. */
bool tcp_sendq_writable(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct ciao_settings *settings = tcp_tcb_settings(tcp, tcb);
    uint32_t used = tcp_queue(tcp, tcb)->sendq_bytes;
    uint32_t most = settings->sndbuf_bytes, lowat = settings->notsent_lowat_bytes;
    if (used > most - most / 3)
        return false;
    return lowat == 0 || !waits_enough(tcp, tcb, tcp_bursts(tcp, tcb) ? (lowat + 1) / 2 : lowat);
}

/* How many of these bytes are taken now. */
static size_t room_for(struct tcp *tcp, struct tcb *tcb, size_t len)
{
    if (tcp_bursts(tcp, tcb))
        return tcp_burst_accepts(tcp, tcb, len < UINT32_MAX / 2 ? (uint32_t)len : UINT32_MAX / 2);
    uint32_t room = waits_enough(tcp, tcb, tcp_tcb_settings(tcp, tcb)->notsent_lowat_bytes)
                        ? 0
                        : tcp_sendq_room(tcp, tcb);
    return len < room ? len : room;
}

static void pop_first(struct tcp_queue *queue)
{
    struct ciao_buf *buf = queue->sendq_first;
    queue->sendq_first = buf->next;
    if (buf == queue->sendq_last)
        queue->sendq_last = NULL;
    if (buf == queue->sendq_cursor)
        queue->sendq_cursor = NULL;
    queue->sendq_skip = 0;
    ciao_buf_unref(buf);
}

/* Small writes get small buffers as long as they are few: a buffer is as large as what waits
 * already, so that at most half of the memory stands empty. */
static struct ciao_buf *take_buffer(struct tcp *tcp, const struct tcp_queue *queue, size_t len)
{
    size_t wanted = len > queue->sendq_bytes ? len : queue->sendq_bytes;
    return ciao_bufpool_take(tcp->buffers, wanted < BUF_QUARTER ? (uint32_t)wanted : BUF_QUARTER);
}

static bool append_buffer(struct tcp *tcp, struct tcp_queue *queue, size_t len)
{
    struct ciao_buf *buf = take_buffer(tcp, queue, len);
    if (buf == NULL)
        return false;
    tcp_sums_begin(buf);
    buf->next = NULL;
    if (queue->sendq_last == NULL)
        queue->sendq_first = buf;
    else
        queue->sendq_last->next = buf;
    queue->sendq_last = buf;
    queue->sendq_fill = 0;
    return true;
}

static size_t append_long(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    const struct csum_ops *csum = ip_link(tcp->ip, tcb->head.link)->tx_csum ? NULL : tcp->ip->csum;
    struct tcp_copy copy = {
        .from = data,
        .ahead = tcb->snd_end - tcb->snd.nxt,
        .segment = tcb->smss,
    };
    size_t left = len;
    if (queue->sendq_bytes == 0 && queue->sendq_first != NULL) /* one was kept, too small */
        pop_first(queue);
    queue->summed_len = 0; /* or the number might come round while it stands there */
    while (left != 0) {
        struct ciao_buf *last = queue->sendq_last;
        bool full = last == NULL || queue->sendq_fill == tcp_sums_capacity(last);
        if (full && !append_buffer(tcp, queue, left)
            && !(tcp_teardown_make_room(tcp) && append_buffer(tcp, queue, left)))
            break;
        last = queue->sendq_last;
        uint32_t room = tcp_sums_capacity(last) - queue->sendq_fill;
        copy.at = queue->sendq_fill;
        copy.len = left < room ? (uint32_t)left : room;
        tcp_sums_copy(csum, last, &copy);
        queue->sendq_fill += copy.len;
        copy.from += copy.len;
        copy.ahead += copy.len;
        left -= copy.len;
    }
    queue->sendq_bytes += (uint32_t)(len - left);
    tcb->snd_end += (uint32_t)(len - left);
    return len - left;
}

/* The first of a queue may be a short one, and finds its buffer then. */
size_t tcp_sendq_append(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    if (len <= TCP_SHORT_WRITE && queue->sendq_last == NULL && !append_buffer(tcp, queue, len))
        return append_long(tcp, tcb, data, len);
    if (!tcp_sendq_is_short(queue, len))
        return append_long(tcp, tcb, data, len);
    tcp_sendq_append_short(tcp, tcb, queue, data, (uint32_t)len);
    return len;
}

int64_t tcp_sendq_write(struct tcp *tcp, struct tcb *tcb, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    if (!tcp_queue_attach(tcp, tcb))
        return -CIAO_ENOMEM;
    const struct tcp_side *side = tcp_side(tcp, tcb);
    size_t room = room_for(tcp, tcb, len);
    if (room < len && side->rack != 0)
        tcp_rack(tcp, side)->no_space = 1;
    if (room == 0)
        return -CIAO_EAGAIN;
    size_t taken = tcp_sendq_append(tcp, tcb, data, room);
    if (taken != 0)
        return (int64_t)taken;
    tcp_queue_emptied(tcp, tcb);
    return -CIAO_ENOMEM;
}

/* ---- out: acknowledged ---- */

static void free_bytes(struct tcp_queue *queue, uint32_t bytes)
{
    queue->sendq_bytes -= bytes;
    while (bytes != 0) {
        struct ciao_buf *buf = queue->sendq_first;
        uint32_t end = buf == queue->sendq_last ? queue->sendq_fill : tcp_sums_capacity(buf);
        if (bytes < end - queue->sendq_skip) {
            queue->sendq_skip += bytes;
            return;
        }
        bytes -= end - queue->sendq_skip;
        if (buf == queue->sendq_last) {
            ASSERT(bytes == 0);
            tcp_sendq_free_only(queue);
            return;
        }
        pop_first(queue);
    }
}

void tcp_sendq_free_to(struct tcp *tcp, struct tcb *tcb, seq_t una)
{
    if (tcb->queue == 0)
        return;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    seq_t start = tcb->snd_end - queue->sendq_bytes;
    if (seq_leq(una, start))
        return;
    uint32_t bytes = una - start; /* our FIN lies behind the last byte */
    free_bytes(queue, bytes < queue->sendq_bytes ? bytes : queue->sendq_bytes);
    if (queue->sendq_bytes == 0)
        tcp_queue_emptied(tcp, tcb);
}

void tcp_sendq_flush(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->queue == 0)
        return;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    tcp_range_flush(tcp, tcb);
    tcp_burst_flush(tcp, queue);
    while (queue->sendq_first != NULL)
        pop_first(queue);
    queue->sendq_bytes = 0;
}

/* ---- sliced into frames ---- */

/* New data is sliced where the last slice ended; repeats are looked for from the front. */
struct tcp_place tcp_sendq_place(const struct tcb *tcb, struct tcp_queue *queue, seq_t seq)
{
    seq_t first = tcb->snd_end - queue->sendq_bytes - queue->sendq_skip;
    bool ahead = queue->sendq_cursor != NULL && seq_geq(seq, queue->sendq_cursor_seq);
    struct ciao_buf *buf = ahead ? queue->sendq_cursor : queue->sendq_first;
    seq_t start = ahead ? queue->sendq_cursor_seq : first;
    while (seq - start >= tcp_sums_capacity(buf)) {
        start += tcp_sums_capacity(buf);
        buf = buf->next;
        ASSERT(buf != NULL);
    }
    queue->sendq_cursor = buf;
    queue->sendq_cursor_seq = start;
    return (struct tcp_place){buf, seq - start};
}

static void assert_queued(const struct tcb *tcb, const struct tcp_queue *queue, seq_t seq,
                          uint32_t len)
{
    seq_t start = tcb->snd_end - queue->sendq_bytes;
    ASSERT(seq - start <= queue->sendq_bytes && len <= queue->sendq_bytes - (seq - start));
}

uint32_t tcp_sendq_reach(const struct tcp *tcp, struct tcb *tcb, seq_t seq, uint32_t len)
{
    if (len == 0)
        return 0;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    assert_queued(tcb, queue, seq, len);
    struct tcp_place at = tcp_sendq_place(tcb, queue, seq);
    uint32_t reach = tcp_sums_capacity(at.buf) - at.offset;
    for (unsigned frags = 1; reach < len && frags < CIAO_FRAME_FRAGS; frags++) {
        at.buf = at.buf->next;
        reach += tcp_sums_capacity(at.buf);
    }
    return reach < len ? reach : len;
}

uint32_t tcp_sendq_slice(struct tcp *tcp, struct tcb *tcb, seq_t seq, uint32_t len,
                         struct ciao_frame *frame)
{
    if (len == 0)
        return 0;
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    assert_queued(tcb, queue, seq, len);
    struct tcp_place at = tcp_sendq_place(tcb, queue, seq);
    uint32_t done = 0;
    while (done < len) {
        uint32_t n = tcp_sums_capacity(at.buf) - at.offset;
        n = n < len - done ? n : len - done;
        if (ciao_frame_add(frame, at.buf, ciao_buf_bytes(at.buf) + at.offset, n) != 0)
            break;
        ciao_buf_ref(at.buf);
        done += n;
        at = (struct tcp_place){at.buf->next, 0};
    }
    return done;
}

/* ---- asked ---- */

/* Queued and never sent. */
uint32_t tcp_unsent_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    if (tcb->flags & TCB_FIN_SENT)
        return 0;
    uint32_t queued = tcp_queue(tcp, tcb)->sendq_bytes;
    uint32_t unsent = tcb->snd_end - tcb->snd.nxt; /* before our SYN leaves nxt is one less */
    return unsent < queued ? unsent : queued;
}

/* Sent, or sent in vain so far. */
uint32_t tcp_unacked_bytes(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_queue(tcp, tcb)->sendq_bytes - tcp_unsent_bytes(tcp, tcb);
}
