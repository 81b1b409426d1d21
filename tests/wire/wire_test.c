/* What the tests of src/wire share: see wire_test.h. */
#include "wire_test.h"

struct rng rng_of(uint8_t seed)
{
    uint8_t bytes[32] = {seed};
    struct rng rng;
    rng_seed(&rng, bytes);
    return rng;
}

void random_bytes(struct rng *rng, void *out, size_t len)
{
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++) {
        p[i] = random_u8(rng);
    }
}

bool random_bool(struct rng *rng)
{
    return rng_below(rng, 2) == 1;
}

uint8_t random_u8(struct rng *rng)
{
    return (uint8_t)rng_u32(rng);
}

uint16_t random_u16(struct rng *rng)
{
    return (uint16_t)rng_u32(rng);
}

uint8_t *exact(const void *bytes, size_t len)
{
    uint8_t *block = malloc(len);
    assert_true(block != NULL || len == 0);
    if (len > 0) {
        memcpy(block, bytes, len);
    }
    return block;
}

struct ciao_addr addr_of(const char *text)
{
    struct ciao_addr addr;
    assert_true(ciao_addr_parse(text, &addr));
    return addr;
}

uint32_t naive_sum(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

bool naive_packet_is_valid(const uint8_t *ip, size_t len)
{
    bool v6 = ip[0] >> 4 == 6;
    size_t header_len = v6 ? 40 : 20;
    size_t ip_len = v6 ? 40u + get_be16(ip + 4) : get_be16(ip + 2);
    if (ip_len != len || (!v6 && naive_sum(ip, 20, 0) != 0xffff)) {
        return false;
    }
    uint8_t rest[8] = {0, 0, 0, 0, 0, 0, 0, 6};
    put_be32(rest, (uint32_t)(len - header_len));
    uint32_t sum = v6 ? naive_sum(ip + 8, 32, 0) : naive_sum(ip + 12, 8, 0);
    return naive_sum(ip + header_len, len - header_len, naive_sum(rest, 8, sum)) == 0xffff;
}

size_t flatten(const struct ciao_frame *frame, uint8_t *out, size_t room)
{
    assert_true(frame->len <= room);
    memcpy(out, frame->head, frame->head_len);
    size_t len = frame->head_len;
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(out + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
    }
    assert_int_equal(len, frame->len);
    return len;
}
