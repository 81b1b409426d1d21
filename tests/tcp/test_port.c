/*
 * Ephemeral ports by destination: chosen as RFC 6056 says, never twice, until the last one, and
 * found as fast when nearly all are taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ciao/stack.h"
#include "proto/tcp/tcp_port.h"
#include "support/stackmem.h"

#define DESTINATIONS 64u

struct table {
    struct tcp_ports ports;
    struct rng rng;
    void *memory;
    size_t bytes;
};

static int open_table(struct table *t, uint32_t destinations, uint16_t low, uint16_t high)
{
    struct arena arena;
    const uint8_t seed[32] = {7};
    memset(t, 0, sizeof *t);
    t->bytes = tcp_ports_bytes(destinations);
    t->memory = stackmem_new(t->bytes);
    rng_seed(&t->rng, seed);
    arena_init(&arena, t->memory, t->bytes);
    return tcp_ports_init(&t->ports, &arena, destinations, &t->rng, low, high);
}

/* Every story ends with everything given back: what destinations are left are idle. */
static void close_table(struct table *t)
{
    assert_int_equal(t->ports.in_use, 0);
    assert_int_equal(t->ports.destinations.used, t->ports.idle_listed);
    assert_int_equal(t->ports.bitmaps.used, 0);
    stackmem_free(t->memory, t->bytes);
}

static struct tcp_port_key key_of(unsigned n)
{
    struct tcp_port_key key = {.remote_port = (uint16_t)(80 + n % 3)};
    key.local.b[15] = 1;
    key.remote.b[14] = (uint8_t)(n >> 8);
    key.remote.b[15] = (uint8_t)n;
    return key;
}

static uint16_t pick(struct table *t, const struct tcp_port_key *key)
{
    bool full = true;
    uint16_t port = tcp_port_pick(&t->ports, key, &full);
    assert_false(full);
    return port;
}

/* Of destinations that have a list and of one that has a bitmap; all in few buckets. */
static void a_port_is_given_back_to_the_destination_that_was_asked(void **state)
{
    (void)state;
    struct table t;
    assert_int_equal(open_table(&t, DESTINATIONS, 0, 0), 0);
    uint16_t ports[DESTINATIONS];
    uint32_t asked[DESTINATIONS];
    const struct tcp_port_key many = key_of(0);
    for (unsigned n = 1; n < DESTINATIONS; n++) {
        const struct tcp_port_key key = key_of(n);
        ports[n] = pick(&t, &key);
        asked[n] = t.ports.asked;
    }
    for (unsigned port = 3000; port < 4000; port++)
        assert_true(tcp_port_take(&t.ports, &many, (uint16_t)port));
    asked[0] = t.ports.asked;
    for (unsigned n = 1; n < DESTINATIONS; n++) {
        tcp_port_give_at(&t.ports, 0, ports[n]); /* nobody's */
        tcp_port_give_at(&t.ports, asked[n], (uint16_t)(ports[n] - 1));
        assert_int_equal(t.ports.in_use, 1000 + DESTINATIONS - n);
        tcp_port_give_at(&t.ports, asked[n], ports[n]);
        tcp_port_give_at(&t.ports, asked[n], ports[n]); /* twice is once */
        assert_int_equal(t.ports.in_use, 1000 + DESTINATIONS - n - 1);
    }
    for (unsigned port = 3000; port < 4000; port++) {
        tcp_port_prefetch(&t.ports, asked[0], (uint16_t)port);
        tcp_port_give_at(&t.ports, asked[0], (uint16_t)port);
    }
    close_table(&t);
}

/* Hosts whose records are looked for in the same place first; and a record that has become another
 * destination's is not taken for the old one's. */
