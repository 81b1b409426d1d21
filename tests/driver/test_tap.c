/*
 * TUN and TAP against the kernel of this machine, in a network namespace of the test's own.
 *
 * The kernel's programs are sockets in this process; ciao's side is the driver, played by hand.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "driver/packets.h"
#include "driver/tap.h"
#include "wire/tcp.h"

#define NAME     "ciaotest"
#define OUR_PORT 7000

struct rig {
    struct ciao_bufpool *pool;
    struct ciao_driver *tap;
    enum ciao_link_kind kind;
    bool v6;
    uint16_t peer_port;
};

static struct tap_options usual_options(struct ciao_bufpool *pool, enum ciao_link_kind kind)
{
    static struct tap_address addresses[2];

    assert_true(ciao_addr_parse("10.9.0.1", &addresses[0].address));
    addresses[0].prefix_len = 24;
    assert_true(ciao_addr_parse("fd09::1", &addresses[1].address));
    addresses[1].prefix_len = 64;
    return (struct tap_options){
        .kind = kind, .name = NAME, .addresses = addresses, .n_addresses = 2, .pool = pool};
}

static void run_command(const char *command)
{
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

/* What a command prints. */
static const char *output_of(const char *command)
{
    static char text[8192];
    FILE *pipe = popen(command, "r");

    assert_non_null(pipe);
    size_t len = fread(text, 1, sizeof text - 1, pipe);
    text[len] = 0;
    pclose(pipe);
    return text;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no %s in %s", part, text);
}

static struct rig open_rig(enum ciao_link_kind kind, bool no_offload)
{
    struct rig rig = {.pool = packet_pool_make(16 << 20), .kind = kind};
    struct tap_options options = usual_options(rig.pool, kind);
    char error[TAP_ERROR_TEXT];

    options.no_offload = no_offload;
    if (tap_open(&rig.tap, &options, error) < 0)
        fail_msg("%s", error);
    if (kind == CIAO_LINK_ETHERNET) { /* nobody answers ARP here */
        const uint8_t *mac = rig.tap->link.mac;
        for (unsigned i = 0; i < 2; i++) {
            char command[200];
            snprintf(command, sizeof command,
                     "ip neigh replace %s lladdr %02x:%02x:%02x:%02x:%02x:%02x dev " NAME,
                     i ? "fd09::2" : "10.9.0.2", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
            run_command(command);
        }
    }
    return rig;
}

static void close_rig(struct rig *rig)
{
    rig->tap->ops->close(rig->tap);
    packet_pool_free(rig->pool);
    assert_int_equal(if_nametoindex(NAME), 0);
}

/* ---- the kernel's side ---- */

static int kernel_socket(bool v6, int type)
{
    struct sockaddr_in peer4 = {.sin_family = AF_INET, .sin_port = htons(OUR_PORT)};
    struct sockaddr_in6 peer6 = {.sin6_family = AF_INET6, .sin6_port = htons(OUR_PORT)};
    int s = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK, 0);
    const struct linger reset = {.l_onoff = 1}; /* nothing is left behind for the next test */
    int status;

