/*
 * A host, a baton and a socket layer, put together: see sockets_host.h.
 */
#include "host/sockets_host.h"

#include <errno.h>
#include <stdlib.h>

#include "host/baton.h"
#include "host/machine.h"

struct host_sockets {
    struct host *host;
    struct baton baton;
    struct ciao_sockets *layer;
    void *memory;
    size_t bytes;
};

static int make_layer(struct host_sockets *all, const struct ciao_sockets_config *config)
{
    struct ciao_sockets_config usual;
    struct ciao_sockets_host table = baton_table;

    if (!config) {
        ciao_sockets_config_default(&usual);
        config = &usual;
    }
    all->bytes = ciao_sockets_bytes(config);
    if (all->bytes == 0)
        return -EINVAL;
    all->memory = machine_reserve(all->bytes, false);
    if (!all->memory)
        return -ENOMEM;
    table.self = &all->baton;
    all->layer = ciao_sockets_create(config, all->memory, host_stack(all->host), &table);
    all->baton.layer = all->layer;
    return all->layer ? 0 : -EINVAL;
}

int host_sockets_open(struct host_sockets **made, const struct host_options *options,
                      const struct ciao_sockets_config *config)
{
    struct host_sockets *all;
    int error;

    if (options && options->virtual_clock)
        return -EINVAL;
    all = calloc(1, sizeof *all);
    if (!all)
        return -ENOMEM;
    error = host_open(&all->host, options);
    if (error < 0) {
        free(all);
        return error;
    }
    error = baton_open(&all->baton, all->host);
    if (error == 0)
        error = make_layer(all, config);
    if (error == 0)
        error = baton_start_helper(&all->baton);
    if (error < 0) {
        host_sockets_close(all);
        return error;
    }
    *made = all;
    return 0;
}

void host_sockets_close(struct host_sockets *all)
{
    baton_close(&all->baton);
    machine_give_back(all->memory, all->bytes);
    host_close(all->host);
    free(all);
}

struct ciao_sockets *host_sockets_layer(const struct host_sockets *all)
{
    return all->layer;
}

struct host *host_sockets_enter(struct host_sockets *all)
{
    baton_take(&all->baton);
    return all->host;
}

void host_sockets_leave(struct host_sockets *all)
{
    baton_news(&all->baton);
    baton_give(&all->baton);
}

void host_sockets_settle(struct host_sockets *all)
{
    baton_take(&all->baton);
    while (baton_turn(&all->baton) || host_deadline(all->host) <= host_now(all->host))
        ;
    baton_give(&all->baton);
}

void host_sockets_check_pointers(struct host_sockets *all, bool check)
{
    baton_take(&all->baton);
    all->baton.check_pointers = check;
    baton_give(&all->baton);
}
