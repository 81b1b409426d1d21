/*
 * Stories: how they are run, what the user does, what is expected.
 */
#include "story.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coverage.h"
#include "stackmem.h"
#include "story_text.h"
#include "story_wire.h"

#define PEER_ISN     0xfffffff0u /* both ends' numbers begin 16 below the wrap */
#define BUFFER_BYTES (4u << 20)

struct case_state {
    const struct story_test *test;
    bool v6;
    struct story *r;
};

/* ---- trouble ---- */

struct story *story_at(struct story *r, const char *file, int line)
{
    r->file = file;
    r->line = line;
    return r;
}

static void print_log(const struct story *r)
{
    unsigned from = r->logged > 60 ? r->logged - 60 : 0;
    for (unsigned i = from; i < r->logged; i++) {
        const struct story_segment *segment = &r->log[i % STORY_SEGMENTS];
        char text[256];
        story_text_write(segment, text, sizeof text);
        (void)fprintf(stderr, "# %10.3f s  %s peer %u  %s\n",
                      (double)(segment->at_us - r->log[0].at_us) / 1e6,
                      segment->ours ? "we  --->" : "we <---", segment->peer, text);
    }
}

static void print_events(const struct story *r)
{
    unsigned from = r->event_count > 24 ? r->event_count - 24 : 0;
    (void)fprintf(stderr, "# told last:");
    for (unsigned i = from; i < r->event_count; i++)
        (void)fprintf(stderr, "%s%s", *story_key_of(&r->events[i]) ? " " : "",
                      story_key_of(&r->events[i]));
    (void)fprintf(stderr, "\n");
}

static const char *test_name(void)
{
    static char name[128];
    (void)snprintf(name, sizeof name, "%s", program_invocation_short_name);
    char *underscore = strchr(name, '_');
    if (underscore != NULL)
        *underscore = '/';
    return name;
}

void story_fail(struct story *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "# %s:%d (%s): ", r->file, r->line, r->v6 ? "IPv6" : "IPv4");
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
    print_log(r);
    print_events(r);
    (void)fprintf(stderr, "# again: CIAO_STORY='%s' ./test %s\n", r->name, test_name());
    _fail(r->file, r->line);
    abort();
}

/* ---- the stage ---- */

static void make_stack(struct story *r)
{
    const struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = r->mtu};
    const struct ciao_addr address = story_address(r, true);
    r->bytes = ciao_stack_bytes(&r->config);
    r->memory = stackmem_new(r->bytes);
    r->stack = ciao_stack_create(&r->config, r->memory, r->now_us);
    if (r->stack == NULL)
        story_fail(r, "there is no such stack");
    r->link = ciao_link_add(r->stack, &link);
    if (r->link < 0 || ciao_address_add(r->stack, r->link, &address, r->v6 ? 64 : 24) != 0)
        story_fail(r, "the link was refused");
    ciao_events_mask(r->stack, CIAO_EVENTS_ALL);
}

static ciao_conn connect_to(struct story *r, unsigned peer)
{
    const struct ciao_endpoint local = {.port = STORY_PORT};
    const struct ciao_endpoint remote = {story_address(r, false), (uint16_t)(STORY_PEER + peer)};
    ciao_conn conn = 0;
    int result = ciao_connect(r->stack, &remote, &local, NULL, &conn, r->now_us);
    if (result != 0)
        story_fail(r, "connect: %s", ciao_strerror(result));
    return conn;
}

/* Our first number is a clock plus a hash: a first connection tells the hash, and so the moment at
 * which the story must begin for its numbers to begin 16 below the wrap. */
static uint64_t moment_below_the_wrap(struct story *r)
{
    static uint64_t known[2];
    if (known[r->v6] != 0)
        return known[r->v6];
    r->now_us = 4000;
    make_stack(r);
    ciao_conn conn = connect_to(r, 0);
    r->peers[0].edge = 0;
    story_pump(r);
    uint32_t hash = r->peers[0].our_isn - 1000;
    (void)ciao_abort(r->stack, conn, NULL, r->now_us);
    stackmem_free(r->memory, r->bytes);
    uint64_t moment = (uint64_t)((PEER_ISN - hash) & ~1u) * 4;
    while (moment % 1000 != 0) /* whole milliseconds, for timers to be exact */
        moment += (uint64_t)1 << 34;
    known[r->v6] = moment;
    return moment;
}

