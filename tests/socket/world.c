/*
 * See world.h.
 */
#include "world.h"

#include <stdio.h>

#include "support/stackmem.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

#define WIRE_BYTES ((size_t)32 << 20)

static const char *const addresses[2][2] = {{"10.9.0.1", "fd09::1"}, {"10.9.0.2", "fd09::2"}};

/* ---- frames ---- */

#define BATCH 32u

static void flatten(const struct ciao_frame *frame, uint8_t *out)
{
    uint32_t len = frame->head_len;
    memcpy(out, frame->head, len);
    for (uint32_t i = 0; i < frame->n_frags; i++) {
        memcpy(out + len, frame->frag[i].ptr, frame->frag[i].len);
        len += frame->frag[i].len;
    }
}

static void arrive(struct world *world, unsigned at, const struct ciao_frame *sent)
{
    struct ciao_frame *frame = calloc(1, sizeof *frame);
    assert_non_null(frame);
    ciao_frame_init(frame);
    frame->buf = ciao_bufpool_take(&world->wire, sent->len);
    assert_non_null(frame->buf);
    frame->head = ciao_buf_bytes(frame->buf);
    frame->head_len = frame->len = sent->len;
    flatten(sent, frame->head);
    ciao_input(world->program[at].stack, 0, &frame, 1, world->now_us);
    free(frame);
}

/* A router on the way says that there is no way. */
static void answer_unreachable(struct world *world, unsigned from, const struct ciao_frame *sent)
{
    uint8_t quoted[1500], bytes[128];
    struct ip4_header ip;
    flatten(sent, quoted);
    if (ip4_parse(quoted, sent->len, &ip) != WIRE_OK)
        return;
    const struct icmp4_message message = {.type = ICMP4_TYPE_UNREACHABLE,
                                          .code = (uint8_t)(world->wall - 1),
                                          .body = quoted,
                                          .body_len = 28};
    const size_t len = icmp4_emit(&message, bytes + IP4_HEADER_LEN, sizeof bytes - IP4_HEADER_LEN);
    const struct ip4_header back = {.src = ip.dst,
                                    .dst = ip.src,
                                    .total_len = (uint16_t)(IP4_HEADER_LEN + len),
                                    .protocol = 1,
                                    .ttl = 64};
    ip4_emit(&back, bytes);
    const struct ciao_frame frame = {
        .head = bytes, .head_len = back.total_len, .len = back.total_len};
    arrive(world, from, &frame);
}

static unsigned carry(struct world *world, unsigned from)
{
    struct ciao_frame *frames = calloc(BATCH, sizeof *frames);
    struct ciao_frame *list[BATCH];
    assert_non_null(frames);
    for (unsigned i = 0; i < BATCH; i++)
        list[i] = &frames[i];
    const unsigned n = ciao_output(world->program[from].stack, 0, list, BATCH, world->now_us);
    for (unsigned i = 0; i < n; i++) {
        world->frames++;
        if (world->wall != 0)
            answer_unreachable(world, from, list[i]);
        else if (!world->cut)
            arrive(world, !from, list[i]);
        ciao_frame_release(list[i]);
    }
    free(frames);
    return n;
}

static void turn(struct world *world)
{
    for (unsigned i = 0; i < 2; i++)
        (void)ciao_sockets_turn(world->program[i].sockets);
}

/* One exchange; false: nobody had anything to say. */
static bool exchange(struct world *world)
{
    const unsigned carried = carry(world, 0) + carry(world, 1);
    turn(world);
    return carried != 0;
}

void world_settle(struct world *world)
{
    for (unsigned rounds = 0; exchange(world); rounds++)
        assert_true(rounds < 100000);
}

/* ---- time ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_time(const struct world *world)
{
    uint64_t next = least(ciao_next_deadline(world->program[0].stack),
                          ciao_next_deadline(world->program[1].stack));
    for (unsigned i = 0; i < WORLD_LATER; i++) {
        if (world->later[i].action != NULL)
            next = least(next, world->later[i].at_us);
    }
    return next;
}

static bool act(struct world *world)
{
    for (unsigned i = 0; i < WORLD_LATER; i++) {
        const world_action action = world->later[i].action;
        if (action == NULL || world->later[i].at_us > world->now_us)
            continue;
        world->later[i].action = NULL;
        action(world);
        return true;
    }
    return false;
}

static void go_to(struct world *world, uint64_t time_us)
{
    if (time_us > world->now_us)
        world->now_us = time_us;
    for (unsigned i = 0; i < 2; i++)
        ciao_advance(world->program[i].stack, world->now_us);
    turn(world);
}

/* The next thing happens, not later than `end`; false: nothing does until then. */
static bool step(struct world *world, uint64_t end)
{
    if (exchange(world) || act(world))
        return true;
    const uint64_t next = next_time(world);
    if (next > end)
        return false;
    go_to(world, next);
    return true;
}

