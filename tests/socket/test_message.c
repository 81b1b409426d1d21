/*
 * Messages of several pieces, what is told beside the bytes, and arguments that are wrong.
 */
#include "world.h"

static struct world w;
static struct world_pair pair;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    pair = a_connection(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static char bytes[4096];

static int64_t left_read(size_t len)
{
    return ciao_read(left(&w), pair.left, bytes, len);
}

static int64_t left_recv(size_t len, unsigned flags)
{
    return recv_bytes(left(&w), pair.left, bytes, len, (int)flags);
}

static void right_says(const char *text)
{
    assert_int_equal(send_text(right(&w), pair.right, text, 0), strlen(text));
}

static void right_closes(void)
{
    assert_int_equal(ciao_socket_close(right(&w), pair.right), 0);
}

static void set_int(int level, int name, int32_t number)
{
    const struct ciao_iovec value = {&number, sizeof number};
    assert_int_equal(ciao_setsockopt(left(&w), pair.left, level, name, &value), 0);
}

static void peek_fills_several_pieces(void **state)
{
    (void)state;
    char one[2], two[6];
    struct ciao_iovec pieces[] = {{one, 2}, {two, 6}};
    struct ciao_msghdr msg = {.msg_iov = pieces, .msg_iovlen = 2};
    right_says("hello");
    world_settle(&w);
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, CIAO_MSG_PEEK), 5);
    assert_memory_equal(one, "he", 2);
    assert_memory_equal(two, "llo", 3);
    assert_int_equal(left_read(100), 5);
}

static void peeking_goes_on_where_it_stopped_when_asked_to(void **state)
{
    (void)state;
    set_int(CIAO_SOL_SOCKET, CIAO_SO_PEEK_OFF, 0);
    right_says("hello");
    world_settle(&w);
    assert_int_equal(left_recv(2, CIAO_MSG_PEEK), 2);
    assert_int_equal(left_recv(100, CIAO_MSG_PEEK), 3);
    assert_memory_equal(bytes, "llo", 3);
    assert_int_equal(left_recv(100, CIAO_MSG_PEEK | CIAO_MSG_DONTWAIT), E(EAGAIN));
    right_says("!");
    world_settle(&w);
    assert_int_equal(left_read(4), 4);
    assert_int_equal(left_recv(100, CIAO_MSG_PEEK), 1);
    assert_memory_equal(bytes, "!", 1);
    right_closes();
    world_settle(&w);
    assert_int_equal(left_recv(100, CIAO_MSG_PEEK), 0);
}

static void how_much_is_left_is_told_beside_the_bytes(void **state)
{
    (void)state;
    uint8_t control[32];
    int32_t number;
    struct ciao_iovec piece = {bytes, 3};
    struct ciao_msghdr msg = {.msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof control};
    set_int(CIAO_IPPROTO_TCP, CIAO_TCP_INQ, 1);
    right_says("hello");
    world_settle(&w);
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, 0), 3);
    assert_int_equal(msg.msg_controllen, 24);
    memcpy(&number, control + 16, sizeof number);
    assert_int_equal(number, 2);
    right_closes();
    world_settle(&w);
    msg.msg_controllen = 18;
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, 0), 2);
    assert_int_equal(msg.msg_flags, CIAO_MSG_CTRUNC);
    assert_int_equal(control[16], 1); /* the end can be read */
}

static void a_message_without_pieces_asks_whether_there_is_something(void **state)
{
    (void)state;
    struct ciao_msghdr msg = {0};
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, CIAO_MSG_DONTWAIT), E(EAGAIN));
    right_says("hello");
    world_settle(&w);
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, 0), 0);
    assert_int_equal(ciao_sendmsg(left(&w), pair.left, &msg, 0), 0);
}

