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

/* A piece begins there, or the last one goes on. */
static void keep(struct tcp_sums *sums, uint32_t at, uint32_t len, uint32_t sum, bool goes_on)
{
    uint32_t n = sums->pieces;
    struct tcp_sums_piece *last = &sums->piece[n];
    if (last->end != at) /* there were too many before */
        return;
    if (goes_on && n != 0) {
        last->sum = (uint16_t)csum_combine(last->sum, sum, (at - last[-1].end) & 1);
        last->end = (uint16_t)(at + len);
    } else if (n < TCP_SUMS_PIECES) {
        last[1] = (struct tcp_sums_piece){(uint16_t)(at + len), (uint16_t)sum};
        sums->pieces = (uint16_t)(n + 1);
    }
}

void tcp_sums_copy(const struct csum_ops *csum, struct ciao_buf *buf, const struct tcp_copy *copy)
{
    uint8_t *bytes = ciao_buf_bytes(buf);
    const uint8_t *from = copy->from;
    uint32_t at = copy->at, end = at + copy->len;
    uint32_t segment = copy->segment != 0 ? copy->segment : BUF_QUARTER;
    uint32_t begun = copy->ahead % segment; /* of the segment that these bytes belong to */
    if (csum == NULL || !tcp_sums_kept(buf)) {
        memcpy(bytes + at, from, copy->len);
        return;
    }
    while (at != end) {
        uint32_t n = segment - begun < end - at ? segment - begun : end - at;
        keep(tcp_sums_in(buf), at, n, csum->copy(bytes + at, from, n), begun != 0);
        at += n;
        from += n;
        begun = 0;
    }
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
