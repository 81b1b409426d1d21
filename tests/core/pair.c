/*
 * See pair.h.
 */
#include "pair.h"

#include "core/stack_internal.h"
#include "support/stackmem.h"

#define WIRE_BYTES ((size_t)64 << 20)

static const char *const addresses[2][2] = {{"10.9.0.1", "fd09::1"}, {"10.9.0.2", "fd09::2"}};

static struct ciao_addr address_of(unsigned side, bool v6)
{
    struct ciao_addr addr;
    assert_true(ciao_addr_parse(addresses[side][v6], &addr));
    return addr;
}

struct ciao_endpoint pair_endpoint(unsigned side, bool v6, uint16_t port)
{
    return (struct ciao_endpoint){.addr = address_of(side, v6), .port = port};
}

static void open_side(struct pair *pair, unsigned side)
{
    struct ciao_link link = {
        .kind = pair->options.kind, .mtu = 1500, .mac = {2, 0, 0, 0, 0, (uint8_t)(side + 1)}};
    struct ciao_addr v4 = address_of(side, false), v6 = address_of(side, true);
    pair->config.seed[0] = (uint8_t)(pair->options.seed + side);
    pair->memory[side] = stackmem_new(pair->bytes);
    pair->stack[side] = ciao_stack_create(&pair->config, pair->memory[side], pair->now);
    assert_non_null(pair->stack[side]);
    if (pair->options.tidy)
        pair->stack[side]->tcp.queues_kept = 0;
    assert_int_equal(ciao_link_add(pair->stack[side], &link), 0);
    assert_int_equal(ciao_address_add(pair->stack[side], 0, &v4, 24), 0);
    assert_int_equal(ciao_address_add(pair->stack[side], 0, &v6, 64), 0);
}

void pair_open(struct pair *pair, const struct pair_options *options)
{
    memset(pair, 0, sizeof *pair);
    pair->options = *options;
    pair->now = 1000000;
    ciao_config_default(&pair->config, options->profile);
    pair->config.max_connections = options->connections != 0 ? options->connections : 1000;
    pair->config.max_time_wait = 1000;
    pair->config.buffer_bytes = options->buffers != 0 ? options->buffers : 64u << 20;
    pair->config.merge = options->merge;
    pair->config.predict = !options->the_long_way;
    if (options->window != 0)
        pair->config.tcp.sndbuf_bytes = pair->config.tcp.rcvbuf_bytes = options->window;
    if (options->ecn)
        pair->config.tcp.more |= CIAO_ECN;
    pair->config.events = options->events ? CIAO_EVENTS_ALL : CIAO_EVENTS_LIFE;
    pair->bytes = ciao_stack_bytes(&pair->config);
    pair->wire_memory = stackmem_new(WIRE_BYTES);
    assert_true(ciao_bufpool_init(&pair->wire, pair->wire_memory, WIRE_BYTES) > 0);
    open_side(pair, 0);
    open_side(pair, 1);
}

void pair_close(struct pair *pair)
{
    for (unsigned side = 0; side < 2; side++)
        stackmem_free(pair->memory[side], pair->bytes);
    stackmem_free(pair->wire_memory, WIRE_BYTES);
}

/* ---- the wire ---- */