static void from_whom_is_not_told_by_a_stream(void **state)
{
    (void)state;
    struct ciao_sockaddr_in in;
    uint32_t len = sizeof in;
    const struct ciao_name from = {&in, &len};
    const struct ciao_iovec piece = {bytes, 100};
    memset(&in, 0xee, sizeof in);
    right_says("hello");
    assert_int_equal(ciao_recvfrom(left(&w), pair.left, &piece, 0, &from), 5);
    assert_int_equal(len, 0);
    assert_int_equal(in.sin_family, 0xeeee);
}

static void recvmsg_says_what_it_has_not(void **state)
{
    (void)state;
    struct ciao_sockaddr_in in;
    char control[64];
    struct ciao_iovec piece = {bytes, 100};
    struct ciao_msghdr msg = {.msg_name = &in,
                              .msg_namelen = sizeof in,
                              .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof control,
                              .msg_flags = 99};
    right_says("hello");
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, 0), 5);
    assert_int_equal(msg.msg_namelen, 0);
    assert_int_equal(msg.msg_controllen, 0);
    assert_int_equal(msg.msg_flags, 0);
}

static void pieces_are_looked_at(void **state)
{
    (void)state;
    static struct ciao_iovec many[1025];
    struct ciao_iovec piece = {bytes, SIZE_MAX};
    struct ciao_msghdr msg = {.msg_iov = many, .msg_iovlen = 1025};
    for (unsigned i = 0; i < 1025; i++)
        many[i] = (struct ciao_iovec){bytes + i, 1};
    assert_int_equal(ciao_readv(left(&w), pair.left, many, 1025), E(EINVAL));
    assert_int_equal(ciao_writev(left(&w), pair.left, many, 1025), E(EINVAL));
    assert_int_equal(ciao_readv(left(&w), pair.left, many, -1), E(EINVAL));
    assert_int_equal(ciao_writev(left(&w), pair.left, &piece, 1), E(EINVAL));
    assert_int_equal(ciao_readv(left(&w), pair.left, NULL, 1), E(EFAULT));
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, 0), E(EMSGSIZE));
    assert_int_equal(ciao_sendmsg(left(&w), pair.left, &msg, 0), E(EMSGSIZE));
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, NULL, 0), E(EFAULT));
    assert_int_equal(ciao_writev(left(&w), pair.left, many, 1024), 1024);
}

static void memory_that_is_not_there_is_a_fault(void **state)
{
    (void)state;
    w.program[0].bad = (const uint8_t *)bytes + 8;
    w.program[0].bad_bytes = 8;
    assert_int_equal(ciao_write(left(&w), pair.left, bytes + 8, 4), E(EFAULT));
    assert_int_equal(left_recv(8, CIAO_MSG_DONTWAIT), E(EAGAIN));
    right_says("0123456789");
    world_settle(&w);
    assert_int_equal(ciao_read(left(&w), pair.left, bytes + 8, 4), E(EFAULT));
    const struct ciao_iovec pieces[] = {{bytes, 3}, {bytes + 8, 3}};
    assert_int_equal(ciao_readv(left(&w), pair.left, pieces, 2), 3);
    assert_int_equal(ciao_writev(left(&w), pair.left, pieces, 2), 3);
    assert_int_equal(left_read(8), 7);
}

static void where_to_is_looked_at_and_ignored(void **state)
{
    (void)state;
    struct ciao_sockaddr_in elsewhere = in_at("203.0.113.9", 99);
    uint32_t len = sizeof elsewhere;
    const struct ciao_name to = {&elsewhere, &len};
    const struct ciao_iovec piece = {bytes, 3};
    assert_int_equal(ciao_sendto(left(&w), pair.left, &piece, 0, &to), 3);
    len = 129;
    assert_int_equal(ciao_sendto(left(&w), pair.left, &piece, 0, &to), E(EINVAL));
    len = 16;
    const int fd = a_socket(left(&w));
    assert_int_equal(ciao_sendto(left(&w), fd, &piece, CIAO_MSG_NOSIGNAL, &to), E(EPIPE));
}

