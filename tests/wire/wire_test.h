/*
 * What the tests of src/wire share: random structs, bytes in blocks of exactly their size (so that
 * a read beyond is caught), and the checksum as simply as RFC 1071 puts it.
 */
#ifndef TESTS_WIRE_TEST_H
#define TESTS_WIRE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "ciao/frame.h"
#include "wire/addr.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct rng rng_of(uint8_t seed);
void random_bytes(struct rng *rng, void *out, size_t len);
bool random_bool(struct rng *rng);
uint8_t random_u8(struct rng *rng);
uint16_t random_u16(struct rng *rng);

/* A block of its own of that size, to be freed. */
uint8_t *exact(const void *bytes, size_t len);

/* An address out of its text. */
struct ciao_addr addr_of(const char *text);

/* The ones' complement sum of big-endian words, as RFC 1071 4.1 computes it, added to `sum`. */
uint32_t naive_sum(const uint8_t *p, size_t len, uint32_t sum);

/* Are IPv4's and TCP's checksums in this whole packet right? */
bool naive_packet_is_valid(const uint8_t *ip, size_t len);

/* The bytes of a frame in one piece; returns how many. */
size_t flatten(const struct ciao_frame *frame, uint8_t *out, size_t room);

#endif
