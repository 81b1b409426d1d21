/*
 * TCP headers and every layout of their options. [RFC9293 3.1 MUST-1, MUST-4, MUST-5, MUST-6,
 * MUST-7, MUST-68, MUST-69] [RFC9293 3.2 MUST-64, MUST-65]
 */
#include "wire_test.h"

#include "wire/tcp.h"

/* A header with these option bytes, filled up with EOL, parsed in a block of exactly that size. */
static enum wire_fault parse_with(unsigned flags, const void *options, size_t len,
                                  struct tcp_header *tcp)
{
    size_t header_len = TCP_HEADER_LEN + (len + 3) / 4 * 4;
    uint8_t *block = calloc(1, header_len);
    assert_non_null(block);
    put_be16(block + 12, (uint16_t)(header_len / 4 << 12 | flags));
    if (len > 0) {
        memcpy(block + TCP_HEADER_LEN, options, len);
    }
    enum wire_fault fault = tcp_parse(block, header_len, tcp);
    free(block);
    return fault;
}

static void random_sacks(struct rng *rng, struct tcp_options *opt, uint32_t most)
{
    opt->n_sack = (uint8_t)rng_below(rng, most + 1);
    for (size_t i = 0; i < opt->n_sack; i++) {
        opt->sack[i].start = rng_u32(rng);
        opt->sack[i].end = rng_u32(rng);
    }
}

static struct tcp_header random_header(struct rng *rng)
{
    struct tcp_header tcp = {
        .sport = random_u16(rng),
        .dport = random_u16(rng),
        .seq = rng_u32(rng),
        .ack = rng_u32(rng),
        .flags = (uint16_t)rng_below(rng, TCP_FLAGS + 1),
        .wnd = random_u16(rng),
        .urp = random_u16(rng),
    };
    struct tcp_options *opt = &tcp.opt;
    opt->has_ts = random_bool(rng);
    opt->ts_val = opt->has_ts ? rng_u32(rng) : 0;
    opt->ts_ecr = opt->has_ts ? rng_u32(rng) : 0;
    if ((tcp.flags & TCP_SYN) == 0) {
        random_sacks(rng, opt, opt->has_ts ? 3 : 4);
        return tcp;
    }
    opt->has_mss = random_bool(rng);
    opt->mss = opt->has_mss ? random_u16(rng) : 0;
    opt->has_wscale = random_bool(rng);
    opt->wscale = opt->has_wscale ? random_u8(rng) : 0;
    opt->sack_permitted = random_bool(rng);
    return tcp;
}

static void assert_same_options(const struct tcp_options *a, const struct tcp_options *b)
{
    assert_int_equal(a->has_mss, b->has_mss);
    assert_int_equal(a->has_wscale, b->has_wscale);
    assert_int_equal(a->sack_permitted, b->sack_permitted);
    assert_int_equal(a->has_ts, b->has_ts);
    assert_int_equal(a->mss, b->mss);
    assert_int_equal(a->wscale, b->wscale);
    assert_int_equal(a->ts_val, b->ts_val);
    assert_int_equal(a->ts_ecr, b->ts_ecr);
    assert_int_equal(a->n_sack, b->n_sack);
    for (size_t i = 0; i < a->n_sack; i++) {
        assert_int_equal(a->sack[i].start, b->sack[i].start);
        assert_int_equal(a->sack[i].end, b->sack[i].end);
    }
}

static void a_header_survives_the_round_trip(void **state)
{
    (void)state;
    struct rng rng = rng_of(60);
    for (int i = 0; i < 50000; i++) {
        struct tcp_header tcp = random_header(&rng);
        size_t len = tcp_emit_len(&tcp);
        uint8_t *block = malloc(len);
        assert_int_equal(tcp_emit(&tcp, block), len);
        assert_int_equal(get_be16(block + TCP_CHECKSUM_OFFSET), 0);
        struct tcp_header back;
        memset(&back, 0xee, sizeof back);
        assert_int_equal(tcp_parse(block, len, &back), WIRE_OK);
        assert_int_equal(back.sport, tcp.sport);
        assert_int_equal(back.dport, tcp.dport);
        assert_int_equal(back.seq, tcp.seq);
        assert_int_equal(back.ack, tcp.ack);
        assert_int_equal(back.flags, tcp.flags);
        assert_int_equal(back.wnd, tcp.wnd);
        assert_int_equal(back.urp, tcp.urp);
        assert_int_equal(back.header_len, len);
        assert_same_options(&back.opt, &tcp.opt);
        free(block);
    }
}

