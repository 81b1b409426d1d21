/*
 * The loss matrix: each segment of a whole life is lost in turn, and each arrives twice in turn,
 * whoever opens and whoever closes first.  It must end with equal bytes, all tables of both ends
 * empty and no timer left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/pair.h"

#define BYTES       6000u
#define TOO_LONG_US (UINT64_C(3600) * 1000000)

enum opening { A_OPENS, BOTH_OPEN };
enum closing { A_CLOSES_FIRST, B_CLOSES_FIRST, BOTH_CLOSE };

/* What a program at one end does. */
struct program {
    struct ciao_stack *stack;
    ciao_conn conn;
    uint32_t sent, read;
    bool closes_first; /* says goodbye as soon as it has sent all, else when the other has */
    bool saw_end, shut, done;
};

struct life {
    struct pair pair;
    enum opening opening;
    enum closing closing;
    ciao_conn listener;
    struct program program[2];
};

static uint8_t byte_at(unsigned end, uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 3 + end * 0x55);
}

/* ---- the programs ---- */

static void give(struct life *life, unsigned end)
{
    struct program *p = &life->program[end];
    uint8_t bytes[BYTES];
    if (p->sent == BYTES || !(ciao_ready(p->stack, p->conn) & CIAO_WRITABLE))
        return;
    for (uint32_t i = p->sent; i < BYTES; i++)
        bytes[i] = byte_at(end, i);
    int64_t taken =
        ciao_send(p->stack, p->conn, bytes + p->sent, BYTES - p->sent, 0, life->pair.now_us);
    assert_true(taken > 0);
    p->sent += (uint32_t)taken;
}

static void take(struct life *life, unsigned end)
{
    struct program *p = &life->program[end];
    uint8_t bytes[1000];
    while (!p->saw_end) {
        int64_t got = ciao_recv(p->stack, p->conn, bytes, sizeof bytes, 0, life->pair.now_us);
        if (got == -CIAO_EAGAIN)
            return;
        assert_true(got >= 0);
        for (int64_t i = 0; i < got; i++)
            assert_int_equal(bytes[i], byte_at(1 - end, p->read + (uint32_t)i));
        p->read += (uint32_t)got;
        p->saw_end = got == 0;
    }
}

static void act(struct life *life, unsigned end)
{
    struct program *p = &life->program[end];
    if (p->conn == 0 || p->done)
        return;
    assert_int_equal(ciao_error(p->stack, p->conn), 0);
    give(life, end);
    take(life, end);
    if (!p->shut && p->sent == BYTES && (p->closes_first || p->saw_end)) {
        assert_int_equal(ciao_shutdown(p->stack, p->conn, CIAO_SHUT_WR, life->pair.now_us), 0);
        p->shut = true;
    }
    if (!p->shut || !p->saw_end)
        return;
    assert_int_equal(p->read, BYTES);
    assert_int_equal(ciao_close(p->stack, p->conn, NULL, life->pair.now_us), 0);
    p->done = true;
}

/* ---- a life ---- */

static void open_one(struct life *life, unsigned end)
{
    struct program *p = &life->program[end];
    const struct ciao_endpoint local = {.port = (uint16_t)(PAIR_PORT + (end == 0 ? 1000 : 0))};
    const struct ciao_endpoint remote = {
        .addr = pair_address(life->pair.v6, 1 - end),
        .port = (uint16_t)(PAIR_PORT + (end == 0 ? 0 : 1000)),
    };
    assert_int_equal(ciao_connect(p->stack, &remote, &local, NULL, &p->conn, life->pair.now_us), 0);
}

static void begin(struct life *life, bool v6)
{
    struct ciao_config config;
    const struct ciao_link link = {.mtu = 1500, .rx_csum = true};
    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.max_connections = 4;
    config.max_syn_records = 4;
    config.max_time_wait = 4;
    config.max_events = 0;
    config.buffer_bytes = 4u << 20;
    enum opening opening = life->opening;
    enum closing closing = life->closing;
    memset(life, 0, sizeof *life);
    life->opening = opening;
    life->closing = closing;
    pair_open(&life->pair, &config, v6, &link);
    for (unsigned end = 0; end < 2; end++)
        life->program[end].stack = life->pair.stack[end];
    life->program[0].closes_first = closing != B_CLOSES_FIRST;
    life->program[1].closes_first = closing != A_CLOSES_FIRST;
    const struct ciao_endpoint at = {.addr = pair_address(v6, 1), .port = PAIR_PORT};
    if (opening == BOTH_OPEN)
        open_one(life, 1);
    else
        assert_int_equal(ciao_listen(life->pair.stack[1], &at, 4, NULL, &life->listener), 0);
    open_one(life, 0);
}

