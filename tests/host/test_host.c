/*
 * The host's loop: a driver that is full keeps the order, time moves as it is told, events reach
 * their sinks, and two hosts on a loop talk.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "driver/loop.h"
#include "host/host.h"
#include "host/machine.h"

#define FRAMES_MOST 4096

/* A driver that takes as many frames as the test allows, and notes from which port each is. */
struct narrow {
    struct ciao_driver driver;
    unsigned allowed; /* frames that the next sends take */
    unsigned n;
    uint16_t port[FRAMES_MOST]; /* each frame's source port */
    unsigned closed;
    int error;
};

static int narrow_send(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                       uint64_t now_us)
{
    struct narrow *narrow = (struct narrow *)driver;
    unsigned taken = n < narrow->allowed ? n : narrow->allowed;

    (void)now_us;
    if (narrow->error)
        return narrow->error;
    for (unsigned i = 0; i < taken; i++) {
        assert_true(narrow->n < FRAMES_MOST);
        narrow->port[narrow->n++] = (uint16_t)(frames[i]->head[20] << 8 | frames[i]->head[21]);
        ciao_frame_release(frames[i]);
    }
    narrow->allowed -= taken;
    return (int)taken;
}

static int narrow_receive(struct ciao_driver *driver, struct ciao_frame *const *frames, unsigned n,
                          uint64_t now_us)
{
    (void)driver;
    (void)frames;
    (void)n;
    (void)now_us;
    return 0;
}

static uint64_t narrow_deadline(const struct ciao_driver *driver)
{
    (void)driver;
    return UINT64_MAX;
}

static int narrow_descriptor(const struct ciao_driver *driver)
{
    (void)driver;
    return -1;
}

static void narrow_close(struct ciao_driver *driver)
{
    ((struct narrow *)driver)->closed++;
}

static const struct ciao_driver_ops narrow_ops = {
    "narrow", narrow_send, narrow_receive, narrow_deadline, narrow_descriptor, NULL, narrow_close,
};

static struct ciao_addr addr(const char *text)
{
    struct ciao_addr parsed;

    assert_true(ciao_addr_parse(text, &parsed));
    return parsed;
}

/* The same seed, so the same run. */
static struct host *open_virtual(void)
{
    struct ciao_config config;
    struct host_options options = {
        .config = &config,
        .keep_seed = true,
        .keep_cpu = true,
        .virtual_clock = true,
        .start_us = 1000000,
    };
    struct host *host;

    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    memset(config.seed, 7, sizeof config.seed);
    config.cpu = CIAO_CPU_BASELINE;
    assert_int_equal(host_open(&host, &options), 0);
    return host;
}

static void give_address(struct host *host, int link, const char *text)
{
    struct ciao_addr address = addr(text);

    assert_int_equal(ciao_address_add(host_stack(host), link, &address, 24), 0);
}

/* A host behind a narrow driver, with so many SYNs to send. */
static struct host *open_with_syns(struct narrow *narrow, unsigned syns)
{
    struct host *host = open_virtual();
    struct ciao_endpoint remote = {addr("10.0.0.2"), 80};

    *narrow = (struct narrow){.driver = {&narrow_ops, {.kind = CIAO_LINK_IP, .mtu = 1500}}};
    assert_int_equal(host_attach(host, &narrow->driver), 0);
    give_address(host, 0, "10.0.0.1");
    for (unsigned i = 0; i < syns; i++) {
        ciao_conn conn;

        assert_int_equal(ciao_connect(host_stack(host), &remote, NULL, NULL, &conn, host_now(host)),
                         0);
    }
    return host;
}