void world_pass(struct world *world, uint64_t us)
{
    const uint64_t end = world->now_us + us;
    while (step(world, end))
        continue;
    go_to(world, end);
}

void world_later(struct world *world, uint64_t us, world_action action)
{
    unsigned i = 0;
    while (i < WORLD_LATER && world->later[i].action != NULL)
        i++;
    assert_true(i < WORLD_LATER);
    world->later[i].at_us = world->now_us + us;
    world->later[i].action = action;
}

/* ---- the host's table ---- */

static uint64_t host_now(void *self)
{
    return ((struct world_program *)self)->world->now_us;
}

static void host_take(void *self)
{
    struct world_program *program = self;
    assert_int_equal(program->inside, 0);
    program->inside++;
}

static void host_give(void *self)
{
    struct world_program *program = self;
    assert_int_equal(program->inside, 1);
    program->inside--;
}

static int host_wait(void *self, struct ciao_waiter *waiter, uint64_t deadline_us)
{
    struct world_program *program = self;
    struct world *world = program->world;
    int why = CIAO_WAIT_WOKEN;
    host_give(self);
    while (!waiter->woken && why == CIAO_WAIT_WOKEN) {
        if (program->signal_waiting) {
            program->signal_waiting = false;
            why = CIAO_WAIT_SIGNAL;
        } else if (!step(world, deadline_us)) {
            if (deadline_us == UINT64_MAX)
                fail_msg("a call waits for what will never happen");
            go_to(world, deadline_us);
            why = CIAO_WAIT_DEADLINE;
        }
    }
    host_take(self);
    return why;
}

static void host_wake(void *self, struct ciao_waiter *waiter)
{
    (void)self;
    assert_true(waiter->woken);
}

static void host_sigpipe(void *self)
{
    ((struct world_program *)self)->sigpipes++;
}

static bool host_accessible(void *self, const void *at, size_t len, bool write)
{
    const struct world_program *program = self;
    const uint8_t *from = at;
    (void)write;
    return from != NULL
           && (from + len <= program->bad || from >= program->bad + program->bad_bytes);
}

/* ---- making and ending ---- */

static void make_stack(struct world *world, unsigned i, const struct world_options *options)
{
    struct world_program *program = &world->program[i];
    struct ciao_config config;
    ciao_config_default(&config, options->profile);
    config.seed[0] = (uint8_t)(i + 1);
    config.max_connections = 256;
    config.max_time_wait = 256;
    config.max_syn_records = 64;
    config.max_listeners = 64;
    config.buffer_bytes = 64u << 20;
    config.port_low = 32768;
    config.port_high = 60999;
    program->stack_bytes = ciao_stack_bytes(&config);
    program->stack_memory = stackmem_new(program->stack_bytes);
    program->stack = ciao_stack_create(&config, program->stack_memory, world->now_us);
    assert_non_null(program->stack);
    const struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = 1500};
    assert_int_equal(ciao_link_add(program->stack, &link), 0);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct ciao_addr addr;
        assert_true(ciao_addr_parse(addresses[i][v6], &addr));
        assert_int_equal(ciao_address_add(program->stack, 0, &addr, v6 ? 64 : 24), 0);
    }
}

static void make_sockets(struct world *world, unsigned i, const struct world_options *options)
{
    struct world_program *program = &world->program[i];
    struct ciao_sockets_config config;
    const struct ciao_sockets_host host = {
        .self = program,
        .now_us = host_now,
        .take = host_take,
        .give = host_give,
        .wait = host_wait,
        .wake = host_wake,
        .sigpipe = host_sigpipe,
        .accessible = host_accessible,
    };
    ciao_sockets_config_default(&config);
    config.max_descriptors = options->max_descriptors ? options->max_descriptors : 256;
    config.unprivileged_port_start = options->unprivileged_port_start;
    program->world = world;
    program->sockets_bytes = ciao_sockets_bytes(&config);
    program->sockets_memory = stackmem_new(program->sockets_bytes);
    program->sockets = ciao_sockets_create(&config, program->sockets_memory, program->stack, &host);
    assert_non_null(program->sockets);
}

