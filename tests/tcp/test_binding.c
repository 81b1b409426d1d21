/*
 * What whoever stands above a stack keeps and asks: its own number at a connection, another
 * backlog, who holds a port.
 */
#include "support/story_wire.h"
#include "support/story.h"
#include "tcp/reach.h"

static struct ciao_endpoint ours(const struct story *r, uint16_t port)
{
    return (struct ciao_endpoint){story_address(r, true), port};
}

static struct ciao_endpoint any(bool v6, uint16_t port)
{
    struct ciao_endpoint to = {.port = port};
    if (!v6)
        to.addr.b[10] = to.addr.b[11] = 0xff;
    return to;
}

static int busy(struct story *r, const struct ciao_endpoint *local, bool v6only)
{
    return ciao_port_busy(r->stack, local, v6only);
}

TEST(a_number_is_kept_with_a_connection_and_with_a_listener)
{
    user_listens(r, 8);
    they_are_connected(r);
    expect(r, ciao_cookie(r->stack, story_peer(r)->conn) == 0);
    expect(r, ciao_set_cookie(r->stack, story_peer(r)->conn, 7) == 0);
    expect(r, ciao_set_cookie(r->stack, r->listener, 8) == 0);
    expect(r, ciao_cookie(r->stack, story_peer(r)->conn) == 7);
    expect(r, ciao_cookie(r->stack, r->listener) == 8);
    expect(r, ciao_cookie(r->stack, 12345) == 0);
    expect(r, ciao_set_cookie(r->stack, 12345, 1) == -CIAO_EBADCONN);
    peer_resets(r);
}

TEST(a_backlog_may_change)
{
    user_listens(r, 1);
    expect(r, ciao_backlog(r->stack, r->listener, 0) == -CIAO_EINVAL);
    expect(r, ciao_backlog(r->stack, r->listener, 65536) == -CIAO_EINVAL);
    expect(r, ciao_backlog(r->stack, 12345, 2) == -CIAO_EBADCONN);
    for (unsigned i = 0; i < 3; i++) {
        peer_is(r, i);
        if (i == 1)
            expect(r, ciao_backlog(r->stack, r->listener, 2) == 0);
        peer_sends(r, "SYN seq=0 wnd=65535 <mss 1000>");
        if (i == 2)
            continue;
        expect_sent(r, "SYN,ACK seq=0 ack=1");
        peer_sends(r, "ACK seq=1 ack=1");
    }
    expect_dropped(r, CIAO_DROP_ACCEPT_QUEUE_FULL);
    user_stops_listening(r);
    whatever_was_sent(r);
}

/* The port is held until nothing of the connection is left. */
TEST(a_port_is_busy_as_long_as_a_connection_has_it)
{
    const struct ciao_endpoint mine = ours(r, STORY_PORT), other = ours(r, STORY_PORT + 1);
    const struct ciao_endpoint wild = any(r->v6, STORY_PORT), wild4 = any(false, STORY_PORT);
    const struct ciao_endpoint wild6 = any(true, STORY_PORT);
    struct ciao_endpoint foreign = mine;
    foreign.addr.b[15] = 77;
    story_begin(r);
    expect(r, busy(r, &mine, false) == 0);
    reach_orphaned(r, CIAO_FIN_WAIT_1);
    const int connected = CIAO_PORT_CONNECTED | CIAO_PORT_STRICT;
    expect(r, busy(r, &mine, false) == connected);
    expect(r, busy(r, &wild, true) == connected);
    expect(r, busy(r, &wild6, false) == connected);
    expect(r, busy(r, &wild6, true) == (r->v6 ? connected : 0));
    expect(r, busy(r, &wild4, false) == (r->v6 ? 0 : connected));
    expect(r, busy(r, &other, false) == 0 && busy(r, &foreign, false) == 0);
    peer_sends(r, "FIN,ACK seq=1 ack=2");
    whatever_was_sent(r);
    expect_state(r, CIAO_TIME_WAIT);
    expect(r, busy(r, &mine, false) == (CIAO_PORT_TIME_WAIT | CIAO_PORT_STRICT));
    time_passes(r, 240000);
    expect(r, busy(r, &mine, false) == 0 && busy(r, &wild, false) == 0);
}

TEST(who_allows_reuse_is_not_strict)
{
    const struct ciao_endpoint mine = ours(r, STORY_PORT);
    r->config.tcp.flags |= CIAO_REUSEADDR;
    they_are_connected(r);
    expect(r, busy(r, &mine, false) == CIAO_PORT_CONNECTED);
    peer_is(r, 1);
    struct ciao_settings strict = r->config.tcp;
    strict.flags &= ~CIAO_REUSEADDR;
    const struct ciao_endpoint local = {.addr = mine.addr, .port = STORY_PORT};
    const struct ciao_endpoint remote = {story_address(r, false), STORY_PEER + 1};
    ciao_conn *conn = &story_peer(r)->conn;
    expect(r, ciao_connect(r->stack, &remote, &local, &strict, conn, r->now_us) == 0);
    expect_sent(r, "SYN seq=0");
    expect(r, busy(r, &mine, false) == (CIAO_PORT_CONNECTED | CIAO_PORT_STRICT));
    user_aborts(r);
    expect(r, busy(r, &mine, false) == CIAO_PORT_CONNECTED);
    peer_is(r, 0);
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &strict) == 0);
    expect(r, busy(r, &mine, false) == (CIAO_PORT_CONNECTED | CIAO_PORT_STRICT));
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, &r->config.tcp) == 0);
    expect(r, busy(r, &mine, false) == CIAO_PORT_CONNECTED);
    peer_resets(r);
}

TEST(a_free_port_is_one_that_nobody_has)
{
    r->config.port_low = STORY_PORT - 1;
    r->config.port_high = STORY_PORT + 1;
    user_listens(r, 8);
    uint16_t first = ciao_port_choose(r->stack, 0);
    expect(r, first == STORY_PORT - 1 || first == STORY_PORT + 1);
    expect(r, ciao_port_choose(r->stack, STORY_PORT - 1) == STORY_PORT + 1);
    expect(r, ciao_port_choose(r->stack, STORY_PORT + 1) == STORY_PORT - 1);
}

STORIES(STORY(a_number_is_kept_with_a_connection_and_with_a_listener), STORY(a_backlog_may_change),
        STORY(a_port_is_busy_as_long_as_a_connection_has_it), STORY(who_allows_reuse_is_not_strict),
        STORY(a_free_port_is_one_that_nobody_has))