static void the_pieces_of_a_message_arrive_in_order(void **state)
{
    (void)state;
    char one[] = "one ", two[] = "two ", three[] = "three";
    struct ciao_iovec pieces[] = {{one, 4}, {two, 4}, {NULL, 0}, {three, 5}};
    const struct ciao_msghdr msg = {.msg_iov = pieces, .msg_iovlen = 4};
    assert_int_equal(ciao_sendmsg(left(&w), pair.left, &msg, CIAO_MSG_MORE), 13);
    assert_int_equal(ciao_writev(left(&w), pair.left, pieces, 2), 8);
    expect_text(right(&w), pair.right, "one two threeone two ");
}

static void readv_fills_one_piece_after_the_other(void **state)
{
    (void)state;
    char one[2], two[1], three[9];
    const struct ciao_iovec pieces[] = {{one, 2}, {NULL, 0}, {two, 1}, {three, 9}};
    right_says("hello");
    world_settle(&w);
    assert_int_equal(ciao_readv(left(&w), pair.left, pieces, 4), 5);
    assert_memory_equal(one, "he", 2);
    assert_memory_equal(two, "l", 1);
    assert_memory_equal(three, "lo", 2);
}

static void errors_have_no_queue_here(void **state)
{
    (void)state;
    assert_int_equal(left_recv(1, CIAO_MSG_ERRQUEUE), E(EAGAIN));
}

/* Sends are numbered, and one notice tells of all that were made since the last. */
static void who_asked_is_told_when_its_memory_is_free(void **state)
{
    struct ciao_sock_extended_err notice;
    uint8_t control[64];
    struct ciao_msghdr msg = {.msg_control = control, .msg_controllen = sizeof control};
    struct ciao_pollfd one = {pair.left, 0, 0};
    (void)state;
    assert_int_equal(send_text(left(&w), pair.left, "a", (int)CIAO_MSG_ZEROCOPY), 1);
    assert_int_equal(ciao_poll(left(&w), &one, 1, 0), 0); /* not asked for */
    set_int(CIAO_SOL_SOCKET, CIAO_SO_ZEROCOPY, 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(send_text(left(&w), pair.left, "b", (int)CIAO_MSG_ZEROCOPY), 1);
    assert_int_equal(ciao_poll(left(&w), &one, 1, 0), 1);
    assert_int_equal(one.revents, CIAO_POLLERR);
    assert_int_equal(so_error(left(&w), pair.left), 0);
    assert_int_equal(ciao_recvmsg(left(&w), pair.left, &msg, (int)CIAO_MSG_ERRQUEUE), 0);
    assert_int_equal(msg.msg_flags, CIAO_MSG_ERRQUEUE);
    assert_int_equal(msg.msg_controllen, 48);
    memcpy(&notice, control + 16, sizeof notice);
    assert_int_equal(notice.ee_origin, CIAO_SO_EE_ORIGIN_ZEROCOPY);
    assert_int_equal(notice.ee_info, 0);
    assert_int_equal(notice.ee_data, 2);
    assert_int_equal(ciao_poll(left(&w), &one, 1, 0), 0);
    assert_int_equal(send_text(left(&w), pair.left, "c", (int)CIAO_MSG_ZEROCOPY), 1);
    assert_int_equal(left_recv(1, CIAO_MSG_ERRQUEUE), 0);
    assert_int_equal(left_recv(1, CIAO_MSG_ERRQUEUE), E(EAGAIN));
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(peek_fills_several_pieces),
        STORY(peeking_goes_on_where_it_stopped_when_asked_to),
        STORY(how_much_is_left_is_told_beside_the_bytes),
        STORY(a_message_without_pieces_asks_whether_there_is_something),
        STORY(from_whom_is_not_told_by_a_stream),
        STORY(recvmsg_says_what_it_has_not),
        STORY(pieces_are_looked_at),
        STORY(memory_that_is_not_there_is_a_fault),
        STORY(where_to_is_looked_at_and_ignored),
        STORY(the_pieces_of_a_message_arrive_in_order),
        STORY(readv_fills_one_piece_after_the_other),
        STORY(errors_have_no_queue_here),
        STORY(who_asked_is_told_when_its_memory_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