    assert_true(s >= 0);
    assert_int_equal(setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    inet_pton(AF_INET, "10.9.0.2", &peer4.sin_addr);
    inet_pton(AF_INET6, "fd09::2", &peer6.sin6_addr);
    if (v6)
        status = connect(s, (struct sockaddr *)&peer6, sizeof peer6);
    else
        status = connect(s, (struct sockaddr *)&peer4, sizeof peer4);
    assert_true(status == 0 || errno == EINPROGRESS);
    return s;
}

static bool wait_readable(int file)
{
    struct pollfd one = {.fd = file, .events = POLLIN};

    return poll(&one, 1, 2000) == 1;
}

/* ---- our side ---- */

/* Where the IP packet of a frame begins, if it is to our port with that protocol; else NULL. */
static uint8_t *ours(const struct rig *rig, struct ciao_frame *frame, uint8_t protocol)
{
    uint8_t *ip = frame->head + (rig->kind == CIAO_LINK_ETHERNET ? 14 : 0);
    bool is_v6 = ip[0] >> 4 == 6;

    if (frame->n_frags > 0 || frame->head + frame->head_len < ip + (is_v6 ? 48 : 28))
        return NULL;
    if (!is_v6 && ip[0] != 0x45)
        return NULL;
    if ((is_v6 ? ip[6] : ip[9]) != protocol || get_be16(ip + (is_v6 ? 42 : 22)) != OUR_PORT)
        return NULL;
    return ip;
}

/* The next frame that is meant for us; the kernel's own chatter is let pass. */
static uint8_t *next_frame(struct rig *rig, struct ciao_frame *frame, uint8_t protocol)
{
    struct ciao_frame *frames[1] = {frame};

    for (int tries = 0; tries < 100; tries++) {
        int n = rig->tap->ops->receive(rig->tap, frames, 1, 77);
        assert_true(n >= 0);
        if (n == 0) {
            if (!wait_readable(rig->tap->ops->descriptor(rig->tap)))
                return NULL;
            continue;
        }
        assert_int_equal(frame->rx_us, 77);
        uint8_t *ip = ours(rig, frame, protocol);
        if (ip)
            return ip;
        ciao_frame_release(frame);
    }
    return NULL;
}

static void send_frame(struct rig *rig, struct ciao_frame *frame)
{
    struct ciao_frame *frames[1] = {frame};

    assert_int_equal(rig->tap->ops->send(rig->tap, frames, 1, 0), 1);
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
    uint8_t spare[16];

    memcpy(spare, a, len);
    memcpy(a, b, len);
    memcpy(b, spare, len);
}

/* Exchanging the two ends leaves every checksum as right or unfinished as it was. */
static void turn_round(const struct rig *rig, uint8_t *ip)
{
    bool is_v6 = ip[0] >> 4 == 6;

    if (rig->kind == CIAO_LINK_ETHERNET)
        swap(ip - 14, ip - 8, 6);
    swap(ip + (is_v6 ? 8 : 12), ip + (is_v6 ? 24 : 16), is_v6 ? 16 : 4);
    swap(ip + (is_v6 ? 40 : 20), ip + (is_v6 ? 42 : 22), 2);
}

static void echo_datagram(struct rig *rig, bool v6, size_t len)
{
    int s = kernel_socket(v6, SOCK_DGRAM);
    struct ciao_frame frame;
    uint8_t sent[1400], got[1500];

    for (size_t i = 0; i < len; i++)
        sent[i] = (uint8_t)(i * 7);
    assert_int_equal(send(s, sent, len, 0), len);
    uint8_t *ip = next_frame(rig, &frame, IPPROTO_UDP);
    assert_non_null(ip);
    assert_true(frame.buf->size < 4 * frame.len + 256); /* a small frame holds no large buffer */
    turn_round(rig, ip);
    send_frame(rig, &frame);
    assert_true(wait_readable(s));
    assert_int_equal(recv(s, got, sizeof got, 0), len);
    assert_memory_equal(sent, got, len);
    close(s);
}

static void the_interface_is_as_asked_and_goes_with_the_driver(void **state)
{
    struct ciao_bufpool *pool = packet_pool_make(8 << 20);
    struct tap_options options = usual_options(pool, CIAO_LINK_IP);
    struct ciao_driver *tap;
    char error[TAP_ERROR_TEXT];
    (void)state;

    options.mtu = 1400;
    options.tx_queue_len = 321;
    assert_int_equal(tap_open(&tap, &options, error), 0);
    assert_string_equal(error, "");
    assert_string_equal(tap_name(tap), NAME);
    assert_int_equal(tap->link.mtu, 1400);
    assert_int_equal(tap->link.gso_bytes, 65535);
    assert_true(tap->link.tx_csum && tap->link.rx_csum);

    const char *said = output_of("ip -j addr show dev " NAME);
    assert_says(said, "\"mtu\":1400");
    assert_says(said, "\"txqlen\":321");
    assert_says(said, "\"UP\"");
    assert_says(said, "\"local\":\"10.9.0.1\",\"prefixlen\":24");
    assert_says(said, "\"local\":\"fd09::1\",\"prefixlen\":64");
    assert_null(strstr(said, "fe80")); /* no address that nobody asked for */
    assert_null(strstr(said, "tentative"));
    said = output_of("cat /proc/sys/net/ipv6/conf/" NAME "/router_solicitations");
    assert_string_equal(said, "0\n");

    tap->ops->close(tap);
    assert_int_equal(if_nametoindex(NAME), 0);
    packet_pool_free(pool);
}

static void the_kernel_picks_a_number_for_a_nameless_one(void **state)
{
    struct ciao_bufpool *pool = packet_pool_make(8 << 20);
    struct tap_options options = usual_options(pool, CIAO_LINK_IP);
    struct ciao_driver *tap;
    char error[TAP_ERROR_TEXT];
    (void)state;

    options.name = NULL;
    assert_int_equal(tap_open(&tap, &options, error), 0);
    assert_string_equal(tap_name(tap), "ciao0");
    tap->ops->close(tap);
    packet_pool_free(pool);
}

static void datagrams_go_there_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct rig rig = open_rig(i % 2 ? CIAO_LINK_ETHERNET : CIAO_LINK_IP, i / 2);
        for (int v6 = 0; v6 < 2; v6++) {
            echo_datagram(&rig, v6, 1);
            echo_datagram(&rig, v6, 100);
            echo_datagram(&rig, v6, 1400);
        }
        assert_int_equal(tap_counters(rig.tap)->sent, 6);
        assert_int_equal(tap_counters(rig.tap)->refused, 0);
        close_rig(&rig);
    }
}