static void a_full_driver_gets_the_rest_later_in_the_same_order(void **state)
{
    static struct narrow wide, narrow;
    struct host *host;

    (void)state;
    host = open_with_syns(&wide, 100);
    wide.allowed = FRAMES_MOST;
    assert_int_equal(host_send(host), 100);
    assert_true(host_quiet(host));
    host_close(host);

    host = open_with_syns(&narrow, 100);
    assert_int_equal(host_send(host), 0);
    assert_false(host_quiet(host));
    for (unsigned round = 1; round <= 33; round++) {
        narrow.allowed = 3;
        assert_int_equal(host_send(host), 3);
    }
    narrow.allowed = FRAMES_MOST;
    assert_int_equal(host_send(host), 1);
    assert_true(host_quiet(host));
    assert_memory_equal(narrow.port, wide.port, 100 * sizeof wide.port[0]);
    host_close(host);
    assert_int_equal(narrow.closed, 1);
}

static void the_virtual_clock_jumps_to_the_next_deadline(void **state)
{
    static struct narrow narrow;
    struct host *host = open_with_syns(&narrow, 1);
    uint64_t begun = host_now(host);

    (void)state;
    assert_int_equal(begun, 1000000);
    narrow.allowed = FRAMES_MOST;
    assert_int_equal(host_send(host), 1);
    assert_int_equal(host_now(host), begun);
    assert_int_equal(host_wait(host, NULL, 0, begun + 10), 0);
    assert_int_equal(host_now(host), begun + 10);
    assert_int_equal(host_wait(host, NULL, 0, UINT64_MAX), 0);
    assert_true(host_now(host) >= begun + 1000000); /* the SYN's timer [RFC6298 2.1] */
    assert_int_equal(host_receive(host), 0);
    assert_int_equal(host_send(host), 1);
    assert_int_equal(narrow.port[0], narrow.port[1]);
    host_close(host);
}

static void a_broken_driver_is_reported(void **state)
{
    static struct narrow narrow;
    struct host *host = open_with_syns(&narrow, 3);

    (void)state;
    narrow.error = -EIO;
    assert_int_equal(host_send(host), -EIO);
    narrow.error = 0;
    narrow.allowed = FRAMES_MOST;
    assert_int_equal(host_send(host), 3);
    host_close(host);
}

