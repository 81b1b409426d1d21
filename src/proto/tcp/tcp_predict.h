/*
 * The segments that nearly always come, told at a glance: see tcp_predict.c.
 *
 * A batch is looked at once before any of it is processed, so that the records of many flows are on
 * their way from memory while the first ones are worked on.
 */
#ifndef PROTO_TCP_TCP_PREDICT_H
#define PROTO_TCP_TCP_PREDICT_H

#include "base/bytes.h"
#include "base/mem.h"
#include "base/multilinear.h"
#include "proto/tcp/tcp.h"
#include "wire/checksum.h"
#include "wire/protocol.h"
#include "wire/tcp.h"

/* What one look at a frame has told.  `l4` NULL: it has another shape, and nothing else holds. */
struct tcp_glance {
    struct ciao_frame *frame;
    const uint8_t *l4;   /* TCP's header; IP's stands right before it */
    uint32_t header_len; /* of TCP; of what is usual 20, or 32 with timestamps alone */
    uint32_t data_len;
    uint64_t hash;
    bool v6, hashed; /* `hash` holds; else it is of the flow of the one before */
    bool usual;      /* may be predicted; else it is nothing but a header */
    ref_t flow;      /* where the flow's record may be; whoever uses it compares */
};

/* May it be predicted at all? */
static inline bool tcp_glance_is_usual(const struct tcp_glance *glance)
{
    enum ref_kind kind = ref_kind(glance->flow);
    return glance->l4 != NULL && glance->usual && (kind == KIND_TCB4 || kind == KIND_TCB6);
}

/* Wire segments that it stands for. */
static inline uint32_t tcp_glance_segments(const struct tcp_glance *glance)
{
    return glance->frame->segments == 0 ? 1 : glance->frame->segments;
}

/* Look at the frames of a batch and fetch what they will need.  No shape is predicted where the
 * configuration says so, or while each segment is told of. */
void tcp_glance_all(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    struct tcp_glance *glances);

/*
 * Process a segment that holds no surprise, of a glance that is usual.
 *
 * False: it does, or its checksum is wrong; nothing has changed, and the frame is the caller's
 * still.  True: the frame was released.
 */
/* After a batch, with tcp->unsettled: its last bytes are copied where that is better. */
void tcp_receive_settle(struct tcp *tcp);

bool tcp_predict(struct tcp *tcp, int link, const struct tcp_glance *glance);

/* The same for a segment that is nothing but a header, whatever it says: tcp_plain.c. */
bool tcp_plain_arrives(struct tcp *tcp, int link, const struct tcp_glance *glance);

/* ---- whose it is ---- */

/* As tcp_flow_hash() of the tuple; ours is the destination. */
__attribute__((always_inline)) static inline uint64_t tcp_glance_hash(
    const struct tcp *tcp, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    uint32_t words[TCP_FLOW_WORDS] = {(uint32_t)get_be16(l4 + 2) << 16 | get_be16(l4)};
    if (!glance->v6) {
        words[1] = get_be32(l4 - 4);
        words[2] = get_be32(l4 - 8);
        return multilinear(tcp->flow_key, words, 3);
    }
    memcpy(words + 1, l4 - 16, 16);
    memcpy(words + 5, l4 - 32, 16);
    return multilinear(tcp->flow_key, words, TCP_FLOW_WORDS);
}

/* ---- both checksums ---- */

static inline uint64_t tcp_load64(const uint8_t *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

static inline uint32_t tcp_load32(const uint8_t *from)
{
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

static inline uint64_t tcp_halves(uint64_t word)
{
    return (word & 0xffffffff) + (word >> 32);
}

/* Of the addresses, and of the length and protocol as the pseudo-header has them. */
static inline uint64_t tcp_glance_pseudo_sum(const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    uint32_t len = glance->header_len + glance->data_len;
    uint64_t sum = tcp_halves(tcp_load64(l4 - 8)) + BYTES_BE32(IP_PROTO_TCP) + BYTES_BE32(len);
    if (glance->v6)
        sum += tcp_halves(tcp_load64(l4 - 16)) + tcp_halves(tcp_load64(l4 - 24))
               + tcp_halves(tcp_load64(l4 - 32));
    return sum;
}

static inline uint64_t tcp_glance_header_sum(const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4, *end = l4 + glance->header_len;
    uint64_t sum =
        tcp_halves(tcp_load64(l4)) + tcp_halves(tcp_load64(l4 + 8)) + tcp_load32(l4 + 16);
    const uint8_t *at = l4 + TCP_HEADER_LEN;
    for (; end - at >= 8; at += 8)
        sum += tcp_halves(tcp_load64(at));
    return at == end ? sum : sum + tcp_load32(at);
}

static inline uint64_t tcp_glance_payload_sum(const struct csum_ops *csum,
                                              const struct tcp_glance *glance)
{
    const struct ciao_frame *frame = glance->frame;
    if (frame->n_frags == 0)
        return csum_any(csum, glance->l4 + glance->header_len, glance->data_len);
    uint32_t sum = csum_any(csum, frame->frag[0].ptr, frame->frag[0].len);
    bool odd = frame->frag[0].len & 1;
    for (uint32_t i = 1; i < frame->n_frags; i++) {
        sum = csum_combine(sum, csum_any(csum, frame->frag[i].ptr, frame->frag[i].len), odd);
        odd ^= frame->frag[i].len & 1;
    }
    return sum;
}

/* [RFC9293 3.1 MUST-3, RFC1122 3.2.1.2] */
__attribute__((always_inline)) static inline bool tcp_glance_sums_hold(
    const struct tcp *tcp, const struct tcp_glance *glance)
{
    const uint8_t *l4 = glance->l4;
    if (!glance->v6
        && !csum_is_valid(csum_fold(tcp_halves(tcp_load64(l4 - 20))
                                    + tcp_halves(tcp_load64(l4 - 12)) + tcp_load32(l4 - 4))))
        return false;
    if (glance->frame->csum != CIAO_CSUM_NONE)
        return true;
    uint64_t sum = tcp_glance_pseudo_sum(glance) + tcp_glance_header_sum(glance);
    if (glance->data_len != 0)
        sum += tcp_glance_payload_sum(tcp->ip->csum, glance);
    return csum_is_valid(csum_fold(sum));
}

#endif