/* FNV-1a */
static void remember(struct pair *pair, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        pair->hash = (pair->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    pair->frames++;
}

uint32_t pair_flatten(const struct ciao_frame *frame, uint8_t *out)
{
    uint32_t len = frame->head_len;
    memcpy(out, frame->head, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(out + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
    }
    assert_int_equal(len, frame->len);
    return len;
}

#define BATCH 32u

struct batch {
    struct ciao_frame frame[BATCH];
    struct ciao_frame *at[BATCH];
};

static struct batch *batch_new(void)
{
    struct batch *batch = calloc(1, sizeof *batch);
    assert_non_null(batch);
    for (unsigned i = 0; i < BATCH; i++)
        batch->at[i] = &batch->frame[i];
    return batch;
}

/* A received frame: its bytes in a buffer of their own, which the stack may keep. */
static void receive(struct pair *pair, struct ciao_frame *frame, const uint8_t *bytes, uint32_t len)
{
    ciao_frame_init(frame);
    frame->buf = ciao_bufpool_take(&pair->wire, len);
    assert_non_null(frame->buf);
    frame->head = ciao_buf_bytes(frame->buf);
    frame->head_len = frame->len = len;
    memcpy(frame->head, bytes, len);
}

static unsigned carry(struct pair *pair, unsigned from)
{
    static uint8_t bytes[70000];
    struct batch *out = batch_new(), *in = batch_new();
    unsigned batch = pair->options.batch ? pair->options.batch : BATCH;
    unsigned n = ciao_output(pair->stack[from], 0, out->at, batch, pair->now), kept = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t len = pair_flatten(&out->frame[i], bytes);
        remember(pair, bytes, len);
        ciao_frame_release(&out->frame[i]);
        if (pair->options.lose_every && pair->frames % pair->options.lose_every == 0)
            continue;
        if (pair->crossed != NULL)
            pair->crossed(pair->crossed_self, !from, bytes, len);
        receive(pair, &in->frame[kept++], bytes, len);
    }
    ciao_input(pair->stack[!from], 0, in->at, kept, pair->now);
    free(out);
    free(in);
    return n;
}

void pair_settle(struct pair *pair)
{
    for (unsigned rounds = 0; rounds < 100000; rounds++) {
        unsigned carried = carry(pair, 0);
        carried += carry(pair, 1);
        if (carried == 0)
            return;
    }
    fail_msg("the stacks never fall silent");
}

void pair_pass(struct pair *pair, uint64_t us)
{
    uint64_t end = pair->now + us;
    pair_settle(pair);
    for (;;) {
        uint64_t a = ciao_next_deadline(pair->stack[0]), b = ciao_next_deadline(pair->stack[1]);
        uint64_t next = a < b ? a : b;
        if (next > end)
            break;
        pair->now = next > pair->now ? next : pair->now;
        assert_true(ciao_advance(pair->stack[0], pair->now) > pair->now);
        assert_true(ciao_advance(pair->stack[1], pair->now) > pair->now);
        pair_settle(pair);
    }
    pair->now = end;
}

/* ---- a connection ---- */

struct pair_conn pair_connect(struct pair *pair, bool v6)
{
    struct pair_conn conn;
    struct ciao_endpoint there = pair_endpoint(1, v6, 80);
    assert_int_equal(ciao_listen(pair->stack[1], &there, 5, NULL, &conn.listener), 0);
    assert_int_equal(ciao_connect(pair->stack[0], &there, NULL, NULL, &conn.client, pair->now), 0);
    pair_pass(pair, 100000);
    assert_int_equal(ciao_accept(pair->stack[1], conn.listener, &conn.server), 0);
    assert_true(ciao_ready(pair->stack[0], conn.client) & CIAO_WRITABLE);
    return conn;
}

static uint8_t byte_at(uint64_t position)
{
    return (uint8_t)(position * 31 + position / 251);
}

static uint64_t push(struct pair *pair, ciao_conn from, unsigned side, uint64_t at, uint64_t end)
{
    uint8_t chunk[5000];
    uint64_t want = end - at < sizeof chunk ? end - at : sizeof chunk;
    for (uint64_t i = 0; i < want; i++)
        chunk[i] = byte_at(at + i);
    int64_t sent = ciao_send(pair->stack[side], from, chunk, want, 0, pair->now);
    assert_true(sent > 0 || sent == -CIAO_EAGAIN);
    return sent > 0 ? (uint64_t)sent : 0;
}

static uint64_t pull(struct pair *pair, ciao_conn to, unsigned side, uint64_t at)
{
    uint8_t chunk[5000];
    uint64_t got = 0;
    for (;;) {
        int64_t n = ciao_recv(pair->stack[side], to, chunk, sizeof chunk, 0, pair->now);
        if (n <= 0)
            return got;
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(chunk[i], byte_at(at + got + (uint64_t)i));
        got += (uint64_t)n;
    }
}

uint64_t pair_transfer(struct pair *pair, ciao_conn from, ciao_conn to, unsigned from_side,
                       uint64_t bytes)
{
    uint64_t sent = 0, got = 0;
    for (unsigned rounds = 0; rounds < 100000 && got < bytes; rounds++) {
        if (sent < bytes)
            sent += push(pair, from, from_side, sent, bytes);
        pair_pass(pair, 1000);
        got += pull(pair, to, !from_side, got);
    }
    return got;
}