/* ---- a TCP of ten lines, so that the kernel sends and takes super-segments ---- */

static void answer(struct rig *rig, uint16_t flags, uint32_t seq, uint32_t ack)
{
    struct ciao_frame frame;

    packet_make(&frame, rig->pool,
                &(struct packet){.kind = rig->kind,
                                 .v6 = rig->v6,
                                 .our_port = OUR_PORT,
                                 .peer_port = rig->peer_port,
                                 .flags = flags,
                                 .wnd = 65535,
                                 .seq = seq,
                                 .ack = ack,
                                 .partial = rig->tap->link.tx_csum});
    if (rig->kind == CIAO_LINK_ETHERNET) { /* to the kernel's own: ours, its last bit turned */
        memcpy(frame.head, rig->tap->link.mac, 6);
        frame.head[5] ^= 1;
    }
    send_frame(rig, &frame);
}

/* The kernel connects; we answer.  Returns the socket, and the first byte it will send. */
static int handshake(struct rig *rig, uint32_t *peer_seq)
{
    int s = kernel_socket(rig->v6, SOCK_STREAM);
    struct ciao_frame frame;
    uint8_t *ip = next_frame(rig, &frame, IPPROTO_TCP);

    assert_non_null(ip);
    const uint8_t *tcp = packet_tcp(frame.head, rig->kind);
    assert_int_equal(tcp[13], TCP_SYN);
    rig->peer_port = get_be16(tcp);
    *peer_seq = get_be32(tcp + 4) + 1;
    ciao_frame_release(&frame);
    answer(rig, TCP_SYN | TCP_ACK, 100, *peer_seq);
    ip = next_frame(rig, &frame, IPPROTO_TCP);
    assert_non_null(ip);
    assert_int_equal(packet_tcp(frame.head, rig->kind)[13], TCP_ACK);
    ciao_frame_release(&frame);
    return s;
}

/* Judge one data segment of the kernel's; returns its payload's length. */
static uint32_t judge(const struct rig *rig, const struct ciao_frame *frame, uint32_t peer_seq)
{
    const uint8_t *tcp = packet_tcp(frame->head, rig->kind);
    uint32_t header = (uint32_t)(tcp - frame->head) + (tcp[12] >> 4) * 4u;
    uint32_t payload = frame->len - header;
    uint32_t at = get_be32(tcp + 4) - peer_seq;

    for (uint32_t i = 0; i < payload; i++)
        if (frame->head[header + i] != (uint8_t)((at + i) * 13))
            fail_msg("byte %u is wrong", at + i);
    if (!rig->tap->link.rx_csum) {
        assert_int_equal(frame->gso, CIAO_GSO_NONE);
        assert_int_equal(frame->csum, CIAO_CSUM_NONE);
        assert_true(packet_is_intact(frame->head, frame->len, rig->kind));
        return payload;
    }
    assert_int_equal(frame->csum, CIAO_CSUM_PARTIAL);
    assert_int_equal(frame->csum_start, tcp - frame->head);
    assert_int_equal(frame->csum_offset, 16);
    if (frame->gso != CIAO_GSO_NONE) {
        assert_int_equal(frame->gso, rig->v6 ? CIAO_GSO_TCP6 : CIAO_GSO_TCP4);
        assert_int_equal(frame->segments, (payload + frame->gso_size - 1) / frame->gso_size);
    }
    return payload;
}

