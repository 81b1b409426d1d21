/*
 * TCP_INFO: what a connection tells of itself, in Linux's layout and units.
 */
#include "ask.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static struct ciao_tcp_info info_of(struct ciao_sockets *s, int fd)
{
    struct ciao_tcp_info info;
    uint32_t len = sizeof info;
    assert_int_equal(get_bytes(s, fd, TCP_OF(INFO), &info, &len), 0);
    assert_int_equal(len, sizeof info);
    return info;
}

static void a_new_socket_tells_what_it_would_begin_with(void **state)
{
    const struct ciao_tcp_info info = info_of(left(&w), a_socket(left(&w)));
    (void)state;
    assert_int_equal(info.tcpi_state, CIAO_TCP_CLOSE);
    assert_int_equal(info.tcpi_rto, 1000000);
    assert_int_equal(info.tcpi_snd_mss, 536);
    assert_int_equal(info.tcpi_snd_cwnd, 10);
    assert_int_equal(info.tcpi_snd_ssthresh, 0x7fffffff);
    assert_int_equal(info.tcpi_reordering, 3);
    assert_true(info.tcpi_pacing_rate == UINT64_MAX);
}

static void a_listener_tells_its_queue(void **state)
{
    const int listener = a_listener(right(&w), 80);
    (void)state;
    assert_int_equal(connect4(left(&w), a_socket(left(&w)), "10.9.0.2", 80), 0);
    assert_int_equal(connect4(left(&w), a_socket(left(&w)), "10.9.0.2", 80), 0);
    world_settle(&w);
    const struct ciao_tcp_info info = info_of(right(&w), listener);
    assert_int_equal(info.tcpi_state, CIAO_TCP_LISTEN);
    assert_int_equal(info.tcpi_unacked, 2);
    assert_int_equal(info.tcpi_sacked, 5);
}

static void a_connection_tells_what_was_agreed(void **state)
{
    const struct world_pair pair = a_connection(&w);
    const struct ciao_tcp_info info = info_of(left(&w), pair.left);
    (void)state;
    assert_int_equal(info.tcpi_state, CIAO_TCP_ESTABLISHED);
    assert_int_equal(info.tcpi_options & 7,
                     CIAO_TCPI_OPT_TIMESTAMPS | CIAO_TCPI_OPT_SACK | CIAO_TCPI_OPT_WSCALE);
    assert_int_equal(info.tcpi_snd_wscale, info.tcpi_rcv_wscale);
    assert_int_equal(info.tcpi_snd_mss, 1448);
    assert_int_equal(info.tcpi_pmtu, 1500);
    assert_int_equal(info.tcpi_advmss, 1448);
    assert_int_equal(info.tcpi_snd_cwnd, 10);
    assert_int_equal(info.tcpi_snd_ssthresh, 0x7fffffff);
    assert_int_equal(info.tcpi_unacked, 0);
    assert_int_equal(info.tcpi_ca_state, CIAO_TCP_CA_Open);
}

static void marking_is_told_when_both_agree(void **state)
{
    struct ciao_settings asks = *ciao_profile(CIAO_PROFILE_LINUX);
    (void)state;
    asks.more |= CIAO_ECN;
    ciao_sockets_defaults(left(&w), &asks);
    const struct world_pair pair = a_connection(&w);
    const int ecn = CIAO_TCPI_OPT_ECN, seen = CIAO_TCPI_OPT_ECN | CIAO_TCPI_OPT_ECN_SEEN;
    assert_int_equal(info_of(left(&w), pair.left).tcpi_options & seen, ecn);
    assert_int_equal(info_of(right(&w), pair.right).tcpi_options & seen, ecn);
    assert_int_equal(send_text(left(&w), pair.left, "hello", 0), 5);
    world_settle(&w);
    assert_int_equal(info_of(right(&w), pair.right).tcpi_options & seen, seen);
}

static void segments_on_their_way_are_counted(void **state)
{
    static char bytes[3 * 1448];
    const struct world_pair pair = a_connection(&w);
    (void)state;
    w.cut = true;
    assert_int_equal(ciao_write(left(&w), pair.left, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(info_of(left(&w), pair.left).tcpi_notsent_bytes, sizeof bytes);
    world_settle(&w);
    struct ciao_tcp_info info = info_of(left(&w), pair.left);
    assert_int_equal(info.tcpi_unacked, 3);
    assert_int_equal(info.tcpi_notsent_bytes, 0);
    assert_true(info.tcpi_bytes_sent == sizeof bytes);
    w.cut = false;
    world_pass(&w, 10 * S);
    info = info_of(left(&w), pair.left);
    assert_int_equal(info.tcpi_unacked, 0);
    assert_true(info.tcpi_total_retrans >= 1);
    assert_true(info.tcpi_bytes_acked >= sizeof bytes);
    info = info_of(right(&w), pair.right);
    assert_true(info.tcpi_bytes_received == sizeof bytes);
}

static void a_timeout_is_a_loss(void **state)
{
    const struct world_pair pair = a_connection(&w);
    (void)state;
    w.cut = true;
    assert_int_equal(send_text(left(&w), pair.left, "hello", 0), 5);
    world_pass(&w, 3 * S);
    const struct ciao_tcp_info info = info_of(left(&w), pair.left);
    assert_int_equal(info.tcpi_ca_state, CIAO_TCP_CA_Loss);
    assert_true(info.tcpi_retransmits >= 1);
    assert_true(info.tcpi_backoff >= 1);
    assert_int_equal(info.tcpi_snd_cwnd, 1);
}

static void shorter_asks_get_the_beginning(void **state)
{
    uint8_t bytes[16];
    uint32_t len = 8;
    (void)state;
    memset(bytes, 0x5a, sizeof bytes);
    assert_int_equal(get_bytes(left(&w), a_socket(left(&w)), TCP_OF(INFO), bytes, &len), 0);
    assert_int_equal(len, 8);
    assert_int_equal(bytes[0], CIAO_TCP_CLOSE);
    assert_int_equal(bytes[8], 0x5a);
}

static void memory_is_told_in_nine_numbers(void **state)
{
    const struct world_pair pair = a_connection(&w);
    uint32_t numbers[10], len = sizeof numbers;
    (void)state;
    assert_int_equal(send_text(right(&w), pair.right, "hello", 0), 5);
    world_settle(&w);
    assert_int_equal(set_int(left(&w), pair.left, SOCKET_OF(RCVBUF), 10000), 0);
    assert_int_equal(get_bytes(left(&w), pair.left, SOCKET_OF(MEMINFO), numbers, &len), 0);
    assert_int_equal(len, 36);
    assert_int_equal(numbers[0], 5);
    assert_int_equal(numbers[1], 20000);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_new_socket_tells_what_it_would_begin_with),
        STORY(a_listener_tells_its_queue),
        STORY(a_connection_tells_what_was_agreed),
        STORY(marking_is_told_when_both_agree),
        STORY(segments_on_their_way_are_counted),
        STORY(a_timeout_is_a_loss),
        STORY(shorter_asks_get_the_beginning),
        STORY(memory_is_told_in_nine_numbers),
    };
    return cmocka_run_group_tests_name("info", tests, NULL, NULL);
}
