/*
 * How a host comes and goes: memory, stack, drivers, sinks.  Its turns are in loop.c.
 */
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>

#include "host/host_internal.h"
#include "host/machine.h"

#define DEFAULT_POOL_BYTES ((uint64_t)256 * 1024 * 1024)
/* Whoever expects more connections than the default does have many. */
#define CROWD              (1u << 20)

static int make_stack(struct host *host, const struct host_options *options)
{
    struct ciao_config config;

    if (options->config)
        config = *options->config;
    else
        ciao_config_default(&config, CIAO_PROFILE_CIAO);
    if (!options->keep_seed) {
        int error = machine_random(config.seed, sizeof config.seed);

        if (error < 0)
            return error;
    }
    if (!options->keep_cpu)
        config.cpu = machine_cpu();
    host->cpu = config.cpu;

    host->arena_bytes = ciao_stack_bytes(&config);
    if (host->arena_bytes == 0)
        return -EINVAL;
    host->arena =
        machine_reserve(host->arena_bytes, options->huge_pages || config.max_connections > CROWD);
    if (!host->arena)
        return -ENOMEM;
    host->stack = ciao_stack_create(&config, host->arena, host_now(host));
    return host->stack ? 0 : -EINVAL;
}

static int make_pool(struct host *host, const struct host_options *options)
{
    uint64_t bytes = options->pool_bytes ? options->pool_bytes : DEFAULT_POOL_BYTES;

    host->pool_bytes = (size_t)bytes;
    host->pool_memory = machine_reserve(host->pool_bytes, options->huge_pages);
    if (!host->pool_memory)
        return -ENOMEM;
    return ciao_bufpool_init(&host->pool, host->pool_memory, host->pool_bytes) > 0 ? 0 : -EINVAL;
}

int host_open(struct host **host, const struct host_options *options)
{
    static const struct host_options defaults;
    struct host *made = calloc(1, sizeof *made);
    int error;

    if (!made)
        return -ENOMEM;
    if (!options)
        options = &defaults;
    made->virtual_clock = options->virtual_clock;
    made->virtual_now_us = options->start_us;
    for (unsigned i = 0; i < HOST_BATCH; i++) {
        made->arriving[i] = &made->arriving_store[i];
        ciao_frame_init(made->arriving[i]);
    }
    error = make_pool(made, options);
    if (error == 0)
        error = make_stack(made, options);
    if (error < 0) {
        host_close(made);
        return error;
    }
    *host = made;
    return 0;
}

static void drop_link(struct host_link *link)
{
    for (unsigned i = 0; i < link->n_waiting; i++)
        ciao_frame_release(link->waiting[i]);
    link->driver->ops->close(link->driver);
    free(link);
}

void host_close(struct host *host)
{
    /* Drivers first: they hold buffers of both memories. */
    for (unsigned i = 0; i < host->n_links; i++)
        drop_link(host->link[i]);
    machine_give_back(host->arena, host->arena_bytes);
    machine_give_back(host->pool_memory, host->pool_bytes);
    free(host);
}

struct ciao_stack *host_stack(const struct host *host)
{
    return host->stack;
}

struct ciao_bufpool *host_pool(struct host *host)
{
    return &host->pool;
}

uint32_t host_cpu(const struct host *host)
{
    return host->cpu;
}

uint64_t host_now(const struct host *host)
{
    return host->virtual_clock ? host->virtual_now_us : machine_now_us();
}

void host_set_now(struct host *host, uint64_t now_us)
{
    if (now_us > host->virtual_now_us)
        host->virtual_now_us = now_us;
}

int host_attach(struct host *host, struct ciao_driver *driver)
{
    struct host_link *link;
    int number;

    if (host->n_links == HOST_LINKS)
        return -CIAO_ENOMEM;
    link = calloc(1, sizeof *link);
    if (!link)
        return -CIAO_ENOMEM;
    number = ciao_link_add(host->stack, &driver->link);
    if (number < 0) {
        free(link);
        return number;
    }
    link->driver = driver;
    for (unsigned i = 0; i < HOST_BATCH; i++) {
        link->waiting[i] = &link->store[i];
        ciao_frame_init(link->waiting[i]);
    }
    /* A stack numbers its links 0, 1, ... in the order in which they come, as this array does. */
    host->link[host->n_links++] = link;
    return number;
}

int host_add_sink(struct host *host, host_sink sink, void *context)
{
    if (host->n_sinks == HOST_SINKS)
        return -ENOSPC;
    host->sink[host->n_sinks++] = (struct host_listener){sink, context};
    return 0;
}