/* Take all that the kernel sends; returns the largest frame. */
static uint32_t take_stream(struct rig *rig, int s, uint32_t peer_seq, uint32_t bytes)
{
    uint8_t *data = malloc(bytes);
    uint32_t written = 0, got = 0, largest = 0;

    for (uint32_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 13);
    while (got < bytes) {
        ssize_t n = written < bytes ? send(s, data + written, bytes - written, 0) : 0;
        written += n > 0 ? (uint32_t)n : 0;
        struct ciao_frame frame;
        if (!next_frame(rig, &frame, IPPROTO_TCP))
            fail_msg("the kernel sent %u of %u bytes", got, bytes);
        got += judge(rig, &frame, peer_seq);
        if (frame.len > largest)
            largest = frame.len;
        ciao_frame_release(&frame);
        answer(rig, TCP_ACK, 101, peer_seq + got);
    }
    free(data);
    return largest;
}

/* Give the kernel one super-segment, and see its bytes at the socket. */
static void give_super(struct rig *rig, int s, uint32_t ack)
{
    static uint8_t got[30000];
    struct ciao_frame frame;
    size_t have = 0;

    packet_make(&frame, rig->pool,
                &(struct packet){.kind = rig->kind,
                                 .v6 = rig->v6,
                                 .our_port = OUR_PORT,
                                 .peer_port = rig->peer_port,
                                 .flags = TCP_ACK | TCP_PSH,
                                 .wnd = 65535,
                                 .seq = 101,
                                 .ack = ack,
                                 .payload_len = sizeof got,
                                 .gso_size = 1400,
                                 .partial = true,
                                 .fill = 3});
    if (rig->kind == CIAO_LINK_ETHERNET) {
        memcpy(frame.head, rig->tap->link.mac, 6);
        frame.head[5] ^= 1;
    }
    send_frame(rig, &frame);
    while (have < sizeof got) {
        assert_true(wait_readable(s));
        ssize_t n = recv(s, got + have, sizeof got - have, 0);
        assert_true(n > 0);
        have += (size_t)n;
    }
    for (uint32_t i = 0; i < sizeof got; i++)
        if (got[i] != (uint8_t)(3 + i))
            fail_msg("byte %u is wrong", i);
}

static void super_segments_pass_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct rig rig = open_rig(i % 2 ? CIAO_LINK_ETHERNET : CIAO_LINK_IP, false);
        uint32_t peer_seq;
        rig.v6 = i / 2;
        int s = handshake(&rig, &peer_seq);
        uint32_t largest = take_stream(&rig, s, peer_seq, 200000);
        assert_true(largest > 3000);
        give_super(&rig, s, peer_seq + 200000);
        assert_int_equal(tap_counters(rig.tap)->refused, 0);
        close(s);
        close_rig(&rig);
    }
}

static void without_offload_frames_fit_the_mtu_and_are_complete(void **state)
{
    struct rig rig = open_rig(CIAO_LINK_IP, true);
    uint32_t peer_seq;
    (void)state;

    assert_int_equal(rig.tap->link.gso_bytes, 0);
    assert_false(rig.tap->link.tx_csum || rig.tap->link.rx_csum);
    int s = handshake(&rig, &peer_seq);
    assert_true(take_stream(&rig, s, peer_seq, 100000) <= 1500);
    close(s);
    close_rig(&rig);
}