static void who_is_looked_for_in_one_place_is_told_apart(void **state)
{
    (void)state;
    struct table t;
    assert_int_equal(open_table(&t, 2, 0, 0), 0);
    struct tcp_port_key keys[3];
    for (unsigned n = 0; n < 3; n++) {
        keys[n] = (struct tcp_port_key){.remote_port = 80};
        keys[n].local.b[15] = 1;
        keys[n].remote.b[14] = (uint8_t)n; /* 256 hosts, and so 2,048 places, further */
        keys[n].remote.b[15] = 7;
    }
    uint16_t first = pick(&t, &keys[0]), second = pick(&t, &keys[1]), again;
    for (unsigned i = 0; i < 10; i++) {
        again = pick(&t, &keys[i % 2]);
        assert_int_equal(again, (i % 2 == 0 ? first : second) + i / 2 + 1);
    }
    assert_false(tcp_port_take(&t.ports, &keys[2], 5000)); /* both records are in use */
    for (unsigned i = 0; i <= 5; i++)
        tcp_port_give(&t.ports, &keys[0], (uint16_t)(first + i));
    assert_true(tcp_port_take(&t.ports, &keys[2], 5000)); /* where the first one was */
    assert_false(tcp_port_take(&t.ports, &keys[0], 5001));
    assert_int_equal(t.ports.in_use, 7);
    tcp_port_give(&t.ports, &keys[2], 5000);
    for (unsigned i = 0; i <= 5; i++)
        tcp_port_give(&t.ports, &keys[1], (uint16_t)(second + i));
    close_table(&t);
}

/* [RFC6056 3.2 6056-1] the whole range is used. */
static void each_of_64512_ports_is_handed_out_once(void **state)
{
    (void)state;
    static bool seen[65536];
    struct table t;
    assert_int_equal(open_table(&t, DESTINATIONS, 0, 0), 0);
    const struct tcp_port_key key = key_of(1), other = key_of(2);
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < 65536 - 1024; i++) {
        uint16_t port = pick(&t, &key);
        assert_true(port >= 1024);
        assert_false(seen[port]);
        seen[port] = true;
    }
    assert_int_equal(pick(&t, &key), 0);
    assert_int_equal(t.ports.in_use, 64512);
    uint16_t elsewhere = pick(&t, &other); /* exhausted is that one destination, not the host */
    assert_int_not_equal(elsewhere, 0);
    tcp_port_give(&t.ports, &other, elsewhere);
    tcp_port_give(&t.ports, &key, 4242);
    assert_int_equal(pick(&t, &key), 4242);
    for (unsigned port = 1024; port < 65536; port++)
        tcp_port_give(&t.ports, &key, (uint16_t)port);
    close_table(&t);
}

/* [RFC6056 3.3.4 6056-2] successive ports to one destination go up by one; where they
 * begin is its own. */
static void ports_count_up_from_a_place_that_is_the_destinations_own(void **state)
{
    (void)state;
    struct table t;
    assert_int_equal(open_table(&t, DESTINATIONS, 0, 0), 0);
    uint16_t first[3];
    for (unsigned n = 0; n < 3; n++) {
        const struct tcp_port_key key = key_of(n);
        first[n] = pick(&t, &key);
        uint16_t second = pick(&t, &key);
        assert_int_equal(second, first[n] == 65535 ? 1024 : first[n] + 1);
        tcp_port_give(&t.ports, &key, first[n]);
        tcp_port_give(&t.ports, &key, second);
        uint16_t third = pick(&t, &key); /* one given back is not the next one used */
        assert_int_not_equal(third, first[n]);
        assert_int_not_equal(third, second);
        tcp_port_give(&t.ports, &key, third);
    }
    assert_true(first[0] != first[1] && first[1] != first[2]);
    close_table(&t);
}

static void the_range_is_kept_and_may_be_a_single_port(void **state)
{
    (void)state;
    struct table t;
    const struct tcp_port_key key = key_of(1);
    assert_int_equal(open_table(&t, DESTINATIONS, 5000, 5000), 0);
    assert_int_equal(pick(&t, &key), 5000);
    assert_int_equal(pick(&t, &key), 0);
    tcp_port_give(&t.ports, &key, 5000);
    close_table(&t);
    assert_int_equal(open_table(&t, DESTINATIONS, 65470, 65535), 0);
    for (unsigned i = 0; i < 66; i++)
        assert_true(pick(&t, &key) >= 65470);
    assert_int_equal(pick(&t, &key), 0);
    for (unsigned port = 65470; port < 65536; port++)
        tcp_port_give(&t.ports, &key, (uint16_t)port);
    close_table(&t);
    assert_int_equal(open_table(&t, DESTINATIONS, 9, 8), -CIAO_EINVAL);
    stackmem_free(t.memory, t.bytes);
    assert_int_equal(open_table(&t, DESTINATIONS, 0, 8), -CIAO_EINVAL);
    stackmem_free(t.memory, t.bytes);
}