void world_open(struct world *world, const struct world_options *options)
{
    const struct world_options usual = {.profile = CIAO_PROFILE_LINUX};
    memset(world, 0, sizeof *world);
    world->now_us = 1 * S;
    world->wire_memory = stackmem_new(WIRE_BYTES);
    assert_true(ciao_bufpool_init(&world->wire, world->wire_memory, WIRE_BYTES) > 0);
    for (unsigned i = 0; i < 2; i++) {
        make_stack(world, i, options != NULL ? options : &usual);
        make_sockets(world, i, options != NULL ? options : &usual);
    }
}

static void expect_nothing_left(struct world *world, unsigned i)
{
    struct ciao_counts counts;
    ciao_counts(world->program[i].stack, &counts);
    assert_int_equal(counts.tcbs, 0);
    assert_int_equal(counts.syn_records, 0);
    assert_int_equal(counts.time_waits, 0);
    assert_int_equal(counts.listeners, 0);
    assert_int_equal(counts.ports_in_use, 0);
    assert_int_equal(counts.buffer_bytes, 0);
    assert_int_equal(counts.settings_in_use, 0);
    assert_int_equal(world->program[i].inside, 0);
}

void world_close(struct world *world)
{
    world->cut = false;
    for (unsigned i = 0; i < 2; i++) {
        for (int fd = 0; fd < 256; fd++)
            (void)ciao_socket_close(world->program[i].sockets, fd);
    }
    world_pass(world, 1200 * S);
    for (unsigned i = 0; i < 2; i++) {
        expect_nothing_left(world, i);
        stackmem_free(world->program[i].stack_memory, world->program[i].stack_bytes);
        stackmem_free(world->program[i].sockets_memory, world->program[i].sockets_bytes);
    }
    assert_int_equal(ciao_bufpool_used_count(&world->wire), 0);
    stackmem_free(world->wire_memory, WIRE_BYTES);
}

/* ---- what stories say often ---- */

static uint16_t network(uint16_t port)
{
    return (uint16_t)(port << 8 | port >> 8);
}

struct ciao_sockaddr_in in_at(const char *address, uint16_t port)
{
    struct ciao_addr addr;
    struct ciao_sockaddr_in in = {.sin_family = CIAO_AF_INET, .sin_port = network(port)};
    assert_true(ciao_addr_parse(address, &addr));
    memcpy(in.sin_addr, addr.b + 12, 4);
    return in;
}

struct ciao_sockaddr_in6 in6_at(const char *address, uint16_t port)
{
    struct ciao_addr addr;
    struct ciao_sockaddr_in6 in6 = {.sin6_family = CIAO_AF_INET6, .sin6_port = network(port)};
    assert_true(ciao_addr_parse(address, &addr));
    memcpy(in6.sin6_addr, addr.b, 16);
    return in6;
}

int a_socket(struct ciao_sockets *s)
{
    const int fd = ciao_socket(s, CIAO_AF_INET, CIAO_SOCK_STREAM, 0);
    assert_true(fd >= 0);
    return fd;
}

int a_socket6(struct ciao_sockets *s)
{
    const int fd = ciao_socket(s, CIAO_AF_INET6, CIAO_SOCK_STREAM, 0);
    assert_true(fd >= 0);
    return fd;
}

void set_nonblocking(struct ciao_sockets *s, int fd)
{
    assert_int_equal(ciao_fcntl(s, fd, CIAO_F_SETFL, CIAO_O_NONBLOCK), 0);
}

int bind4(struct ciao_sockets *s, int fd, const char *address, uint16_t port)
{
    const struct ciao_sockaddr_in in = in_at(address, port);
    return ciao_bind(s, fd, &in, sizeof in);
}

int bind6(struct ciao_sockets *s, int fd, const char *address, uint16_t port)
{
    const struct ciao_sockaddr_in6 in6 = in6_at(address, port);
    return ciao_bind(s, fd, &in6, sizeof in6);
}