/* Small frames still arrive, since an ACK among them may be what frees memory. */
static void an_empty_pool_drops_large_frames_only(void **state)
{
    struct rig rig = open_rig(CIAO_LINK_IP, false);
    struct ciao_buf *hoard = NULL, *buf;
    struct ciao_frame frame;
    uint8_t data[1000] = {1, 2, 3};
    (void)state;

    for (uint32_t size = 65536; size > 100; size /= 2) {
        while ((buf = ciao_bufpool_take(rig.pool, size)) != NULL) {
            buf->next = hoard;
            hoard = buf;
        }
    }
    int s = kernel_socket(false, SOCK_DGRAM);
    assert_int_equal(send(s, data, 1000, 0), 1000);
    assert_int_equal(send(s, data, 100, 0), 100);
    assert_non_null(next_frame(&rig, &frame, IPPROTO_UDP));
    assert_int_equal(frame.len, 128);
    assert_null(frame.buf);
    assert_memory_equal(frame.head + 28, data, 100);
    assert_int_equal(tap_counters(rig.tap)->dropped_no_memory, 1);
    while ((buf = hoard) != NULL) {
        hoard = buf->next;
        ciao_buf_unref(buf);
    }
    close(s);
    close_rig(&rig);
}

static void what_the_kernel_refuses_does_not_stop_the_rest(void **state)
{
    struct rig rig = open_rig(CIAO_LINK_IP, false);
    struct ciao_frame bad, good, *frames[2] = {&bad, &good};
    (void)state;

    ciao_frame_init(&bad);
    memset(bad.room, 0x15, 40); /* IP version 1 */
    bad.head_len = bad.len = 40;
    packet_make(&good, rig.pool, &(struct packet){.our_port = 1, .peer_port = 2});
    assert_int_equal(rig.tap->ops->send(rig.tap, frames, 2, 0), 2);
    assert_int_equal(tap_counters(rig.tap)->refused, 1);
    assert_int_equal(tap_counters(rig.tap)->sent, 1);
    close_rig(&rig);
}

static void an_interface_in_use_is_refused_with_a_sentence(void **state)
{
    struct rig rig = open_rig(CIAO_LINK_IP, false);
    struct tap_options options = usual_options(rig.pool, CIAO_LINK_IP);
    struct ciao_driver *second;
    char error[TAP_ERROR_TEXT];
    (void)state;

    assert_int_equal(tap_open(&second, &options, error), -EBUSY);
    assert_string_equal(error, "interface " NAME " is in use by another program");
    options.name = "a_name_of_sixteen";
    assert_int_equal(tap_open(&second, &options, error), -EINVAL);
    assert_says(error, "at most 15 letters");
    options.name = "ciaosecond";
    options.mtu = 70000;
    assert_int_equal(tap_open(&second, &options, error), -EINVAL);
    assert_says(error, "from 576 to 65535, not 70000");
    close_rig(&rig);
}

/* In a user namespace of our own we have no rights over this network namespace. */
static void without_permission_the_sentence_says_what_to_do(void **state)
{
    int answer_pipe[2];
    char text[TAP_ERROR_TEXT + 1] = "";
    (void)state;

    assert_int_equal(pipe(answer_pipe), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ciao_bufpool pool = {0};
        struct tap_options options = usual_options(&pool, CIAO_LINK_IP);
        struct ciao_driver *tap;
        char error[TAP_ERROR_TEXT] = "no user namespace";
        int status = unshare(CLONE_NEWUSER) == 0 ? tap_open(&tap, &options, error) : 0;
        ssize_t written = write(answer_pipe[1], error, strlen(error));
        _exit(status == -EPERM && written > 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(answer_pipe[0], text, sizeof text - 1) > 0);
    assert_says(text, "needs CAP_NET_ADMIN");
    assert_int_equal(status, 0);
    assert_says(text, "--with");
    close(answer_pipe[0]);
    close(answer_pipe[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interface_is_as_asked_and_goes_with_the_driver),
        cmocka_unit_test(the_kernel_picks_a_number_for_a_nameless_one),
        cmocka_unit_test(datagrams_go_there_and_back),
        cmocka_unit_test(super_segments_pass_both_ways),
        cmocka_unit_test(without_offload_frames_fit_the_mtu_and_are_complete),
        cmocka_unit_test(an_empty_pool_drops_large_frames_only),
        cmocka_unit_test(what_the_kernel_refuses_does_not_stop_the_rest),
        cmocka_unit_test(an_interface_in_use_is_refused_with_a_sentence),
        cmocka_unit_test(without_permission_the_sentence_says_what_to_do),
    };
    return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
