/*
 * Every state that a socket can be in, as its program sees it.
 */
#include "states.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calls_internal.h"

static int fresh(const char *host)
{
    return strchr(host, ':') ? new6(NB) : new4(NB);
}

static int must(const char *what, int status)
{
    if (status < 0)
        note("  (%s: %s)\n", what, errno_text(status));
    return status;
}

static int bind_quietly(int fd, const char *host, unsigned port)
{
    struct sockaddr_storage addr;
    socklen_t len = address(&addr, host, port);

    return must("bind", api()->bind(fd, &addr, len));
}

static int connect_quietly(int fd, const char *host, unsigned port)
{
    struct sockaddr_storage addr;
    socklen_t len = address(&addr, host, port);
    int status = api()->connect(fd, &addr, len);

    settle();
    return status;
}

int listener_at(const char *host, int backlog)
{
    int fd = fresh(host);

    (void)bind_quietly(fd, host, 0);
    must("listen", api()->listen(fd, backlog));
    return fd;
}

struct pair pair_at(const char *host)
{
    struct pair pair = {.client = fresh(host)};
    int fd = listener_at(host, 8);

    pair.port = port_of(fd);
    (void)connect_quietly(pair.client, host, pair.port);
    (void)connect_quietly(pair.client, host, pair.port); /* takes notice of its success */
    pair.server = known(must("accept", api()->accept4(fd, NULL, NULL, NB)));
    pair.listener = fd;
    return pair;
}

unsigned closed_port(const char *host)
{
    int fd = fresh(host);
    unsigned port;

    (void)bind_quietly(fd, host, 0);
    port = port_of(fd);
    (void)api()->close(fd);
    return port;
}

static void give(int fd, const char *text)
{
    if (api()->write(fd, text, strlen(text)) < 0)
        note("  (write failed)\n");
    settle();
}

static void quiet_shutdown(int fd, int how)
{
    must("shutdown", api()->shutdown(fd, how));
    settle();
}

static void quiet_close(int fd)
{
    (void)api()->close(fd);
    settle();
}

static void quiet_reset(int fd)
{
    struct linger now = {1, 0};

    must("linger", api()->setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now));
    quiet_close(fd);
}

/* ---- before a connection ---- */

static struct pair is_new(const char *host)
{
    return (struct pair){fresh(host), NOBODY, NOBODY, closed_port(host)};
}

static struct pair is_bound(const char *host)
{
    struct pair pair = {fresh(host), NOBODY, NOBODY, closed_port(host)};

    (void)bind_quietly(pair.client, host, 0);
    return pair;
}

static struct pair listens(const char *host)
{
    return (struct pair){listener_at(host, 8), NOBODY, NOBODY, closed_port(host)};
}

static struct pair has_somebody_waiting(const char *host)
{
    struct pair pair = {listener_at(host, 8), fresh(host), NOBODY, 0};

    pair.port = closed_port(host);
    (void)connect_quietly(pair.server, host, port_of(pair.client));
    return pair;
}

static struct pair no_longer_listens(const char *host)
{
    struct pair pair = listens(host);

    quiet_shutdown(pair.client, SHUT_RD);
    return pair;
}

static struct pair has_sent_a_syn(const char *host)
{
    struct pair pair = {fresh(host), NOBODY, listener_at(host, 0), 0};
    int first = fresh(host);

    pair.port = port_of(pair.listener);
    (void)connect_quietly(first, host, pair.port); /* its queue is full now: SYNs are dropped */
    (void)connect_quietly(pair.client, host, pair.port);
    return pair;
}

static struct pair was_refused(const char *host)
{
    struct pair pair = is_new(host);

    (void)connect_quietly(pair.client, host, pair.port);
    return pair;
}

static struct pair was_refused_and_knows(const char *host)
{
    struct pair pair = was_refused(host);

    (void)connect_quietly(pair.client, host, pair.port);
    return pair;
}

/* ---- a connection ---- */

static struct pair is_connected(const char *host)
{
    return pair_at(host);
}

static struct pair is_accepted(const char *host)
{
    struct pair pair = pair_at(host);

    return (struct pair){pair.server, pair.client, pair.listener, pair.port};
}

static struct pair has_bytes(const char *host)
{
    struct pair pair = pair_at(host);

    give(pair.server, "hello");
    return pair;
}

static struct pair is_full(const char *host)
{
    struct pair pair = pair_at(host);

    (void)fill(pair.client);
    return pair;
}

/* ---- its end ---- */

static struct pair shut_for_writing(const char *host)
{
    struct pair pair = pair_at(host);