static void a_port_of_ones_own_choosing_is_taken_once_and_skipped_by_the_others(void **state)
{
    (void)state;
    struct table t;
    const struct tcp_port_key key = key_of(1);
    assert_int_equal(open_table(&t, DESTINATIONS, 5000, 5002), 0);
    assert_true(tcp_port_take(&t.ports, &key, 5001));
    assert_false(tcp_port_take(&t.ports, &key, 5001));
    assert_true(tcp_port_take(&t.ports, &key, 22)); /* outside the range is as good */
    uint16_t a = pick(&t, &key), b = pick(&t, &key);
    assert_int_equal(a + b, 5000 + 5002);
    assert_int_equal(pick(&t, &key), 0);
    tcp_port_give(&t.ports, &key, 5003); /* never taken */
    for (unsigned port = 5000; port <= 5002; port++)
        tcp_port_give(&t.ports, &key, (uint16_t)port);
    tcp_port_give(&t.ports, &key, 22);
    tcp_port_give(&t.ports, &key, 22); /* twice */
    close_table(&t);
}

static void a_full_table_of_destinations_is_an_answer_of_its_own(void **state)
{
    (void)state;
    struct table t;
    bool full = false;
    assert_int_equal(open_table(&t, 4, 0, 0), 0);
    uint16_t port[4];
    for (unsigned n = 0; n < 4; n++) {
        const struct tcp_port_key key = key_of(n);
        port[n] = pick(&t, &key);
    }
    const struct tcp_port_key fifth = key_of(4);
    assert_int_equal(tcp_port_pick(&t.ports, &fifth, &full), 0);
    assert_true(full);
    assert_false(tcp_port_take(&t.ports, &fifth, 5000));
    tcp_port_give(&t.ports, &fifth, 5000);
    for (unsigned n = 0; n < 4; n++) {
        const struct tcp_port_key key = key_of(n);
        tcp_port_give(&t.ports, &key, port[n]);
    }
    assert_int_not_equal(pick(&t, &fifth), 0);
    for (unsigned p = 1024; p < 65536; p++)
        tcp_port_give(&t.ports, &fifth, (uint16_t)p);
    close_table(&t);
}

static void an_idle_destination_is_known_again_and_gives_way_to_one_in_use(void **state)
{
    (void)state;
    struct table t;
    const struct tcp_port_key first = key_of(0), second = key_of(1), third = key_of(2);
    assert_int_equal(open_table(&t, 2, 0, 0), 0);
    uint16_t one = pick(&t, &first), two = pick(&t, &second);
    tcp_port_give(&t.ports, &first, one);
    assert_int_equal(t.ports.destinations.used, 2);
    uint16_t three = pick(&t, &third); /* in the place of the idle one */
    assert_int_equal(t.ports.destinations.used, 2);
    assert_false(tcp_port_take(&t.ports, &first, 5000));
    tcp_port_give(&t.ports, &second, two);
    assert_int_equal(pick(&t, &second), two == 65535 ? 1024 : two + 1);
    assert_false(tcp_port_take(&t.ports, &first, 5000)); /* who was idle is in use again */
    tcp_port_give(&t.ports, &second, two == 65535 ? 1024 : (uint16_t)(two + 1));
    assert_int_equal(pick(&t, &first), one == 65535 ? 1024 : one + 1);
    tcp_port_give(&t.ports, &first, one == 65535 ? 1024 : (uint16_t)(one + 1));
    tcp_port_give(&t.ports, &third, three);
    close_table(&t);
}

static void of_many_destinations_a_thousand_are_kept_idle(void **state)
{
    (void)state;
    struct table t;
    assert_int_equal(open_table(&t, 4000, 0, 0), 0);
    for (unsigned n = 0; n < 3000; n++) {
        const struct tcp_port_key key = key_of(n);
        tcp_port_give(&t.ports, &key, pick(&t, &key));
    }
    assert_int_equal(t.ports.destinations.used, 1024);
    assert_true(t.ports.destinations.high <= 1025); /* their memory serves again */
    close_table(&t);
}

