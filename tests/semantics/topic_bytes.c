/*
 * Reading and writing: flags, pieces, limits, ends.
 */
#include <limits.h>
#include <string.h>

#include "states.h"

/* ---- read ---- */

static void in_parts(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abcdefgh");
    do_read(pair.client, 3);
    do_readv(pair.client, 2, 2);
    do_recv(pair.client, 9, 0);
    do_recv(pair.client, 9, 0);
}

static void writes_run_together(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abc");
    do_write(pair.server, "def");
    do_read(pair.client, 16);
}

static void peek_does_not_take(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abcdef");
    do_recv(pair.client, 3, MSG_PEEK);
    do_recv(pair.client, 16, MSG_PEEK);
    do_recv(pair.client, 3, 0);
    do_recv(pair.client, 16, MSG_PEEK | MSG_DONTWAIT);
}

static void peek_at_the_end(void)
{
    struct pair pair = pair_at(LO4);

    do_recv(pair.client, 3, MSG_PEEK);
    do_shutdown(pair.server, SHUT_WR);
    do_recv(pair.client, 3, MSG_PEEK);
}

static void truncate_throws_away(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abcdef");
    do_recv(pair.client, 2, MSG_TRUNC);
    do_recv(pair.client, 2, MSG_TRUNC | MSG_PEEK);
    do_recv(pair.client, 16, 0);
}

static void truncate_without_memory(void)
{
    struct pair pair = pair_at(LO4);
    struct iovec nowhere = {NULL, 4};

    do_write(pair.server, "abcdef");
    result("recv(NULL, 4, TRUNC)", pair.client,
           api()->recvfrom(pair.client, &nowhere, MSG_TRUNC, NULL, NULL));
    do_read(pair.client, 16);
}

static void the_end_comes_again(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "bye");
    do_close(pair.server);
    do_read(pair.client, 8);
    do_read(pair.client, 8);
    do_recv(pair.client, 8, MSG_DONTWAIT);
    do_recvmsg(pair.client, 8, 0);
}

static void low_water_mark(void)
{
    struct pair pair = pair_at(LO4);

    set(pair.client, SOL_SOCKET, SO_RCVLOWAT, 4);
    do_write(pair.server, "ab");
    do_poll(pair.client, 0);
    do_recv(pair.client, 8, MSG_PEEK);
    do_write(pair.server, "cd");
    do_poll(pair.client, 0);
    do_read(pair.client, 8);
    do_write(pair.server, "e");
    do_read(pair.client, 8);
    do_shutdown(pair.server, SHUT_WR);
    do_poll(pair.client, 0);
}

static void urgent_byte(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "ab");
    do_send(pair.server, "!", MSG_OOB);
    do_write(pair.server, "cd");
    do_poll(pair.client, 0);
    do_recv(pair.client, 1, MSG_OOB | MSG_PEEK);
    do_recv(pair.client, 1, MSG_OOB);
    do_recv(pair.client, 1, MSG_OOB);
    do_read(pair.client, 16);
    do_read(pair.client, 16);
    do_poll(pair.client, 0);
}

static void urgent_byte_inline(void)
{
    struct pair pair = pair_at(LO4);

    set(pair.client, SOL_SOCKET, SO_OOBINLINE, 1);
    do_write(pair.server, "ab");
    do_send(pair.server, "c!", MSG_OOB);
    do_write(pair.server, "d");
    do_recv(pair.client, 1, MSG_OOB);
    do_read(pair.client, 16);
    do_read(pair.client, 16);
}

static void urgent_byte_not_read(void)
{
    struct pair pair = pair_at(LO4);

    do_send(pair.server, "!", MSG_OOB);
    do_write(pair.server, "a");
    do_read(pair.client, 16);
    do_recv(pair.client, 1, MSG_OOB);
}

static void two_urgent_bytes(void)
{
    struct pair pair = pair_at(LO4);

    do_send(pair.server, "1", MSG_OOB);
    do_write(pair.server, "a");
    do_send(pair.server, "2", MSG_OOB);
    do_recv(pair.client, 1, MSG_OOB);
    do_read(pair.client, 16);
    do_read(pair.client, 16);
}

