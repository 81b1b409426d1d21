/*
 * The calls of a script: found by name, given their arguments, compared with what they returned.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "drill/call.h"
#include "drill/names.h"
#include "wire/addr.h"

#define BUFFER_MOST (INT64_C(1) << 28)
#define NO_FD       9999 /* a descriptor that nobody has */

/* ---- descriptors ---- */

/* A script may accept() two connections under one number: the later one is meant. */
int fd_live(const struct run *run, int script_fd)
{
    for (unsigned i = run->fds; i-- > 0;)
        if (run->fd[i].script == script_fd)
            return run->fd[i].live;
    return -1;
}

void fd_add(struct run *run, int script_fd, int live_fd)
{
    if (run->fds == RUN_FDS)
        run_fail(run, 0, "a script can have %d descriptors at a time, and no more", RUN_FDS);
    else
        run->fd[run->fds++] = (struct fd_pair){script_fd, live_fd};
}

void fd_remove(struct run *run, int script_fd)
{
    for (unsigned i = run->fds; i-- > 0;) {
        if (run->fd[i].script != script_fd)
            continue;
        run->fds--;
        memmove(&run->fd[i], &run->fd[i + 1], (run->fds - i) * sizeof run->fd[0]);
        return;
    }
}

struct talk *call_talk(struct run *run, int script_fd)
{
    for (struct talk *talk = run->talks; talk != NULL; talk = talk->next)
        if (talk->script_fd == script_fd)
            return talk;
    return NULL;
}

struct talk *call_new_talk(struct run *run, int script_fd, int live_fd)
{
    struct talk *talk = calloc(1, sizeof *talk);
    if (talk == NULL)
        abort();
    talk->script_fd = script_fd;
    talk->live_fd = live_fd;
    talk->in = (struct wire_ends){run->peers, run->ours, run->connect_port, 0};
    talk->next = run->talks;
    run->talks = run->talk = talk;
    return talk;
}

/* ---- arguments ---- */