static void reset_peer(struct story_peer *peer)
{
    *peer = (struct story_peer){.isn = PEER_ISN, .wnd = 65535};
}

static void forget(struct story *r)
{
    for (unsigned i = 0; i < STORY_PEERS; i++)
        reset_peer(&r->peers[i]);
    r->logged = r->sent_first = r->sent_last = r->event_count = r->event_told = 0;
}

void story_begin(struct story *r)
{
    if (r->stack != NULL)
        return;
    r->ttl = r->config.tcp.ttl;
    r->buffer_memory = stackmem_new(BUFFER_BYTES);
    if (ciao_bufpool_init(&r->buffers, r->buffer_memory, BUFFER_BYTES) == 0)
        story_fail(r, "no buffers for the peer");
    struct ciao_config config = r->config;
    r->now_us = moment_below_the_wrap(r);
    r->config = config;
    forget(r);
    make_stack(r);
}

static void small_budgets(struct ciao_config *config)
{
    ciao_config_default(config, CIAO_PROFILE_RFC);
    memset(config->seed, 7, sizeof config->seed);
    config->max_connections = 32;
    config->max_syn_records = 32;
    config->max_time_wait = 8;
    config->max_listeners = 4;
    config->max_events = 8192;
    config->max_neighbours = 16;
    config->buffer_bytes = 8u << 20;
    config->tcp.sndbuf_bytes = 256u << 10;
    config->tcp.rcvbuf_bytes = 60000; /* no scaling is needed */
}

static int set_up(void **state)
{
    struct case_state *c = *state;
    struct story *r = calloc(1, sizeof *r);
    if (r == NULL)
        return -1;
    c->r = r;
    r->v6 = c->v6;
    r->mtu = 1500;
    r->name = r->file = c->test->name;
    small_budgets(&r->config);
    forget(r);
    return 0;
}

static int tear_down(void **state)
{
    struct case_state *c = *state;
    if (c->r->stack != NULL)
        stackmem_free(c->r->memory, c->r->bytes);
    if (c->r->buffer_memory != NULL)
        stackmem_free(c->r->buffer_memory, BUFFER_BYTES);
    free(c->r);
    return 0;
}

static void run(void **state)
{
    struct case_state *c = *state;
    c->test->run(c->r);
    story_end(c->r);
}

int stories_run(const struct story_test *tests, unsigned count)
{
    static struct CMUnitTest units[256];
    static struct case_state states[256];
    static char names[256][160];
    const char *only = getenv("CIAO_STORY");
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++)
        for (unsigned v6 = 0; v6 < 2 && n < 256; v6++) {
            if (only != NULL && strcmp(only, tests[i].name) != 0)
                continue;
            (void)snprintf(names[n], sizeof names[n], "%s over IPv%s", tests[i].name,
                           v6 ? "6" : "4");
            states[n] = (struct case_state){&tests[i], v6 != 0, NULL};
            units[n] = (struct CMUnitTest){names[n], run, set_up, tear_down, &states[n]};
            n++;
        }
    return _cmocka_run_group_tests("stories", units, n, NULL, NULL);
}

/* ---- the end ---- */

static void give_all_up(struct story *r)
{
    for (unsigned i = 0; i < STORY_PEERS; i++)
        if (r->peers[i].conn != 0)
            (void)ciao_abort(r->stack, r->peers[i].conn, NULL, r->now_us);
    if (r->listener != 0)
        (void)ciao_close(r->stack, r->listener, NULL, r->now_us);
    r->listener = 0;
}

static void wait_for_all_timers(struct story *r)
{
    for (unsigned i = 0; i < 100000; i++) {
        whatever_was_sent(r);
        uint64_t next = ciao_next_deadline(r->stack);
        if (next == UINT64_MAX)
            return;
        r->now_us = next > r->now_us ? next : r->now_us;
        (void)ciao_advance(r->stack, r->now_us);
    }
    story_fail(r, "the timers never end");
}