/* Against a plain table of what is taken, through lists, bitmaps and back. */
static void a_hundred_thousand_random_steps_agree_with_a_model(void **state)
{
    (void)state;
    enum { KEYS = 5, LOW = 3000, HIGH = 3299 };
    static bool taken[KEYS][65536];
    struct table t;
    unsigned count[KEYS] = {0}, exhausted = 0;
    memset(taken, 0, sizeof taken);
    assert_int_equal(open_table(&t, DESTINATIONS, LOW, HIGH), 0);
    for (unsigned step = 0; step < 100000; step++) {
        unsigned n = rng_below(&t.rng, KEYS);
        uint16_t port = (uint16_t)(LOW + rng_below(&t.rng, HIGH + 1 - LOW));
        const struct tcp_port_key key = key_of(n);
        unsigned giving = step / 10000 % 2 ? 6 : 3; /* the tide comes and goes */
        unsigned what = rng_below(&t.rng, 10);
        if (what < giving) {
            count[n] -= taken[n][port];
            taken[n][port] = false;
            tcp_port_give(&t.ports, &key, port);
        } else if (what == 9) {
            assert_int_equal(tcp_port_take(&t.ports, &key, port), !taken[n][port]);
            count[n] += !taken[n][port];
            taken[n][port] = true;
        } else {
            port = pick(&t, &key);
            assert_int_equal(port == 0, count[n] == HIGH + 1 - LOW);
            exhausted += port == 0;
            if (port == 0)
                continue;
            assert_false(taken[n][port]);
            assert_in_range(port, LOW, HIGH);
            taken[n][port] = true;
            count[n]++;
        }
        assert_int_equal(t.ports.in_use, count[0] + count[1] + count[2] + count[3] + count[4]);
    }
    assert_true(exhausted > 0);
    for (unsigned n = 0; n < KEYS; n++) {
        const struct tcp_port_key key = key_of(n);
        for (unsigned port = LOW; port <= HIGH; port++)
            tcp_port_give(&t.ports, &key, (uint16_t)port);
    }
    close_table(&t);
}

static double nanoseconds_a_pick(struct table *t, const struct tcp_port_key *key, uint16_t *ring,
                                 unsigned held)
{
    enum { ROUNDS = 20000 };
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned oldest = rng_below(&t->rng, held);
        tcp_port_give(&t->ports, key, ring[oldest]);
        ring[oldest] = pick(t, key);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    return ns / ROUNDS;
}

/* A search candidate by candidate would take hundreds of times as long. [RFC6056 3.3.1 6056-3] */
static void a_free_port_is_found_as_fast_when_95_percent_are_taken(void **state)
{
    (void)state;
    static uint16_t ring[65536];
    struct table t;
    const struct tcp_port_key key = key_of(1);
    const unsigned half = 64512 / 2, most = 64512 * 95 / 100;
    assert_int_equal(open_table(&t, DESTINATIONS, 0, 0), 0);
    for (unsigned i = 0; i < half; i++)
        ring[i] = pick(&t, &key);
    double easy = nanoseconds_a_pick(&t, &key, ring, half);
    for (unsigned i = half; i < most; i++)
        ring[i] = pick(&t, &key);
    double crowded = nanoseconds_a_pick(&t, &key, ring, most);
    print_message("# give and pick at 50 %%: %.0f ns, at 95 %%: %.0f ns\n", easy, crowded);
    assert_true(crowded < easy * 10 + 1000);
    for (unsigned i = 0; i < most; i++)
        tcp_port_give(&t.ports, &key, ring[i]);
    close_table(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_64512_ports_is_handed_out_once),
        cmocka_unit_test(ports_count_up_from_a_place_that_is_the_destinations_own),
        cmocka_unit_test(a_port_is_given_back_to_the_destination_that_was_asked),
        cmocka_unit_test(who_is_looked_for_in_one_place_is_told_apart),
        cmocka_unit_test(the_range_is_kept_and_may_be_a_single_port),
        cmocka_unit_test(a_port_of_ones_own_choosing_is_taken_once_and_skipped_by_the_others),
        cmocka_unit_test(a_full_table_of_destinations_is_an_answer_of_its_own),
        cmocka_unit_test(an_idle_destination_is_known_again_and_gives_way_to_one_in_use),
        cmocka_unit_test(of_many_destinations_a_thousand_are_kept_idle),
        cmocka_unit_test(a_hundred_thousand_random_steps_agree_with_a_model),
        cmocka_unit_test(a_free_port_is_found_as_fast_when_95_percent_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