static void live(struct life *life)
{
    struct pair *pair = &life->pair;
    const uint64_t too_late = pair->now_us + TOO_LONG_US;
    do {
        do {
            if (life->listener != 0 && life->program[1].conn == 0)
                (void)!ciao_accept(pair->stack[1], life->listener, &life->program[1].conn);
            act(life, 0);
            act(life, 1);
        } while (pair_exchange(pair));
        assert_true(pair->now_us < too_late);
    } while (pair_wait(pair));
    assert_true(life->program[0].done && life->program[1].done);
    if (life->listener != 0)
        assert_int_equal(ciao_close(pair->stack[1], life->listener, NULL, pair->now_us), 0);
}

static enum pair_fate lose_the_chosen(struct pair *pair, unsigned from, uint64_t number)
{
    (void)from;
    return number == pair->chosen ? PAIR_IS_LOST : PAIR_ARRIVES;
}

static enum pair_fate double_the_chosen(struct pair *pair, unsigned from, uint64_t number)
{
    (void)from;
    return number == pair->chosen ? PAIR_ARRIVES_TWICE : PAIR_ARRIVES;
}

/* The two that follow each other. */
static enum pair_fate lose_two(struct pair *pair, unsigned from, uint64_t number)
{
    (void)from;
    return number - pair->chosen < 2 ? PAIR_IS_LOST : PAIR_ARRIVES;
}

typedef enum pair_fate (*fate)(struct pair *, unsigned, uint64_t);

static uint64_t one_life(struct life *life, bool v6, fate decides, uint64_t chosen)
{
    begin(life, v6);
    life->pair.fate = decides;
    life->pair.chosen = chosen;
    live(life);
    pair_expect_empty(&life->pair);
    uint64_t carried = life->pair.carried;
    pair_close(&life->pair);
    return carried;
}

static char where[128]; /* which life it was, should it fail */

static int say_where(void **state)
{
    (void)state;
    if (where[0] != '\0')
        (void)fprintf(stderr, "# it was %s; again: ./test tcp/loss_matrix\n", where);
    where[0] = '\0';
    return 0;
}

static void each_in_turn(fate decides)
{
    static struct life life;
    unsigned lives = 0;
    for (unsigned i = 0; i < 12; i++) {
        bool v6 = i % 2 != 0;
        life.opening = i / 2 % 2 == 0 ? A_OPENS : BOTH_OPEN;
        life.closing = (enum closing)(i / 4);
        uint64_t segments = one_life(&life, v6, NULL, 0);
        assert_in_range(segments, 12, 200);
        for (uint64_t chosen = 0; chosen < segments; chosen++) {
            (void)snprintf(where, sizeof where, "IPv%u, opening %u, closing %u, segment %u of %u",
                           v6 ? 6u : 4u, (unsigned)life.opening, (unsigned)life.closing,
                           (unsigned)chosen, (unsigned)segments);
            (void)one_life(&life, v6, decides, chosen);
            lives++;
        }
    }
    where[0] = '\0';
    print_message("# %u lives\n", lives);
}

static void each_segment_is_lost_in_turn(void **state)
{
    (void)state;
    each_in_turn(lose_the_chosen);
}

static void each_two_segments_are_lost_in_turn(void **state)
{
    (void)state;
    each_in_turn(lose_two);
}

static void each_segment_arrives_twice_in_turn(void **state)
{
    (void)state;
    each_in_turn(double_the_chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_segment_is_lost_in_turn, say_where),
        cmocka_unit_test_teardown(each_two_segments_are_lost_in_turn, say_where),
        cmocka_unit_test_teardown(each_segment_arrives_twice_in_turn, say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