    quiet_shutdown(pair.client, SHUT_WR);
    return pair;
}

static struct pair shut_for_reading(const char *host)
{
    struct pair pair = pair_at(host);

    quiet_shutdown(pair.client, SHUT_RD);
    return pair;
}

static struct pair shut_for_reading_with_bytes(const char *host)
{
    struct pair pair = has_bytes(host);

    quiet_shutdown(pair.client, SHUT_RD);
    return pair;
}

static struct pair shut_both_ways(const char *host)
{
    struct pair pair = pair_at(host);

    quiet_shutdown(pair.client, SHUT_RDWR);
    return pair;
}

static struct pair peer_shut(const char *host)
{
    struct pair pair = pair_at(host);

    quiet_shutdown(pair.server, SHUT_WR);
    return pair;
}

static struct pair peer_shut_with_bytes(const char *host)
{
    struct pair pair = has_bytes(host);

    quiet_shutdown(pair.server, SHUT_WR);
    return pair;
}

static struct pair peer_closed(const char *host)
{
    struct pair pair = pair_at(host);

    quiet_close(pair.server);
    pair.server = NOBODY;
    return pair;
}

static struct pair both_shut_we_first(const char *host)
{
    struct pair pair = shut_for_writing(host);

    quiet_shutdown(pair.server, SHUT_WR);
    return pair;
}

static struct pair both_shut_they_first(const char *host)
{
    struct pair pair = peer_shut(host);

    quiet_shutdown(pair.client, SHUT_WR);
    return pair;
}

static struct pair shut_and_peer_closed(const char *host)
{
    struct pair pair = shut_for_writing(host);

    quiet_close(pair.server);
    pair.server = NOBODY;
    return pair;
}

static struct pair was_reset(const char *host)
{
    struct pair pair = pair_at(host);

    quiet_reset(pair.server);
    pair.server = NOBODY;
    return pair;
}

static struct pair was_reset_with_bytes(const char *host)
{
    struct pair pair = has_bytes(host);

    quiet_reset(pair.server);
    pair.server = NOBODY;
    return pair;
}

static struct pair was_reset_and_knows(const char *host)
{
    struct pair pair = was_reset(host);
    int error;
    socklen_t len = sizeof error;

    must("SO_ERROR", api()->getsockopt(pair.client, SOL_SOCKET, SO_ERROR, &error, &len));
    return pair;
}

/* Reset after the peer's FIN: the peer closed, and our bytes met nobody. */
static struct pair was_reset_in_close_wait(const char *host)
{
    struct pair pair = peer_closed(host);

    give(pair.client, "x");
    return pair;
}

static struct pair disconnected(const char *host)
{
    struct pair pair = pair_at(host);
    struct sockaddr_storage nobody = {.ss_family = AF_UNSPEC};

    must("disconnect", api()->connect(pair.client, &nobody, sizeof(struct sockaddr_in)));
    settle();
    return pair;
}

static struct pair is_closed(const char *host)
{
    struct pair pair = is_new(host);

    quiet_close(pair.client);
    return pair;
}

static struct pair is_epoll(const char *host)
{
    return (struct pair){known(api()->epoll_create1(0)), NOBODY, NOBODY, closed_port(host)};
}

const struct state states[] = {
    {"new", is_new},
    {"bound", is_bound},
    {"listening", listens},
    {"listening, somebody waits", has_somebody_waiting},
    {"listening no longer", no_longer_listens},
    {"syn sent", has_sent_a_syn},
    {"refused", was_refused},
    {"refused and told", was_refused_and_knows},
    {"connected", is_connected},
    {"accepted", is_accepted},
    {"bytes wait", has_bytes},
    {"full", is_full},
    {"shut WR", shut_for_writing},
    {"shut RD", shut_for_reading},
    {"shut RD, bytes wait", shut_for_reading_with_bytes},
    {"shut RDWR", shut_both_ways},
    {"peer shut", peer_shut},
    {"peer shut, bytes wait", peer_shut_with_bytes},
    {"peer closed", peer_closed},
    {"both shut, we first", both_shut_we_first},
    {"both shut, they first", both_shut_they_first},
    {"shut WR, peer closed", shut_and_peer_closed},
    {"reset", was_reset},
    {"reset, bytes wait", was_reset_with_bytes},
    {"reset and told", was_reset_and_knows},
    {"reset in CLOSE-WAIT", was_reset_in_close_wait},
    {"disconnected", disconnected},
    {"closed", is_closed},
    {"epoll instance", is_epoll},
};
const unsigned n_states = sizeof states / sizeof states[0];