void call_wrong(struct calling *c, const char *format, ...)
{
    char text[DRILL_TEXT / 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->wrong = true;
    run_fail(c->run, c->due->event->line, "%s(): %s", c->call->name, text);
}

static int64_t call_function(struct calling *c, const struct value *value)
{
    struct ciao_addr addr;
    const struct value *arg = value->first;
    if (arg != NULL && strcmp(value->text, "htons") == 0)
        return (int64_t)__builtin_bswap16((uint16_t)call_number(c, arg));
    if (arg != NULL && arg->kind == VALUE_STRING && strcmp(value->text, "inet_addr") == 0
        && ciao_addr_parse(arg->text, &addr))
        return (int64_t)__builtin_bswap32(get_be32(addr.b + 12));
    call_wrong(c, "%s() makes no sense here", value->text);
    return 0;
}

int64_t call_number(struct calling *c, const struct value *value)
{
    int64_t number = 0;
    switch (value->kind) {
    case VALUE_NUMBER: return value->number;
    case VALUE_WORD:
        if (!name_constant(value->text, &number))
            call_wrong(c, "\"%s\" is no constant that is known here", value->text);
        return number;
    case VALUE_OR:
        for (const struct value *side = value->first; side != NULL; side = side->next)
            number |= call_number(c, side);
        return number;
    case VALUE_CALL: return call_function(c, value);
    case VALUE_DOTS:
    case VALUE_STRING:
    case VALUE_LIST:
    case VALUE_STRUCT: break;
    }
    call_wrong(c, "a number is missing among its arguments");
    return 0;
}

const struct value *call_arg(const struct calling *c, unsigned i)
{
    const struct value *value = c->call->args;
    while (i-- > 0)
        value = value->next;
    return value;
}

int64_t call_int(struct calling *c, unsigned i)
{
    return call_number(c, call_arg(c, i));
}

int call_fd(struct calling *c, unsigned i)
{
    int script = (int)call_int(c, i), live = fd_live(c->run, script);
    return live < 0 && script >= 0 ? NO_FD : live;
}

int64_t call_in_list(struct calling *c, unsigned i)
{
    const struct value *value = call_arg(c, i);
    if ((value->kind == VALUE_LIST || value->kind == VALUE_STRUCT) && value->first != NULL)
        return call_number(c, value->first);
    call_wrong(c, "argument %u should be a number in brackets: [n]", i + 1);
    return 0;
}

const struct value *call_member(const struct value *group, const char *name)
{
    for (const struct value *item = group->first; item != NULL; item = item->next)
        if (item->name != NULL && strcmp(item->name, name) == 0)
            return item;
    return NULL;
}

void *call_buffer(struct calling *c, const struct value *value, int64_t len)
{
    if (value->kind != VALUE_DOTS && call_number(c, value) == 0)
        return NULL;
    if (value->kind != VALUE_DOTS || len < 0 || len > BUFFER_MOST) {
        call_wrong(c, "a buffer is \"...\" or 0, of at most 256 MB");
        return NULL;
    }
    void *buffer = calloc(1, (size_t)len + 1);
    if (buffer == NULL)
        call_wrong(c, "there is no memory for its buffer");
    return buffer;
}

/* ---- addresses ---- */

static uint32_t put_address(const struct ciao_addr *addr, uint16_t port, bool v6, void *out)
{
    if (v6) {
        struct ciao_sockaddr_in6 in6 = {.sin6_family = CIAO_AF_INET6};
        put_be16(&in6.sin6_port, port);
        memcpy(in6.sin6_addr, addr->b, sizeof in6.sin6_addr);
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
    struct ciao_sockaddr_in in = {.sin_family = CIAO_AF_INET};
    put_be16(&in.sin_port, port);
    memcpy(in.sin_addr, addr->b + 12, sizeof in.sin_addr);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

/* {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("10.0.0.1")} */
static uint32_t written_address(struct calling *c, const struct value *value, void *out)
{
    const struct value *family = call_member(value, "sa_family");
    const struct value *port = call_member(value, "sin_port");
    const struct value *addr = call_member(value, "sin_addr");
    struct ciao_addr address;
    if (family == NULL || port == NULL || addr == NULL || addr->kind != VALUE_CALL
        || addr->first == NULL || addr->first->kind != VALUE_STRING
        || !ciao_addr_parse(addr->first->text, &address)) {
        call_wrong(c, "an address is \"...\", a family, or {sa_family = AF_INET, sin_port = "
                      "htons(80), sin_addr = inet_addr(\"10.0.0.1\")}");
        return 0;
    }
    uint16_t number = __builtin_bswap16((uint16_t)call_number(c, port));
    return put_address(&address, number, call_number(c, family) == CIAO_AF_INET6, out);
}

uint32_t call_address(struct calling *c, const struct value *value, enum call_side side, void *out)
{
    const struct run *run = c->run;
    memset(out, 0, sizeof(struct ciao_sockaddr_storage));
    if (value->kind == VALUE_STRUCT)
        return written_address(c, value, out);
    if (value->kind != VALUE_DOTS) {
        uint16_t family = (uint16_t)call_number(c, value);
        memcpy(out, &family, sizeof family);
        return sizeof(struct ciao_sockaddr_storage);
    }
    bool ours = side == CALL_OURS;
    return put_address(ours ? &run->ours : &run->peers, ours ? run->bind_port : run->connect_port,
                       run->family != DRILL_IPV4, out);
}

/* ---- the end of a call ---- */

static bool in_time(struct calling *c)
{
    const struct due *due = c->due;
    struct when_asked asked = {WHEN_ABSOLUTE, due->end_us, 0, due->at_us};
    if (!c->call->blocks || c->run->failed)
        return true;
    if (compare_time(c->run, &asked, world_time(c->run), "this call returns"))
        return true;
    c->run->result->line = due->event->line;
    return false;
}

static void say_result(struct calling *c, int64_t result)
{
    if (result < 0)
        run_seen(c->run, "-1 %s", name_of_error(-result));
    else
        run_seen(c->run, "%lld", (long long)result);
}

static bool differs(struct calling *c, int64_t expected)
{
    if (c->call->error != NULL)
        run_expected(c->run, "%s() = %lld %s", c->call->name, (long long)expected, c->call->error);
    else
        run_expected(c->run, "%s() = %lld", c->call->name, (long long)expected);
    say_result(c, c->result);
    run_fail(c->run, c->due->event->line, "%s() returned something else", c->call->name);
    return false;
}

static bool same_error(struct calling *c, int64_t expected)
{
    int64_t number;
    if (c->call->error == NULL)
        return true;
    if (!name_error(c->call->error, &number)) {
        call_wrong(c, "\"%s\" is no error that is known here", c->call->error);
        return false;
    }
    return c->result == -number || differs(c, expected);
}

static bool ends(struct calling *c, bool any_fd)
{
    if (c->run->failed)
        return false;
    int64_t expected = call_number(c, c->call->result);
    int64_t returned = c->result < 0 ? -1 : c->result;
    if (c->wrong || !in_time(c))
        return false;
    if (any_fd && expected >= 0 && returned >= 0)
        return true;
    return returned == expected ? same_error(c, expected) : differs(c, expected);
}

bool call_ends(struct calling *c)
{
    return ends(c, false);
}

bool call_ends_fd(struct calling *c)
{
    if (!ends(c, true))
        return false;
    if (c->result < 0)
        return true;
    int script = (int)call_number(c, c->call->result);
    if (fd_live(c->run, script) >= 0 && strncmp(c->call->name, "accept", 6) != 0) {
        call_wrong(c, "the script has a descriptor %d already", script);
        return false;
    }
    fd_add(c->run, script, (int)c->result);
    return true;
}

/* ---- which call ---- */

static const struct entry {
    const char *name;
    unsigned least, most; /* arguments */
    void (*run)(struct calling *c);
} entries[] = {
    {"socket", 3, 3, call_socket},
    {"bind", 3, 3, call_bind},
    {"listen", 2, 2, call_listen},
    {"accept", 3, 3, call_accept},
    {"accept4", 4, 4, call_accept},
    {"connect", 3, 3, call_connect},
    {"close", 1, 1, call_close},
    {"shutdown", 2, 2, call_shutdown},
    {"read", 3, 3, call_read},
    {"write", 3, 3, call_write},
    {"readv", 3, 3, call_readv},
    {"writev", 3, 3, call_writev},
    {"recv", 4, 4, call_recv},
    {"send", 4, 4, call_send},
    {"recvfrom", 6, 6, call_recvfrom},
    {"sendto", 6, 6, call_sendto},
    {"recvmsg", 3, 3, call_recvmsg},
    {"sendmsg", 3, 3, call_sendmsg},
    {"getsockopt", 5, 5, call_getsockopt},
    {"setsockopt", 5, 5, call_setsockopt},
    {"fcntl", 2, 3, call_fcntl},
    {"ioctl", 2, 3, call_ioctl},
    {"poll", 3, 3, call_poll},
    {"epoll_create", 1, 1, call_epoll_create},
    {"epoll_create1", 1, 1, call_epoll_create},
    {"epoll_ctl", 4, 4, call_epoll_ctl},
    {"epoll_wait", 4, 4, call_epoll_wait},
};

static const struct entry *find(const char *name)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i];
    return NULL;
}

void call_run(struct run *run, const struct due *due)
{
    const struct due kept = *due;
    struct calling c = {.run = run, .due = &kept, .call = &due->event->u.call};
    const struct entry *entry = find(c.call->name);
    if (entry == NULL) {
        run_fail(run, due->event->line, "there is no call %s() here", c.call->name);
        return;
    }
    if (c.call->n_args < entry->least || c.call->n_args > entry->most) {
        call_wrong(&c, "it takes %u arguments, and here are %u", entry->least, c.call->n_args);
        return;
    }
    run->may_wait = c.call->blocks;
    run->waiting_line = due->event->line;
    entry->run(&c);
    run->may_wait = false;
    run->waiting_line = 0;
}