static void no_pieces(void)
{
    struct pair pair = pair_at(LO4);
    struct iovec part = {0};

    do_write(pair.server, "abc");
    result("readv of 0 pieces", pair.client, api()->readv(pair.client, &part, 0));
    result("readv of -1 pieces", pair.client, api()->readv(pair.client, &part, -1));
    result("readv of 1025 pieces", pair.client, api()->readv(pair.client, &part, 1025));
    do_read(pair.client, 8);
}

static void a_negative_piece(void)
{
    struct pair pair = pair_at(LO4);
    char data[8];
    struct iovec parts[2] = {{data, 2}, {data, (size_t)-1}};

    do_write(pair.server, "abc");
    result("readv, a piece of -1 bytes", pair.client, api()->readv(pair.client, parts, 2));
    result("writev, a piece of -1 bytes", pair.client, api()->writev(pair.client, parts, 2));
    do_read(pair.client, 8);
}

static void empty_pieces(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abc");
    do_readv(pair.client, 0, 2);
    do_readv(pair.client, 0, 0);
    do_readv(pair.client, 1, 0);
}

static void nowhere(void)
{
    struct pair pair = pair_at(LO4);
    void *bad = (void *)(uintptr_t)16;

    do_write(pair.server, "abc");
    result("read to a bad address", pair.client, api()->read(pair.client, bad, 4));
    do_read(pair.client, 8);
    result("read of nothing there", pair.client, api()->read(pair.client, bad, 4));
    result("write from a bad address", pair.client, api()->write(pair.client, bad, 4));
}

static void flags_of_a_message(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abcdef");
    do_recvmsg(pair.client, 2, 0);
    do_recvmsg(pair.client, 2, MSG_PEEK);
    do_recvmsg(pair.client, 2, MSG_TRUNC);
    do_recvmsg(pair.client, 16, MSG_DONTWAIT);
    do_recvmsg(pair.client, 16, MSG_DONTWAIT);
}

static void a_message_of_too_many_pieces(void)
{
    struct pair pair = pair_at(LO4);
    static struct iovec parts[1025];
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 1025};

    result("recvmsg of 1025 pieces", pair.client, api()->recvmsg(pair.client, &msg, MSG_DONTWAIT));
    result("sendmsg of 1025 pieces", pair.client, api()->sendmsg(pair.client, &msg, MSG_DONTWAIT));
}

static void with_the_address(void)
{
    struct pair pair = pair_at(LO6);

    do_write(pair.server, "abc");
    do_recvfrom(pair.client, 8);
}

static void all_of_it_at_the_end(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "abc");
    do_shutdown(pair.server, SHUT_WR);
    do_recv(pair.client, 8, MSG_WAITALL);
    do_recv(pair.client, 8, MSG_WAITALL);
}

static const struct sem_case read_cases[] = {
    {"in parts", in_parts},
    {"writes run together", writes_run_together},
    {"peek does not take", peek_does_not_take},
    {"peek at the end", peek_at_the_end},
    {"truncate throws away", truncate_throws_away},
    {"truncate without memory", truncate_without_memory},
    {"the end comes again", the_end_comes_again},
    {"low water mark", low_water_mark},
    {"urgent byte", urgent_byte},
    {"urgent byte inline", urgent_byte_inline},
    {"urgent byte not read", urgent_byte_not_read},
    {"two urgent bytes", two_urgent_bytes},
    {"no pieces", no_pieces},
    {"a negative piece", a_negative_piece},
    {"empty pieces", empty_pieces},
    {"bad addresses", nowhere},
    {"flags of a message", flags_of_a_message},
    {"a message of too many pieces", a_message_of_too_many_pieces},
    {"with the address", with_the_address},
    {"all of it, at the end", all_of_it_at_the_end},
};
const struct sem_topic topic_read = TOPIC("read", read_cases);

/* ---- write ---- */

static void until_it_is_full(void)
{
    struct pair pair = pair_at(LO4);

    (void)fill(pair.client);
    do_write(pair.client, "x");
    do_poll(pair.client, 0);
    do_drain(pair.server);
    do_poll(pair.client, 0);
    do_write(pair.client, "x");
}

static void more_than_fits(void)
{
    struct pair pair = pair_at(LO4);

    do_write_many(pair.client, 1 << 24);
    do_write_many(pair.client, 1 << 24);
}