int connect4(struct ciao_sockets *s, int fd, const char *address, uint16_t port)
{
    const struct ciao_sockaddr_in in = in_at(address, port);
    return ciao_socket_connect(s, fd, &in, sizeof in);
}

int connect6(struct ciao_sockets *s, int fd, const char *address, uint16_t port)
{
    const struct ciao_sockaddr_in6 in6 = in6_at(address, port);
    return ciao_socket_connect(s, fd, &in6, sizeof in6);
}

int a_listener(struct ciao_sockets *s, uint16_t port)
{
    const int fd = a_socket(s);
    assert_int_equal(bind4(s, fd, "0.0.0.0", port), 0);
    assert_int_equal(ciao_socket_listen(s, fd, 5), 0);
    return fd;
}

int a_listener6(struct ciao_sockets *s, uint16_t port)
{
    const int fd = a_socket6(s);
    assert_int_equal(bind6(s, fd, "::", port), 0);
    assert_int_equal(ciao_socket_listen(s, fd, 5), 0);
    return fd;
}

struct world_pair a_connection(struct world *world)
{
    struct world_pair pair;
    const int listener = a_listener(right(world), 80);
    pair.left = a_socket(left(world));
    assert_int_equal(connect4(left(world), pair.left, "10.9.0.2", 80), 0);
    world_settle(world);
    pair.right = ciao_accept4(right(world), listener, NULL, NULL, 0);
    assert_true(pair.right >= 0);
    assert_int_equal(ciao_socket_close(right(world), listener), 0);
    return pair;
}

static const char *name_text(const struct ciao_sockaddr_storage *name, char text[NAME_TEXT])
{
    char address[CIAO_ADDR_TEXT];
    struct ciao_addr addr = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    struct ciao_sockaddr_in6 in6;
    struct ciao_sockaddr_in in;
    memcpy(&in6, name, sizeof in6);
    memcpy(&in, name, sizeof in);
    const bool v6 = name->ss_family == CIAO_AF_INET6;
    if (v6)
        memcpy(addr.b, in6.sin6_addr, 16);
    else
        memcpy(addr.b + 12, in.sin_addr, 4);
    ciao_addr_format(&addr, address);
    snprintf(text, NAME_TEXT, v6 ? "[%s]:%u" : "%s:%u", address, network(in.sin_port));
    return text;
}

static const char *error_text(int error, char text[NAME_TEXT])
{
    snprintf(text, NAME_TEXT, "error %d", -error);
    return text;
}

const char *sockname(struct ciao_sockets *s, int fd, char text[NAME_TEXT])
{
    struct ciao_sockaddr_storage name;
    uint32_t len = sizeof name;
    const int error = ciao_getsockname(s, fd, &name, &len);
    return error != 0 ? error_text(error, text) : name_text(&name, text);
}

const char *peername(struct ciao_sockets *s, int fd, char text[NAME_TEXT])
{
    struct ciao_sockaddr_storage name;
    uint32_t len = sizeof name;
    const int error = ciao_getpeername(s, fd, &name, &len);
    return error != 0 ? error_text(error, text) : name_text(&name, text);
}

int64_t send_text(struct ciao_sockets *s, int fd, const char *text, int flags)
{
    const struct ciao_iovec piece = {(void *)(uintptr_t)text, strlen(text)};
    return ciao_sendto(s, fd, &piece, flags, NULL);
}

int64_t recv_bytes(struct ciao_sockets *s, int fd, void *to, size_t len, int flags)
{
    const struct ciao_iovec piece = {to, len};
    return ciao_recvfrom(s, fd, &piece, flags, NULL);
}

void expect_text(struct ciao_sockets *s, int fd, const char *text)
{
    char bytes[256];
    const int64_t got = ciao_read(s, fd, bytes, sizeof bytes - 1);
    assert_int_equal(got, strlen(text));
    bytes[got] = 0;
    assert_string_equal(bytes, text);
}

int so_error(struct ciao_sockets *s, int fd)
{
    int32_t error = -1;
    uint32_t len = sizeof error;
    const struct ciao_name value = {&error, &len};
    assert_int_equal(ciao_getsockopt(s, fd, CIAO_SOL_SOCKET, CIAO_SO_ERROR, &value), 0);
    return error;
}
