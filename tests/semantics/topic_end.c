/*
 * shutdown() and close().
 */
#include "states.h"

/* ---- shutdown ---- */

static void half_closed_talk(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.client, "question");
    do_shutdown(pair.client, SHUT_WR);
    do_read(pair.server, 16);
    do_read(pair.server, 16);
    do_write(pair.server, "answer");
    do_close(pair.server);
    do_read(pair.client, 16);
    do_read(pair.client, 16);
    do_state(pair.client);
}

static void both_at_once(void)
{
    struct pair pair = pair_at(LO4);

    do_shutdown(pair.client, SHUT_WR);
    do_shutdown(pair.server, SHUT_WR);
    do_poll(pair.client, 0);
    do_poll(pair.server, 0);
    do_state(pair.client);
    do_state(pair.server);
    do_shutdown(pair.client, SHUT_WR);
    do_shutdown(pair.server, SHUT_RD);
}

static void reading_goes_on_after_rd(void)
{
    struct pair pair = pair_at(LO4);

    do_shutdown(pair.client, SHUT_RD);
    do_read(pair.client, 8);
    do_write(pair.server, "late");
    do_poll(pair.client, 0);
    do_read(pair.client, 8);
    do_read(pair.client, 8);
}

static void one_way_then_the_other(void)
{
    struct pair pair = pair_at(LO4);

    do_shutdown(pair.client, SHUT_RD);
    do_poll(pair.client, 0);
    do_shutdown(pair.client, SHUT_WR);
    do_poll(pair.client, 0);
    do_read(pair.server, 8);
}

static void with_bytes_unread_then_close(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "hello");
    do_shutdown(pair.client, SHUT_RDWR);
    do_close(pair.client);
    do_poll(pair.server, 0);
    do_read(pair.server, 8);
    do_error(pair.server);
}

static void after_the_peer_is_gone(void)
{
    struct pair pair = pair_at(LO4);

    do_close(pair.server);
    do_shutdown(pair.client, SHUT_RD);
    do_shutdown(pair.client, SHUT_WR);
    do_shutdown(pair.client, SHUT_WR);
    do_poll(pair.client, 0);
}

static void in_syn_sent(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_shutdown(c, SHUT_WR);
    do_state(c);
    do_poll(c, 0);
    do_connect(c, LO4, port_of(a));
    do_error(c);
}

static void rd_in_syn_sent(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_shutdown(c, SHUT_RD);
    do_state(c);
    do_poll(c, 0);
    do_read(c, 4);
}

static const struct sem_case shutdown_cases[] = {
    {"half-closed talk", half_closed_talk},
    {"both at once", both_at_once},
    {"reading goes on after RD", reading_goes_on_after_rd},
    {"one way, then the other", one_way_then_the_other},
    {"with bytes unread, then close", with_bytes_unread_then_close},
    {"after the peer is gone", after_the_peer_is_gone},
    {"in SYN-SENT", in_syn_sent},
    {"RD in SYN-SENT", rd_in_syn_sent},
};
const struct sem_topic topic_shutdown = TOPIC("shutdown", shutdown_cases);

/* ---- close ---- */

static void sends_the_rest(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.client, "last words");
    do_close(pair.client);
    do_read(pair.server, 16);
    do_read(pair.server, 16);
    do_state(pair.server);
}

static void with_bytes_unread_resets(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "unread");
    do_close(pair.client);
    do_poll(pair.server, 0);
    do_read(pair.server, 16);
    do_read(pair.server, 16);
}

static void with_bytes_peeked_resets(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.server, "peeked");
    do_recv(pair.client, 8, MSG_PEEK);
    do_close(pair.client);
    do_read(pair.server, 16);
}

static void with_the_end_unread_is_clean(void)
{
    struct pair pair = pair_at(LO4);

    do_shutdown(pair.server, SHUT_WR);
    do_close(pair.client);
    do_read(pair.server, 16);
    do_error(pair.server);
}

static void and_bytes_come_after(void)
{
    struct pair pair = pair_at(LO4);

    do_close(pair.client);
    do_write(pair.server, "too late");
    do_poll(pair.server, 0);
    do_write(pair.server, "too late");
    do_read(pair.server, 16);
}

static void hard(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.client, "lost?");
    do_linger(pair.client, 1, 0);
    do_close(pair.client);
    do_read(pair.server, 16);
    do_read(pair.server, 16);
}

static void linger_off(void)
{
    struct pair pair = pair_at(LO4);

    do_linger(pair.client, 1, 0);
    do_linger(pair.client, 0, 9);
    do_close(pair.client);
    do_read(pair.server, 16);
}

/* The peer never reads, so the linger time runs out. */
static void lingers_its_time(void)
{
    struct pair pair = pair_at(LO4);

    fill_for_good(pair.client);
    do_linger(pair.client, 1, 1);
    do_fcntl(pair.client, 4, "F_SETFL", 0);
    clock_start();
    do_close(pair.client);
    clock_note(1000);
}

static void lingers_not_when_all_is_said(void)
{
    struct pair pair = pair_at(LO4);

    do_write(pair.client, "hi");
    do_close(pair.server);
    settle();
    do_linger(pair.client, 1, 2);
    clock_start();
    do_close(pair.client);
    clock_note(1000);
}

static void a_connecting_one(void)
{
    int a = listener_at(LO4, 0), b = new4(NB), c = new4(NB);

    do_connect(b, LO4, port_of(a));
    do_connect(c, LO4, port_of(a));
    do_close(c);
    do_accept(a, NB);
    do_accept(a, NB);
}

static void the_listener_and_the_children_live(void)
{
    struct pair pair = pair_at(LO4);

    do_close(pair.listener);
    do_write(pair.client, "still");
    do_read(pair.server, 8);
    do_write(pair.server, "here");
    do_read(pair.client, 8);
}

static const struct sem_case close_cases[] = {
    {"sends the rest", sends_the_rest},
    {"with bytes unread resets", with_bytes_unread_resets},
    {"with bytes peeked resets", with_bytes_peeked_resets},
    {"with the end unread is clean", with_the_end_unread_is_clean},
    {"and bytes come after", and_bytes_come_after},
    {"hard", hard},
    {"linger off", linger_off},
    {"lingers its time", lingers_its_time},
    {"lingers not when all is said", lingers_not_when_all_is_said},
    {"a connecting one", a_connecting_one},
    {"the listener, and the children live", the_listener_and_the_children_live},
};
const struct sem_topic topic_close = TOPIC("close", close_cases);
