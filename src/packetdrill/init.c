/*
 * packetdrill_interface_init(): one stack, one link, one socket layer, and the table filled.
 *
 * What is impossible ends the program with a sentence, since the function cannot fail: a table
 * half filled would be called all the same.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/machine.h"
#include "packetdrill/calls.h"
#include "packetdrill/pd.h"

#define EXPORTED __attribute__((visibility("default")))

#define POOL_BYTES   (16u << 20)
#define BUFFER_BYTES (64u << 20)

static struct pd *_Atomic instance;

struct pd *pd_instance(void)
{
    return atomic_load(&instance);
}

/* ---- making and unmaking ---- */

static bool make_stack(struct pd *pd)
{
    struct ciao_config config;

    ciao_config_default(&config, pd->flags.profile);
    memset(config.seed, pd->flags.seed, sizeof config.seed);
    config.max_connections = 4096;
    config.max_time_wait = 1024;
    config.max_syn_records = 1024;
    config.max_listeners = 256;
    config.max_neighbours = 16;
    config.max_events = 1u << 12;
    config.buffer_bytes = BUFFER_BYTES;
    config.cpu = machine_cpu();
    pd->stack_bytes = ciao_stack_bytes(&config);
    pd->stack_memory = machine_reserve(pd->stack_bytes, false);
    if (!pd->stack_memory)
        return false;
    pd->stack = ciao_stack_create(&config, pd->stack_memory, pd->now_us);
    if (!pd->stack)
        return false;
    struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = pd->flags.mtu};
    pd->link = ciao_link_add(pd->stack, &link);
    return pd->link >= 0;
}

static bool make_routes(struct pd *pd)
{
    static const char *const everywhere[] = {"0.0.0.0", "::"};

    for (int i = 0; i < 2; i++) {
        struct ciao_route route = {.link = pd->link};
        if (!ciao_addr_parse(everywhere[i], &route.prefix) || ciao_route_add(pd->stack, &route) < 0)
            return false;
    }
    for (unsigned i = 0; i < pd->flags.n_locals; i++)
        pd_learn_address(pd, &pd->flags.local[i]);
    return true;
}

static bool make_sockets(struct pd *pd)
{
    struct ciao_sockets_host host = pd_time_host(pd);

    ciao_sockets_config_default(&pd->limits);
    pd->limits.max_descriptors = 1024;
    pd->limits.max_epoll_items = 1024;
    pd->limits.max_waits = 1024;
    pd->sockets_bytes = ciao_sockets_bytes(&pd->limits);
    pd->sockets_memory = machine_reserve(pd->sockets_bytes, false);
    if (!pd->sockets_memory)
        return false;
    pd->sockets = ciao_sockets_create(&pd->limits, pd->sockets_memory, pd->stack, &host);
    return pd->sockets != NULL;
}

static bool make_pool(struct pd *pd)
{
    pd->pool_bytes = POOL_BYTES;
    pd->pool_memory = machine_reserve(pd->pool_bytes, false);
    return pd->pool_memory && ciao_bufpool_init(&pd->pool, pd->pool_memory, pd->pool_bytes) > 0;
}

static void end(void *self)
{
    struct pd *pd = self;

    pd_close_all(pd);
    atomic_store(&instance, NULL);
    pd_story_end(pd);
    pd_suite_end(pd);
    pd_netdev_end(pd);
    pd_time_end(pd);
    machine_give_back(pd->sockets_memory, pd->sockets_bytes);
    machine_give_back(pd->stack_memory, pd->stack_bytes);
    machine_give_back(pd->pool_memory, pd->pool_bytes);
    free(pd);
}

/* A script that fails ends packetdrill on the spot. */
__attribute__((destructor)) static void tell_in_any_case(void)
{
    struct pd *pd = pd_instance();

    if (pd)
        pd_story_end(pd);
}

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "ciao: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct pd *make(const char *flags)
{
    char error[PD_FLAGS_ERROR];
    struct pd *pd = calloc(1, sizeof *pd);

    /* packetdrill has locked all memory to come, and time is not real here: what is reserved need
     * not be there before it is used. */
    (void)munlockall();
    if (!pd || !pd_time_init(pd))
        give_up("no memory");
    if (!pd_flags_read(flags, &pd->flags, error))
        give_up(error);
    if (!make_pool(pd) || !make_stack(pd) || !make_routes(pd) || !make_sockets(pd))
        give_up("no memory for a stack");
    if (!pd_story_begin(pd))
        give_up("no story can be told");
    pd->suite = getenv("PDSUITE_DIR");
    pd_settings_init(pd);
    return pd;
}

EXPORTED void packetdrill_interface_init(const char *flags, struct pd_table *table);
EXPORTED void packetdrill_interface_init(const char *flags, struct pd_table *table)
{
    struct pd *pd = make(flags);

    *table = (struct pd_table){
        .self = pd,
        .free = end,
        .socket = pd_socket,
        .bind = pd_bind,
        .listen = pd_listen,
        .accept = pd_accept,
        .connect = pd_connect,
        .read = pd_read,
        .readv = pd_readv,
        .recv = pd_recv,
        .recvfrom = pd_recvfrom,
        .recvmsg = pd_recvmsg,
        .write = pd_write,
        .writev = pd_writev,
        .send = pd_send,
        .sendto = pd_sendto,
        .sendmsg = pd_sendmsg,
        .fcntl = pd_fcntl,
        .ioctl = pd_ioctl,
        .close = pd_close,
        .shutdown = pd_shutdown,
        .getsockopt = pd_getsockopt,
        .setsockopt = pd_setsockopt,
        .poll = pd_poll,
        .netdev_send = pd_netdev_send,
        .netdev_receive = pd_netdev_receive,
        .usleep = pd_usleep,
        .gettimeofday = pd_gettimeofday,
        .epoll_create = pd_epoll_create,
        .epoll_ctl = pd_epoll_ctl,
        .epoll_wait = pd_epoll_wait,
        .pipe = pd_pipe,
        .splice = pd_splice,
    };
    atomic_store(&instance, pd);
}