static void a_ready_descriptor_ends_the_sleep(void **state)
{
    struct host *host;
    struct pollfd fds[1];
    int ends[2];

    (void)state;
    assert_int_equal(host_open(&host, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    fds[0] = (struct pollfd){ends[0], POLLIN, 0};
    assert_int_equal(host_wait(host, fds, 1, host_now(host) + 1000), 0);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(host_wait(host, fds, 1, UINT64_MAX), 0);
    assert_int_equal(fds[0].revents, POLLIN);
    assert_int_equal(host_wait(host, fds, HOST_FDS + 1, 0), -EINVAL);
    (void)close(ends[0]);
    (void)close(ends[1]);
    host_close(host);
}

/* ---- two hosts on a loop ---- */

struct told {
    unsigned arcs, born;
};

static void count(void *context, const struct ciao_event *event)
{
    struct told *told = context;

    told->arcs += event->type == CIAO_EVENT_ARC;
    told->born += event->type == CIAO_EVENT_BORN;
}

static void turn(struct host *a, struct host *b)
{
    for (unsigned i = 0; i < 4; i++) {
        assert_true(host_receive(a) >= 0 && host_send(a) >= 0);
        assert_true(host_receive(b) >= 0 && host_send(b) >= 0);
    }
}

#define CARRIED ((size_t)1 << 20)

/* From `from` on a to `to` on b, until all is there. */
static void carry(struct host *a, ciao_conn from, struct host *b, ciao_conn to)
{
    uint8_t *sent = malloc(CARRIED), *got = malloc(CARRIED);
    size_t in = 0, out = 0;

    assert_non_null(sent);
    assert_non_null(got);
    for (size_t i = 0; i < CARRIED; i++)
        sent[i] = (uint8_t)(i * 2654435761u >> 24);
    for (unsigned round = 0; out < CARRIED && round < 100000; round++) {
        int64_t n = ciao_send(host_stack(a), from, sent + in, CARRIED - in, 0, host_now(a));

        if (n > 0)
            in += (size_t)n;
        turn(a, b);
        n = ciao_recv(host_stack(b), to, got + out, CARRIED - out, 0, host_now(b));
        if (n > 0)
            out += (size_t)n;
    }
    assert_int_equal(out, CARRIED);
    assert_memory_equal(sent, got, CARRIED);
    free(sent);
    free(got);
}

static void two_hosts_on_a_loop_talk(void **state)
{
    struct ciao_driver *left, *right;
    struct ciao_endpoint at = {addr("10.0.0.2"), 80};
    struct host *a = open_virtual(), *b = open_virtual();
    struct told told = {0, 0};
    ciao_conn listener, from, to;

    (void)state;
    assert_int_equal(loop_pair(&left, &right, NULL), 0);
    give_address(a, host_attach(a, left), "10.0.0.1");
    give_address(b, host_attach(b, right), "10.0.0.2");
    assert_int_equal(host_add_sink(a, count, &told), 0);
    assert_int_equal(ciao_listen(host_stack(b), &at, 4, NULL, &listener), 0);
    assert_int_equal(ciao_connect(host_stack(a), &at, NULL, NULL, &from, host_now(a)), 0);
    turn(a, b);
    assert_int_equal(ciao_accept(host_stack(b), listener, &to), 0);
    carry(a, from, b, to);
    carry(b, to, a, from);
    assert_int_equal(told.born, 1);
    assert_int_equal(told.arcs, 2);

    assert_int_equal(ciao_close(host_stack(a), from, NULL, host_now(a)), 0);
    turn(a, b);
    assert_int_equal(ciao_close(host_stack(b), to, NULL, host_now(b)), 0);
    turn(a, b);
    assert_int_equal(told.arcs, 5);
    assert_true(host_quiet(a) && host_quiet(b));
    assert_int_equal(ciao_bufpool_used_count(host_pool(a)), 0);
    host_close(a);
    host_close(b);
}

static void the_machine_gives_what_a_stack_needs(void **state)
{
    uint8_t one[32] = {0}, other[32] = {0};
    uint64_t before = machine_now_us();
    const uint8_t *memory = machine_reserve((size_t)1 << 32, false);

    (void)state;
    assert_int_equal(machine_random(one, sizeof one), 0);
    assert_int_equal(machine_random(other, sizeof other), 0);
    assert_memory_not_equal(one, other, sizeof one);
    assert_non_null(memory);
    assert_int_equal(memory[0] | memory[((size_t)1 << 32) - 1], 0);
    machine_give_back((void *)(uintptr_t)memory, (size_t)1 << 32);
    assert_true(machine_now_us() >= before);
    assert_true(machine_epoch_us() > 1700000000000000u);
    assert_int_equal(machine_cpu() & ~(uint32_t)(CIAO_CPU_AVX2 | CIAO_CPU_AVX512BW), 0);
}

/* Does the kernel give huge pages to the mapping that holds this address? */
static bool has_huge_pages(const void *address)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    unsigned long from, to;
    bool inside = false, huge = false;
    char line[512];

    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = from <= (unsigned long)address && (unsigned long)address < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            huge = strstr(line, " hg") != NULL;
    }
    (void)fclose(smaps);
    return huge;
}

static bool host_has_huge_pages(uint32_t connections)
{
    struct ciao_config config;
    struct host *host;
    bool huge;

    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.max_connections = connections;
    assert_int_equal(host_open(&host, &(struct host_options){.config = &config}), 0);
    huge = has_huge_pages(host_stack(host));
    host_close(host);
    return huge;
}

static void only_a_host_for_many_connections_takes_huge_pages(void **state)
{
    (void)state;
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK) != 0)
        skip();
    assert_false(host_has_huge_pages(1000));
    assert_true(host_has_huge_pages(2000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_driver_gets_the_rest_later_in_the_same_order),
        cmocka_unit_test(the_virtual_clock_jumps_to_the_next_deadline),
        cmocka_unit_test(a_broken_driver_is_reported),
        cmocka_unit_test(a_ready_descriptor_ends_the_sleep),
        cmocka_unit_test(two_hosts_on_a_loop_talk),
        cmocka_unit_test(the_machine_gives_what_a_stack_needs),
        cmocka_unit_test(only_a_host_for_many_connections_takes_huge_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
