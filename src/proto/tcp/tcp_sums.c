/*
 * Sums of queued bytes, known since they were copied in.  [RFC1071 2]
 *
 * A checksum wants every byte looked at, and copying looks at them anyway.  So a large buffer of
 * the send queue keeps, behind its bytes, what pieces of them add up to.  Pieces end where segments
 * will probably be cut: each full segment's length from the next byte to leave.  A segment that
 * leaves as foreseen takes the sum of a piece or two; of any other part, a repeat's perhaps, what
 * is not known is summed again.
 *
 * Small buffers keep none: their few bytes are summed as fast as a sum is found.
 */
#include "proto/tcp/tcp_sums.h"

#include "base/assert.h"
#include "base/mem.h"

void tcp_sums_begin(struct ciao_buf *buf)
{
    if (!tcp_sums_kept(buf))
        return;
    struct tcp_sums *sums = tcp_sums_in(buf);
    sums->pieces = sums->next = 0;
    sums->piece[0].end = 0;
}

/* The last piece goes on. */
static void prolong(struct tcp_sums *sums, uint32_t at, uint32_t len, uint32_t sum)
{
    struct tcp_sums_piece *last = &sums->piece[sums->pieces];
    last->sum = (uint16_t)csum_combine(last->sum, sum, (at - last[-1].end) & 1);
    last->end = (uint16_t)(at + len);
}

/* Bytes that begin a segment, up to `end`: a piece for each, as long as there is room for them. */
static void begin_pieces(const struct csum_ops *csum, struct ciao_buf *buf,
                         const struct tcp_copy *copy, uint32_t segment)
{
    struct tcp_sums *sums = tcp_sums_in(buf);
    struct tcp_sums_piece *last = &sums->piece[sums->pieces];
    struct tcp_sums_piece *stop = &sums->piece[TCP_SUMS_PIECES];
    uint8_t *to = ciao_buf_bytes(buf) + copy->at;
    const uint8_t *from = copy->from, *end = from + copy->len;
    uint32_t at = copy->at;
    if (last->end != at) /* there were too many before */
        stop = last;
    while (from != end) {
        uint32_t left = (uint32_t)(end - from), n = segment < left ? segment : left;
        uint32_t sum = csum->copy(to, from, n);
        to += n;
        from += n;
        at += n;
        if (last != stop)
            *++last = (struct tcp_sums_piece){(uint16_t)at, (uint16_t)sum};
    }
    sums->pieces = (uint16_t)(last - sums->piece);
}

void tcp_sums_copy(const struct csum_ops *csum, struct ciao_buf *buf, const struct tcp_copy *copy)
{
    uint8_t *to = ciao_buf_bytes(buf) + copy->at;
    uint32_t segment = copy->segment != 0 ? copy->segment : BUF_QUARTER;
    uint32_t begun = copy->ahead % segment; /* of the segment that these bytes belong to */
    if (csum == NULL || !tcp_sums_kept(buf)) {
        memcpy(to, copy->from, copy->len);
        return;
    }
    struct tcp_sums *sums = tcp_sums_in(buf);
    struct tcp_copy part = *copy;
    if (begun != 0) {
        uint32_t n = segment - begun < copy->len ? segment - begun : copy->len;
        part.len = n;
        if (sums->pieces != 0 && sums->piece[sums->pieces].end == copy->at)
            prolong(sums, copy->at, n, csum->copy(to, copy->from, n));
        else
            begin_pieces(csum, buf, &part, n);
        part = (struct tcp_copy){copy->from + n, copy->at + n, copy->len - n, 0, segment};
    }
    begin_pieces(csum, buf, &part, segment);
}

/* The sum of the pieces at the front, and how many bytes they are. */
static uint32_t known_of(struct tcp_sums *sums, uint32_t at, uint32_t len, uint32_t *done)
{
    uint32_t sum = 0, i = sums->piece[sums->next].end <= at ? sums->next : 0;
    while (i < sums->pieces && sums->piece[i + 1].end <= at)
        i++;
    bool known = sums->piece[i].end == at;
    for (; known && i < sums->pieces && sums->piece[i + 1].end - at <= len; i++) {
        sum = csum_combine(sum, sums->piece[i + 1].sum, *done & 1);
        *done = sums->piece[i + 1].end - at;
    }
    sums->next = (uint16_t)i;
    return sum;
}

uint32_t tcp_sums_of(const struct csum_ops *csum, const struct ciao_frag *frag)
{
    uint32_t sum = 0, done = 0, len = frag->len;
    if (tcp_sums_kept(frag->buf)) {
        uint32_t at = (uint32_t)(frag->ptr - ciao_buf_bytes(frag->buf));
        sum = known_of(tcp_sums_in(frag->buf), at, len, &done);
    }
    if (done == len)
        return sum;
    return csum_combine(sum, csum->sum(frag->ptr + done, len - done), done & 1);
}

uint32_t tcp_sums_of_frame(const struct csum_ops *csum, const struct ciao_frame *frame)
{
    uint32_t sum = 0;
    bool odd = false;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        sum = csum_combine(sum, tcp_sums_next(csum, &frame->frag[i]), odd);
        odd ^= frame->frag[i].len & 1;
    }
    return sum;
}
