/*
 * Two stacks on a link in memory: see pair.h.
 */
#include "bench/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "driver/loop.h"
#include "host/machine.h"

#define TURNS_TO_CONNECT 10

void pair_must(bool claim, const char *sentence)
{
    if (claim)
        return;
    (void)fprintf(stderr, "bench: %s\n", sentence);
    exit(1);
}

double pair_cpu_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static struct host *open_host(const struct pair_options *options, uint64_t now_us)
{
    struct ciao_config config;
    struct host_options how = {.config = &config, .virtual_clock = true, .start_us = now_us};
    struct host *host;

    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.max_connections = or_else(options->connections, 16);
    config.max_time_wait = or_else(options->time_waits, 1024);
    config.max_syn_records = 1024;
    config.max_events = 0;
    config.events = 0;
    config.tcp.sndbuf_bytes = or_else(options->buffer_bytes, 256 * 1024);
    config.tcp.rcvbuf_bytes = config.tcp.sndbuf_bytes;
    pair_must(host_open(&host, &how) == 0, "no memory for a stack");
    return host;
}

static void attach(struct host *host, struct ciao_driver *end, const char *text)
{
    struct ciao_addr addr;
    int link = host_attach(host, end);

    pair_must(link >= 0 && ciao_addr_parse(text, &addr)
                  && ciao_address_add(host_stack(host), link, &addr, 24) == 0,
              "the link is refused");
}

static void listen_everywhere(struct pair *pair, uint32_t n)
{
    struct ciao_endpoint local = {.port = PAIR_PORT};

    pair->listeners = n;
    (void)ciao_addr_parse("10.0.0.2", &local.addr);
    for (uint32_t i = 0; i < n; i++, local.port++)
        pair_must(ciao_listen(pair->s, &local, 1024, NULL, &pair->listener[i]) == 0,
                  "the server cannot listen");
}

void pair_open(struct pair *pair, const struct pair_options *options)
{
    struct loop_options how = {
        .mtu = options->mtu,
        .gso_bytes = options->gso_bytes,
        .queue = 1024,
    };
    struct ciao_driver *left, *right;

    *pair = (struct pair){.now_us = machine_now_us()};
    pair->client = open_host(options, pair->now_us);
    pair->server = open_host(options, pair->now_us);
    pair->c = host_stack(pair->client);
    pair->s = host_stack(pair->server);
    pair_must(loop_pair(&left, &right, &how) == 0, "no memory for the link");
    attach(pair->client, left, "10.0.0.1");
    attach(pair->server, right, "10.0.0.2");
    listen_everywhere(pair, or_else(options->listeners, 1));
}

void pair_close(struct pair *pair)
{
    host_close(pair->client);
    host_close(pair->server);
}

void pair_look_at_clock(struct pair *pair)
{
    pair->now_us = machine_now_us();
    host_set_now(pair->client, pair->now_us);
    host_set_now(pair->server, pair->now_us);
}

void pair_turn(struct pair *pair)
{
    pair_look_at_clock(pair);
    (void)host_send(pair->client);
    (void)host_receive(pair->server);
    (void)host_send(pair->server);
    (void)host_receive(pair->client);
}

void pair_connect(struct pair *pair, ciao_conn *client, ciao_conn *server)
{
    uint32_t which = pair->turn_ports++ % pair->listeners;
    struct ciao_endpoint remote = {.port = (uint16_t)(PAIR_PORT + which)};
    int error;

    (void)ciao_addr_parse("10.0.0.2", &remote.addr);
    error = ciao_connect(pair->c, &remote, NULL, NULL, client, pair->now_us);
    pair_must(error == 0, ciao_strerror(error));
    for (unsigned i = 0; i < TURNS_TO_CONNECT; i++) {
        pair_turn(pair);
        if (ciao_accept(pair->s, pair->listener[which], server) == 0)
            return;
    }
    pair_must(false, "the handshake does not end");
}
