/*
 * The layer itself: its memory, the table of descriptors, and how a call begins and ends.
 */
#include "socket/socket_internal.h"

#define ALIGN      64u
#define WORD_BITS  64u
#define WAITS_MIN  64u
#define FD_CEILING (1u << 24)

void ciao_sockets_config_default(struct ciao_sockets_config *config)
{
    *config = (struct ciao_sockets_config){
        .max_descriptors = 65536,
        .max_epoll_items = 65536,
        .max_waits = 4096,
        .somaxconn = 4096,
        .wmem_max = 212992,
        .rmem_max = 212992,
        .wmem_min = 4096,
        .rmem_min = 4096,
        .local_port_low = 32768,
        .local_port_high = 60999,
    };
}

static uint32_t map_words(const struct ciao_sockets_config *config)
{
    return (config->max_descriptors + WORD_BITS - 1) / WORD_BITS;
}

static size_t part(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t ciao_sockets_bytes(const struct ciao_sockets_config *config)
{
    return part(sizeof(struct ciao_sockets)) + part(config->max_descriptors * sizeof(struct desc))
           + part(map_words(config) * sizeof(uint64_t))
           + part(pool_bytes(sizeof(struct wait_link), config->max_waits))
           + part(pool_bytes(sizeof(struct epoll_item), config->max_epoll_items));
}

static bool is_possible(const struct ciao_sockets_config *config)
{
    return config->max_descriptors != 0 && config->max_descriptors <= FD_CEILING
           && config->max_waits != 0 && config->max_epoll_items != 0;
}

static uint32_t or_usual(uint32_t value, uint32_t usual)
{
    return value != 0 ? value : usual;
}

void ciao_sockets_limits(struct ciao_sockets *sockets, const struct ciao_sockets_config *config)
{
    struct ciao_sockets_config usual;
    ciao_sockets_config_default(&usual);
    struct ciao_sockets_config *mine = &sockets->config;
    mine->somaxconn = or_usual(config->somaxconn, usual.somaxconn);
    mine->wmem_max = or_usual(config->wmem_max, usual.wmem_max);
    mine->rmem_max = or_usual(config->rmem_max, usual.rmem_max);
    mine->wmem_min = or_usual(config->wmem_min, usual.wmem_min);
    mine->rmem_min = or_usual(config->rmem_min, usual.rmem_min);
    mine->unprivileged_port_start = config->unprivileged_port_start;
    mine->privileged = config->privileged;
    mine->local_port_low = config->local_port_low;
    mine->local_port_high = config->local_port_high;
}

struct ciao_sockets *ciao_sockets_create(const struct ciao_sockets_config *config, void *memory,
                                         struct ciao_stack *stack,
                                         const struct ciao_sockets_host *host)
{
    if (!is_possible(config))
        return NULL;
    struct arena arena;
    arena_init(&arena, memory, ciao_sockets_bytes(config));
    struct ciao_sockets *s = arena_take(&arena, sizeof *s, ALIGN);
    s->config = *config;
    ciao_sockets_limits(s, config);
    s->host = *host;
    s->stack = stack;
    s->defaults = *ciao_stack_settings(stack);
    s->descs = arena_take(&arena, config->max_descriptors * sizeof(struct desc), ALIGN);
    s->used_map = arena_take(&arena, map_words(config) * sizeof(uint64_t), ALIGN);
    const size_t waits = pool_bytes(sizeof(struct wait_link), config->max_waits);
    const size_t items = pool_bytes(sizeof(struct epoll_item), config->max_epoll_items);
    pool_init(&s->waits, arena_take(&arena, waits, ALIGN), sizeof(struct wait_link),
              config->max_waits);
    pool_init(&s->items, arena_take(&arena, items, ALIGN), sizeof(struct epoll_item),
              config->max_epoll_items);
    s->next_turn_us = UINT64_MAX;
    return s;
}

/* ---- descriptors ---- */

struct desc *desc_at(struct ciao_sockets *s, int fd)
{
    if (fd < 0 || (uint32_t)fd >= s->config.max_descriptors)
        return NULL;
    struct desc *desc = &s->descs[fd];
    return desc->kind == DESC_FREE || desc->closing ? NULL : desc;
}

struct sock *sock_at(struct ciao_sockets *s, int fd, int *error)
{
    struct desc *desc = desc_at(s, fd);
    if (desc != NULL && desc->kind == DESC_SOCKET)
        return &desc->sock;
    *error = desc == NULL ? -CIAO_ERRNO_EBADF : -CIAO_ERRNO_ENOTSOCK;
    return NULL;
}

struct desc *sock_desc(struct sock *sock)
{
    return (struct desc *)((char *)sock - offsetof(struct desc, sock));
}

/* The lowest number that is free, -1: none.  No word below lowest_free_word has one. */
static int lowest_free(struct ciao_sockets *s)
{
    const uint32_t words = map_words(&s->config);
    while (s->lowest_free_word < words && s->used_map[s->lowest_free_word] == UINT64_MAX)
        s->lowest_free_word++;
    if (s->lowest_free_word == words)
        return -1;
    const uint64_t open = ~s->used_map[s->lowest_free_word];
    const uint32_t fd = s->lowest_free_word * WORD_BITS + (uint32_t)__builtin_ctzll(open);
    return fd < s->config.max_descriptors ? (int)fd : -1;
}

int desc_new(struct ciao_sockets *s, enum desc_kind kind)
{
    int fd = lowest_free(s);
    if (fd < 0)
        return -CIAO_ERRNO_EMFILE;
    s->used_map[(uint32_t)fd / WORD_BITS] |= UINT64_C(1) << (uint32_t)fd % WORD_BITS;
    struct desc *desc = &s->descs[fd];
    const uint32_t generation = desc->generation + 1;
    memset(desc, 0, sizeof *desc);
    desc->kind = (uint8_t)kind;
    desc->generation = generation;
    return fd;
}

void desc_free(struct ciao_sockets *s, int fd)
{
    struct desc *desc = &s->descs[fd];
    ASSERT(desc->kind != DESC_FREE && desc->users == 0 && desc->waits_first == 0);
    desc->kind = DESC_FREE;
    desc->closing = false;
    const uint32_t word = (uint32_t)fd / WORD_BITS;
    s->used_map[word] &= ~(UINT64_C(1) << (uint32_t)fd % WORD_BITS);
    if (word < s->lowest_free_word)
        s->lowest_free_word = word;
}

void desc_release(struct ciao_sockets *s, struct desc *desc)
{
    ASSERT(desc->users != 0);
    if (--desc->users != 0 || !desc->closing)
        return;
    epoll_forget(s, desc);
    if (desc->kind == DESC_SOCKET)
        sock_end(s, &desc->sock);
    desc_free(s, desc_fd(s, desc));
}

bool ciao_is_socket(struct ciao_sockets *sockets, int fd)
{
    layer_enter(sockets);
    return layer_leave(sockets, desc_at(sockets, fd) != NULL) != 0;
}

ciao_conn ciao_socket_conn(struct ciao_sockets *sockets, int fd)
{
    layer_enter(sockets);
    int error;
    const struct sock *sock = sock_at(sockets, fd, &error);
    const ciao_conn conn = sock == NULL ? 0 : sock->conn;
    (void)layer_leave(sockets, 0);
    return conn;
}

/* ---- calls ---- */

int call_begin(struct call *call, struct ciao_sockets *s, int fd)
{
    int error = 0;
    layer_enter(s);
    *call = (struct call){.s = s};
    call->sock = sock_at(s, fd, &error);
    if (call->sock == NULL)
        return error;
    call->desc = sock_desc(call->sock);
    desc_hold(call->desc);
    return 0;
}

int64_t call_end(struct call *call, int64_t result)
{
    if (call->desc != NULL)
        desc_release(call->s, call->desc);
    return layer_leave(call->s, result);
}

void call_may_wait(struct call *call, bool dont_wait, uint64_t timeo_us)
{
    if (dont_wait || (call->sock->flags & SOCK_IS_NONBLOCK)) {
        call->deadline_us = 0;
    } else if (timeo_us == 0) {
        call->deadline_us = UINT64_MAX;
    } else {
        const uint64_t now = layer_now(call->s);
        call->deadline_us = timeo_us > UINT64_MAX - now ? UINT64_MAX : now + timeo_us;
    }
}

int call_wait(struct call *call)
{
    return wait_for(call->s, call->desc, call->deadline_us);
}

bool layer_readable(const struct ciao_sockets *s, const void *at, size_t len)
{
    return s->host.accessible == NULL || s->host.accessible(s->host.self, at, len, false);
}

bool layer_writable(const struct ciao_sockets *s, const void *at, size_t len)
{
    return s->host.accessible == NULL || s->host.accessible(s->host.self, at, len, true);
}

/* ---- TCP's states in Linux's numbers ---- */

static unsigned state_number(enum ciao_state state)
{
    switch (state) {
    case CIAO_CLOSED: return CIAO_TCP_CLOSE;
    case CIAO_LISTEN: return CIAO_TCP_LISTEN;
    case CIAO_SYN_SENT: return CIAO_TCP_SYN_SENT;
    case CIAO_SYN_RECEIVED: return CIAO_TCP_SYN_RECV;
    case CIAO_ESTABLISHED: return CIAO_TCP_ESTABLISHED;
    case CIAO_FIN_WAIT_1: return CIAO_TCP_FIN_WAIT1;
    case CIAO_FIN_WAIT_2: return CIAO_TCP_FIN_WAIT2;
    case CIAO_CLOSE_WAIT: return CIAO_TCP_CLOSE_WAIT;
    case CIAO_CLOSING: return CIAO_TCP_CLOSING;
    case CIAO_LAST_ACK: return CIAO_TCP_LAST_ACK;
    case CIAO_TIME_WAIT: break;
    }
    return CIAO_TCP_CLOSE;
}

unsigned sock_tcp_state(const struct ciao_sockets *s, const struct sock *sock)
{
    if (sock->phase == SOCK_LISTENING)
        return CIAO_TCP_LISTEN;
    return sock->conn == 0 ? CIAO_TCP_CLOSE : state_number(ciao_conn_state(s->stack, sock->conn));
}

bool sock_port_is_over(const struct ciao_sockets *s, const struct sock *sock)
{
    return sock->conn != 0 && (sock->flags & SOCK_PORT_CHOSEN) && !(sock->flags & SOCK_PORT_FRESH)
           && sock_tcp_state(s, sock) == CIAO_TCP_CLOSE;
}