static void expect_empty(struct story *r)
{
    struct ciao_counts c;
    ciao_counts(r->stack, &c);
    uint64_t left = (uint64_t)c.tcbs + c.syn_records + c.time_waits + c.listeners + c.sides
                    + c.queues + c.ranges + c.received_segments + c.flow_entries + c.timers
                    + c.ports_in_use + c.settings_in_use + c.reassemblies + c.neighbours_waiting
                    + c.buffer_bytes;
    if (left != 0)
        story_fail(
            r,
            "the end is not empty: %u TCBs, %u SYN records, %u TIME-WAIT, %u listeners, "
            "%u sides, %u queues, %u ranges, %u runs, %u flows, %u timers, %u ports, %u settings, "
            "%llu bytes of buffers",
            c.tcbs, c.syn_records, c.time_waits, c.listeners, c.sides, c.queues, c.ranges,
            c.received_segments, c.flow_entries, c.timers, c.ports_in_use, c.settings_in_use,
            (unsigned long long)c.buffer_bytes);
    if (ciao_bufpool_used_count(&r->buffers) != 0)
        story_fail(r, "%u frames of the peer are still held", ciao_bufpool_used_count(&r->buffers));
    if (ciao_has_output(r->stack, r->link))
        story_fail(r, "something is still to be sent");
}

void story_end(struct story *r)
{
    if (r->stack == NULL)
        return;
    story_expect_nothing_sent(r);
    give_all_up(r);
    wait_for_all_timers(r);
    expect_empty(r);
    coverage_note(r->stack);
}

/* ---- the user ---- */

struct story_peer *story_peer(struct story *r)
{
    return &r->peers[r->peer];
}

void peer_is(struct story *r, unsigned number)
{
    story_begin(r);
    story_pump(r);
    r->peer = number;
}

static void check(struct story *r, const char *call, int result)
{
    if (result != 0)
        story_fail(r, "%s: %s", call, ciao_strerror(result));
}

void story_listens(struct story *r, unsigned backlog)
{
    story_begin(r);
    struct ciao_endpoint local = {.addr = story_address(r, true), .port = STORY_PORT};
    check(r, "listen", ciao_listen(r->stack, &local, backlog, NULL, &r->listener));
}

void story_stops_listening(struct story *r)
{
    check(r, "close", ciao_close(r->stack, r->listener, NULL, r->now_us));
    r->listener = 0;
}

void story_connects(struct story *r)
{
    story_begin(r);
    reset_peer(story_peer(r));
    story_peer(r)->conn = connect_to(r, r->peer);
}

void story_accepts(struct story *r)
{
    struct ciao_info info;
    ciao_conn conn = 0;
    check(r, "accept", ciao_accept(r->stack, r->listener, &conn));
    check(r, "info", ciao_info(r->stack, conn, &info));
    if (info.remote.port != STORY_PEER + r->peer)
        story_fail(r, "accepted the connection of peer %u", info.remote.port - STORY_PEER);
    story_peer(r)->conn = conn;
}

void story_expect_nobody(struct story *r)
{
    ciao_conn conn;
    int result = ciao_accept(r->stack, r->listener, &conn);
    if (result != -CIAO_EAGAIN)
        story_fail(r, "accept answers %d", result);
}

void story_sends(struct story *r, unsigned n, unsigned flags)
{
    struct story_peer *peer = story_peer(r);
    uint8_t bytes[4096];
    while (n != 0) {
        unsigned some = n < sizeof bytes ? n : (unsigned)sizeof bytes;
        for (unsigned i = 0; i < some; i++)
            bytes[i] = story_byte(true, peer->written + i);
        bool last = n == some;
        int64_t taken =
            ciao_send(r->stack, peer->conn, bytes, some, last ? flags : CIAO_SEND_MORE, r->now_us);
        if (taken != (int64_t)some)
            story_fail(r, "send takes %lld of %u", (long long)taken, some);
        peer->written += some;
        n -= some;
    }
}

void story_reads(struct story *r, unsigned n)
{
    struct story_peer *peer = story_peer(r);
    uint8_t bytes[4096];
    while (n != 0) {
        unsigned want = n < sizeof bytes ? n : (unsigned)sizeof bytes;
        int64_t got = ciao_recv(r->stack, peer->conn, bytes, want, 0, r->now_us);
        if (got <= 0)
            story_fail(r, "recv answers %lld, %u bytes are missing", (long long)got, n);
        for (int64_t i = 0; i < got; i++)
            if (bytes[i] != story_byte(false, peer->read + (uint64_t)i))
                story_fail(r, "byte %lld read is not the peer's",
                           (long long)peer->read + (long long)i);
        peer->read += (uint64_t)got;
        n -= (unsigned)got;
    }
}

void story_expect_read(struct story *r, int64_t result)
{
    uint8_t byte;
    int64_t got = ciao_recv(r->stack, story_peer(r)->conn, &byte, 1, 0, r->now_us);
    if (got != result)
        story_fail(r, "recv answers %lld, not %lld", (long long)got, (long long)result);
}