static void check_layout(const struct tcp_header *tcp, const uint8_t *expected, size_t len)
{
    uint8_t block[TCP_HEADER_MAX];
    assert_int_equal(tcp_emit(tcp, block), TCP_HEADER_LEN + len);
    assert_memory_equal(block + TCP_HEADER_LEN, expected, len);
}

/* As a capture of Linux shows them. */
static void options_are_laid_out_as_linux_does(void **state)
{
    (void)state;
    struct tcp_header syn = {.flags = TCP_SYN,
                             .opt = {.has_mss = true,
                                     .has_wscale = true,
                                     .sack_permitted = true,
                                     .has_ts = true,
                                     .mss = 1460,
                                     .wscale = 7,
                                     .ts_val = 0x01020304}};
    const uint8_t all[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
    check_layout(&syn, all, sizeof all);
    syn.opt.sack_permitted = false;
    const uint8_t no_sack[] = {2, 4, 5, 0xb4, 1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
    check_layout(&syn, no_sack, sizeof no_sack);
    syn.opt.sack_permitted = true;
    syn.opt.has_ts = false;
    const uint8_t no_ts[] = {2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};
    check_layout(&syn, no_ts, sizeof no_ts);
    syn.opt.sack_permitted = false;
    syn.opt.has_wscale = false;
    check_layout(&syn, no_ts, 4);

    struct tcp_header data = {.flags = TCP_ACK,
                              .opt = {.has_ts = true,
                                      .ts_val = 0x01020304,
                                      .ts_ecr = 0x05060708,
                                      .n_sack = 1,
                                      .sack = {{0x11121314, 0x21222324}}}};
    const uint8_t sack[] = {1, 1, 8, 10, 1,    2,    3,    4,    5,    6,    7,    8,
                            1, 1, 5, 10, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24};
    check_layout(&data, sack, sizeof sack);
    data.opt.n_sack = 0;
    check_layout(&data, sack, 12);
    data.opt.has_ts = false;
    data.opt.n_sack = 1;
    check_layout(&data, sack + 12, 12);
}

static void no_more_sack_blocks_are_written_than_fit(void **state)
{
    (void)state;
    struct tcp_header tcp = {.flags = TCP_ACK, .opt = {.n_sack = 4}};
    uint8_t block[TCP_HEADER_MAX];
    assert_int_equal(tcp_emit(&tcp, block), TCP_HEADER_LEN + 36);
    tcp.opt.has_ts = true;
    assert_int_equal(tcp_emit(&tcp, block), TCP_HEADER_LEN + 40);
    struct tcp_header back;
    assert_int_equal(tcp_parse(block, sizeof block, &back), WIRE_OK);
    assert_int_equal(back.opt.n_sack, 3);
}

/* What only a SYN may carry is not written elsewhere either. [RFC9293 3.2 MUST-65] */
static void syn_options_appear_on_a_syn_alone(void **state)
{
    (void)state;
    const struct tcp_header ack = {
        .flags = TCP_ACK,
        .opt = {.has_mss = true, .has_wscale = true, .sack_permitted = true, .mss = 1460}};
    uint8_t block[TCP_HEADER_MAX];
    assert_int_equal(tcp_emit(&ack, block), TCP_HEADER_LEN);
    const struct tcp_header syn = {.flags = TCP_SYN, .opt = {.n_sack = 2}};
    assert_int_equal(tcp_emit(&syn, block), TCP_HEADER_LEN);

    const uint8_t options[] = {2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2};
    struct tcp_header tcp;
    assert_int_equal(parse_with(TCP_ACK, options, sizeof options, &tcp), WIRE_OK);
    assert_false(tcp.opt.has_mss || tcp.opt.has_wscale || tcp.opt.sack_permitted);
    const uint8_t sack[] = {5, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    assert_int_equal(parse_with(TCP_SYN, sack, sizeof sack, &tcp), WIRE_OK);
    assert_int_equal(tcp.opt.n_sack, 0);
}

/* The same four options, behind 0 to 3 bytes of NOP and in every order. */
static void options_are_read_at_any_alignment_and_in_any_order(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[10];
        size_t len;
    } parts[] = {
        {{2, 4, 5, 0xb4}, 4}, {{3, 3, 14}, 3}, {{4, 2}, 2}, {{8, 10, 1, 2, 3, 4, 5, 6, 7, 8}, 10}};
    for (unsigned round = 0; round < 4 * 4 * 4 * 4 * 4; round++) {
        uint8_t options[3 + 4 * 10];
        unsigned seen = 0;
        size_t len = round & 3;
        memset(options, TCP_OPTION_NOP, len);
        for (unsigned place = 0; place < 4; place++) {
            unsigned part = round >> (2 + 2 * place) & 3;
            seen |= 1u << part;
            memcpy(options + len, parts[part].bytes, parts[part].len);
            len += parts[part].len;
        }
        struct tcp_header tcp;
        if (len > TCP_HEADER_MAX - TCP_HEADER_LEN) {
            continue;
        }
        assert_int_equal(parse_with(TCP_SYN, options, len, &tcp), WIRE_OK);
        assert_int_equal(tcp.opt.has_mss, (seen & 1) != 0);
        assert_int_equal(tcp.opt.mss, seen & 1 ? 1460 : 0);
        assert_int_equal(tcp.opt.has_wscale, (seen & 2) != 0);
        assert_int_equal(tcp.opt.wscale, seen & 2 ? 14 : 0);
        assert_int_equal(tcp.opt.sack_permitted, (seen & 4) != 0);
        assert_int_equal(tcp.opt.has_ts, (seen & 8) != 0);
        assert_int_equal(tcp.opt.ts_val, seen & 8 ? 0x01020304 : 0);
        assert_int_equal(tcp.opt.ts_ecr, seen & 8 ? 0x05060708 : 0);
    }
}

/* Unknown kinds, RFC 9293's experiments among them, are passed by their length. */
static void unknown_options_are_skipped(void **state)
{
    (void)state;
    const uint8_t options[] = {253, 6, 0xf9, 0x89, 8, 10, 200, 2, 30, 3, 9, 2, 4, 2, 0x58};
    struct tcp_header tcp;
    assert_int_equal(parse_with(TCP_SYN, options, sizeof options, &tcp), WIRE_OK);
    assert_true(tcp.opt.has_mss);
    assert_int_equal(tcp.opt.mss, 600);
    assert_false(tcp.opt.has_ts);
}

static void what_lies_behind_the_end_of_options_is_padding(void **state)
{
    (void)state;
    const uint8_t options[] = {2, 4, 5, 0xb4, 0, 3, 3, 7, 3, 0, 1, 99};
    struct tcp_header tcp;
    assert_int_equal(parse_with(TCP_SYN, options, sizeof options, &tcp), WIRE_OK);
    assert_true(tcp.opt.has_mss);
    assert_false(tcp.opt.has_wscale);
}

/* A known kind of a length that is not its own says nothing, but hurts nobody. AS LINUX */
static void a_known_option_of_the_wrong_length_is_skipped(void **state)
{
    (void)state;
    static const uint8_t rows[][12] = {
        {2, 3, 5, 0},
        {2, 6, 5, 0xb4},
        {3, 2, 0, 0},
        {3, 4, 7, 0},
        {4, 3, 0, 0},
        {8, 9, 1, 2, 3, 4, 5, 6, 7},
        {8, 12, 1, 2, 3, 4, 5, 6, 7, 8},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tcp_header tcp;
        assert_int_equal(parse_with(TCP_SYN, rows[i], sizeof rows[i], &tcp), WIRE_OK);
        assert_false(tcp.opt.has_mss || tcp.opt.has_wscale || tcp.opt.sack_permitted);
        assert_false(tcp.opt.has_ts);
    }
    static const uint8_t sacks[][16] = {{5, 2}, {5, 6, 1, 2, 3, 4}, {5, 14, 1, 2, 3, 4, 5, 6}};
    for (size_t i = 0; i < COUNT(sacks); i++) {
        struct tcp_header tcp;
        assert_int_equal(parse_with(TCP_ACK, sacks[i], sizeof sacks[i], &tcp), WIRE_OK);
        assert_int_equal(tcp.opt.n_sack, 0);
    }
    /* Five blocks would fit into no header, but a length may still say so. */
    const uint8_t five[40] = {5, 38};
    struct tcp_header tcp;
    assert_int_equal(parse_with(TCP_ACK, five, sizeof five, &tcp), WIRE_OK);
    assert_int_equal(tcp.opt.n_sack, 0);
}

static void illegal_lengths_are_survived_and_told(void **state)
{
    (void)state;
    static const uint8_t rows[][4] = {
        {8, 0, 0, 0},                   /* zero */
        {8, 1, 0, 0},                   /* one */
        {8, 10, 0, 0},                  /* past the header's end */
        {1, 1, 1, 8},                   /* no length byte at all */
        {99, 0, 0, 0},                  /* unknown kinds too */
        {99, 255, 0, 0}, {1, 1, 99, 3}, /* by one byte */
    };
    struct tcp_header tcp;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(parse_with(TCP_ACK, rows[i], 4, &tcp), WIRE_TCP_OPTION_LENGTH);
    }
    const uint8_t just_fits[] = {1, 99, 3, 0};
    assert_int_equal(parse_with(TCP_ACK, just_fits, 4, &tcp), WIRE_OK);
}

static void the_window_is_unsigned(void **state)
{
    (void)state;
    uint8_t block[TCP_HEADER_LEN] = {0};
    struct tcp_header tcp;
    put_be16(block + 12, 5 << 12 | TCP_ACK);
    put_be16(block + 14, 0xffff);
    assert_int_equal(tcp_parse(block, sizeof block, &tcp), WIRE_OK);
    assert_true(tcp.wnd > 0x7fff);
    assert_int_equal(tcp.wnd, 65535);
}

static void reserved_bits_are_ignored_and_never_sent(void **state)
{
    (void)state;
    uint8_t block[TCP_HEADER_LEN] = {0};
    struct tcp_header tcp;
    block[12] = 0x5e; /* offset 5, three reserved bits, no AE */
    block[13] = TCP_ACK;
    assert_int_equal(tcp_parse(block, sizeof block, &tcp), WIRE_OK);
    assert_int_equal(tcp.flags, TCP_ACK);
    tcp.flags = 0xffff & ~TCP_SYN;
    tcp_emit(&tcp, block);
    assert_int_equal(block[12], 0x51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_survives_the_round_trip),
        cmocka_unit_test(options_are_laid_out_as_linux_does),
        cmocka_unit_test(no_more_sack_blocks_are_written_than_fit),
        cmocka_unit_test(syn_options_appear_on_a_syn_alone),
        cmocka_unit_test(options_are_read_at_any_alignment_and_in_any_order),
        cmocka_unit_test(unknown_options_are_skipped),
        cmocka_unit_test(what_lies_behind_the_end_of_options_is_padding),
        cmocka_unit_test(a_known_option_of_the_wrong_length_is_skipped),
        cmocka_unit_test(illegal_lengths_are_survived_and_told),
        cmocka_unit_test(the_window_is_unsigned),
        cmocka_unit_test(reserved_bits_are_ignored_and_never_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