static void to_one_who_left(void)
{
    struct pair pair = pair_at(LO4);

    do_close(pair.server);
    do_write(pair.client, "x");
    do_write(pair.client, "x");
    do_send(pair.client, "x", MSG_NOSIGNAL);
    do_read(pair.client, 4);
    do_error(pair.client);
}

static void to_one_who_reset(void)
{
    struct pair pair = pair_at(LO4);

    do_linger(pair.server, 1, 0);
    do_close(pair.server);
    do_write(pair.client, "x");
    do_write(pair.client, "x");
    do_read(pair.client, 4);
}

static void to_one_who_reset_without_signal(void)
{
    struct pair pair = pair_at(LO4);

    do_linger(pair.server, 1, 0);
    do_close(pair.server);
    do_send(pair.client, "x", MSG_NOSIGNAL);
    do_send(pair.client, "x", MSG_NOSIGNAL);
}

static void after_shutdown(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.client, "ab");
    do_shutdown(pair.client, SHUT_WR);
    do_write(pair.client, "c");
    do_send(pair.client, "c", MSG_NOSIGNAL);
    do_drain(pair.server);
}

static void after_the_peers_shutdown_for_reading(void)
{
    struct pair pair = pair_at(LO4);

    do_shutdown(pair.server, SHUT_RD);
    do_write(pair.client, "ab");
    do_write(pair.client, "cd");
    do_read(pair.server, 8);
    do_read(pair.server, 8);
    do_poll(pair.client, 0);
}

static void corked(void)
{
    struct pair pair = pair_at(LO4);

    set(pair.client, IPPROTO_TCP, TCP_CORK, 1);
    do_write(pair.client, "ab");
    do_read(pair.server, 8);
    do_write(pair.client, "cd");
    set(pair.client, IPPROTO_TCP, TCP_CORK, 0);
    settle();
    do_read(pair.server, 8);
}

static void with_more_to_come(void)
{
    struct pair pair = pair_at(LO4);

    do_send(pair.client, "ab", MSG_MORE);
    do_read(pair.server, 8);
    do_send(pair.client, "cd", 0);
    do_read(pair.server, 8);
}

static void odd_flags(void)
{
    struct pair pair = pair_at(LO4);

    do_send(pair.client, "a", MSG_EOR);
    do_send(pair.client, "b", MSG_DONTROUTE);
    do_send(pair.client, "c", MSG_CONFIRM);
    do_send(pair.client, "d", MSG_TRUNC);
    do_send(pair.client, "e", MSG_PEEK);
    do_send(pair.client, "f", MSG_WAITALL);
    do_recv(pair.server, 16, 0);
}

static void to_an_address_though_connected(void)
{
    struct pair pair = pair_at(LO4);

    do_sendto(pair.client, "abc", "192.0.2.9", 77);
    do_sendto(pair.client, "def", LO6, 77);
    do_read(pair.server, 16);
}

static void nothing(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.client, "");
    do_send(pair.client, "", 0);
    do_writev(pair.client, "", "");
    do_read(pair.server, 4);
}

static void while_connecting(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_write(c, "x");
    do_read(c, 4);
    do_send(c, "x", MSG_OOB);
}

static void urgent_nothing(void)
{
    struct pair pair = pair_at(LO4);

    do_send(pair.client, "", MSG_OOB);
    do_poll(pair.server, 0);
}

static const struct sem_case write_cases[] = {
    {"until it is full", until_it_is_full},
    {"more than fits", more_than_fits},
    {"to one who left", to_one_who_left},
    {"to one who reset", to_one_who_reset},
    {"to one who reset, without signal", to_one_who_reset_without_signal},
    {"after shutdown", after_shutdown},
    {"after the peer's shutdown for reading", after_the_peers_shutdown_for_reading},
    {"corked", corked},
    {"with more to come", with_more_to_come},
    {"odd flags", odd_flags},
    {"to an address though connected", to_an_address_though_connected},
    {"nothing", nothing},
    {"while connecting", while_connecting},
    {"nothing, urgently", urgent_nothing},
};
const struct sem_topic topic_write = TOPIC("write", write_cases);