void story_expect_send(struct story *r, int64_t result)
{
    int64_t taken = ciao_send(r->stack, story_peer(r)->conn, "x", 1, 0, r->now_us);
    if (taken != result)
        story_fail(r, "send answers %lld, not %lld", (long long)taken, (long long)result);
}

void story_expect_error(struct story *r, int error)
{
    int seen = ciao_error(r->stack, story_peer(r)->conn);
    if (seen != error)
        story_fail(r, "the error is %d (%s), not %d (%s)", seen, ciao_strerror(seen), error,
                   ciao_strerror(error));
}

void story_expect_ready(struct story *r, unsigned mask)
{
    unsigned seen = ciao_ready(r->stack, story_peer(r)->conn);
    if (seen != mask)
        story_fail(r, "readiness is %u, not %u", seen, mask);
}

void story_shuts_down(struct story *r, enum ciao_how how)
{
    check(r, "shutdown", ciao_shutdown(r->stack, story_peer(r)->conn, how, r->now_us));
}

struct ciao_event_report story_closes(struct story *r)
{
    struct ciao_event_report report;
    check(r, "close", ciao_close(r->stack, story_peer(r)->conn, &report, r->now_us));
    story_peer(r)->conn = 0;
    return report;
}

struct ciao_event_report story_aborts(struct story *r)
{
    struct ciao_event_report report;
    check(r, "abort", ciao_abort(r->stack, story_peer(r)->conn, &report, r->now_us));
    story_peer(r)->conn = 0;
    return report;
}

/* ---- the peer, and time ---- */

/* A SYN to nobody, or to an old connection, may begin a new one with new numbers. */
static void may_begin_anew(struct story *r, const struct story_text *text)
{
    enum ciao_state state = story_state(r);
    if ((text->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
        return;
    if (state != CIAO_CLOSED && state != CIAO_TIME_WAIT)
        return;
    story_peer(r)->our_isn_known = false;
    story_peer(r)->our_edge_known = false;
    story_peer(r)->written = story_peer(r)->read = 0;
}

size_t story_packet(struct story *r, const char *text, uint8_t *out, size_t room)
{
    story_begin(r);
    story_pump(r);
    struct story_text segment = story_text_read(r, text);
    may_begin_anew(r, &segment);
    return story_build(r, &segment, out, room);
}

void wire_brings(struct story *r, const uint8_t *bytes, size_t len)
{
    story_begin(r);
    story_pump(r);
    story_bring(r, bytes, len);
}

void story_peer_sends(struct story *r, const char *text)
{
    static uint8_t packet[65600];
    size_t len = story_packet(r, text, packet, sizeof packet);
    story_bring(r, packet, len);
}

void story_peer_sends_f(struct story *r, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    story_peer_sends(r, text);
}

void story_time_passes(struct story *r, uint64_t us)
{
    story_begin(r);
    uint64_t until = r->now_us + us;
    story_pump(r);
    for (uint64_t next; (next = ciao_next_deadline(r->stack)) <= until;) {
        r->now_us = next > r->now_us ? next : r->now_us;
        (void)ciao_advance(r->stack, r->now_us);
        story_pump(r);
    }
    r->now_us = until;
    (void)ciao_advance(r->stack, r->now_us);
    story_pump(r);
}

/* ---- whole chapters ---- */

void story_connected(struct story *r, const char *options)
{
    story_connects(r);
    story_expect_sent(r, "SYN seq=0");
    story_peer_sends_f(r, "SYN,ACK seq=0 ack=1 wnd=65535 <mss 1000,%s>", options);
    story_expect_sent(r, "ACK seq=1 ack=1");
    story_expect_state(r, CIAO_ESTABLISHED);
}

void story_accepted(struct story *r, const char *options)
{
    story_begin(r);
    if (r->listener == 0)
        story_listens(r, 16);
    story_peer_sends_f(r, "SYN seq=0 wnd=65535 <mss 1000,%s>", options);
    story_expect_sent(r, "SYN,ACK seq=0 ack=1");
    story_peer_sends(r, "ACK seq=1 ack=1 wnd=65535");
    story_accepts(r);
    story_expect_state(r, CIAO_ESTABLISHED);
}

void story_peer_resets(struct story *r)
{
    story_pump(r);
    story_peer_sends_f(r, "RST seq=%u", story_peer(r)->last_ack);
    story_expect_state(r, CIAO_CLOSED);
}
