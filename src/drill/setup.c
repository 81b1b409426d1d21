/*
 * A run from its beginning to its end: the script's options, the world, what is left open.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/run.h"
#include "wire/addr.h"

/* ---- the script's own options ---- */

bool drill_family_asked(const struct script *script, enum drill_family *family)
{
    for (const struct script_option *o = script->options; o != NULL; o = o->next)
        if (strcmp(o->name, "ip_version") == 0)
            return drill_family_parse(o->value, family);
    return false;
}

enum ciao_profile drill_profile_fit(const struct script *script, enum ciao_profile wanted)
{
    static const char head[] = "\n// Profiles: ";
    const char *at = strstr(script->text, head);
    enum ciao_profile first = CIAO_PROFILES;
    if (at == NULL)
        return wanted;
    at += sizeof head - 1;
    for (size_t len; *at != '\n' && *at != '\0'; at += len + (at[len] == ' ')) {
        len = strcspn(at, " \n");
        for (int i = 0; i < CIAO_PROFILES; i++) {
            const char *name = ciao_profile_name((enum ciao_profile)i);
            if (strlen(name) != len || memcmp(at, name, len) != 0)
                continue;
            if ((enum ciao_profile)i == wanted)
                return wanted;
            first = first == CIAO_PROFILES ? (enum ciao_profile)i : first;
        }
    }
    return first == CIAO_PROFILES ? wanted : first;
}

static bool read_address(struct run *run, const struct script_option *option,
                         struct ciao_addr *addr)
{
    char text[CIAO_ADDR_TEXT];
    size_t len = strcspn(option->value, "/");
    if (len < sizeof text) {
        memcpy(text, option->value, len);
        text[len] = '\0';
    }
    if (len < sizeof text && ciao_addr_parse(text, addr)
        && ip_is_v4(addr) == (run->family != DRILL_IPV6))
        return true;
    run_fail(run, option->line, "\"%s\" is no address of the family in use, %s", option->value,
             drill_family_name(run->family));
    return false;
}

static void take_option(struct run *run, const struct script_option *option)
{
    static const char *const ignored[] = {
        "ip_version",     "define",         "netmask_ip",   "gateway_ip",  "init_scripts",
        "speed",          "debug",          "verbose",      "dry_run",     "persistent_tun_dev",
        "code_command",   "code_format",    "code_sockopt", "mss",         "tcp_ts_ecr_scaled",
        "send_omit_free", "local",          "so_flags",     "so_filename", "non_fatal",
        "use_expect",     "connect_timeout"};
    const char *name = option->name;
    long number = strtol(option->value, NULL, 0);
    if (strcmp(name, "tolerance_usecs") == 0)
        run->tolerance_us = number;
    else if (strcmp(name, "tolerance_percent") == 0)
        run->tolerance_percent = strtod(option->value, NULL);
    else if (strcmp(name, "tcp_ts_tick_usecs") == 0)
        run->stamp_tick_us = number;
    else if (strcmp(name, "mtu") == 0)
        run->mtu = (uint32_t)number;
    else if (strcmp(name, "bind_port") == 0)
        run->bind_port = (uint16_t)number;
    else if (strcmp(name, "connect_port") == 0)
        run->connect_port = (uint16_t)number;
    else if (strcmp(name, "local_ip") == 0)
        (void)read_address(run, option, &run->ours);
    else if (strcmp(name, "remote_ip") == 0)
        (void)read_address(run, option, &run->peers);
    else if (strcmp(name, "strict_segments") == 0)
        run->strict_segments = true;
    else {
        for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
            if (strcmp(name, ignored[i]) == 0)
                return;
        run_fail(run, option->line, "there is no option --%s", name);
    }
}

static void take_options(struct run *run)
{
    bool v4 = run->family != DRILL_IPV6;
    (void)ciao_addr_parse(v4 ? "192.168.0.1" : "fd3d:fa7b:d17d::1", &run->ours);
    (void)ciao_addr_parse(v4 ? "192.0.2.1" : "2001:db8::1", &run->peers);
    run->mtu = v4 ? 1500 : 1520; /* as packetdrill's suite: the MSS is 1460 in either family */
    run->bind_port = run->connect_port = 8080;
    run->next_port = 40001;
    run->tolerance_us = 4000;
    run->tolerance_percent = 12.5;
    for (const struct script_option *o = run->script->options; o != NULL; o = o->next)
        take_option(run, o);
}

/* ---- from beginning to end ---- */

/* As packetdrill does: what the program left open is closed, and each connection is reset. */
static void clean_up(struct run *run)
{
    static uint8_t bytes[WIRE_ROOM];
    for (unsigned i = 0; i < run->fds; i++)
        (void)ciao_socket_close(run->sockets, run->fd[i].live);
    world_settle(run);
    for (struct talk *talk = run->talks; talk != NULL; talk = talk->next) {
        struct packet reset;
        const char *wrong;
        if (talk->stage == TALK_NEW || talk->stage == TALK_LISTENING)
            continue;
        talk_reset(talk, &reset);
        size_t len = wire_build(&reset, &talk->in, bytes, &wrong);
        world_input(run, bytes, len);
        world_settle(run);
    }
}

/* Orphans that the reset missed, lingering closes: time ends them.  Then nothing may be left. */
static void let_end(struct run *run)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t next = world_next_us(run);
        if (next == RUN_NEVER)
            break;
        world_pass(run, next);
        world_settle(run);
    }
    (void)world_nothing_left(run);
}

static void play(struct run *run)
{
    if (run->script->init != NULL)
        shell_run(run, run->script->init, run->script->init_line);
    if (run->failed || !world_open(run))
        return;
    run_next_event(run);
    if (run->due.event->when == WHEN_ABSOLUTE && run->due.at_us != 0)
        run_fail(run, run->due.event->line, "the first event should be at time 0");
    else
        (void)run_drive(run, NULL, RUN_NEVER);
    run->result->virtual_us = (uint64_t)world_time(run);
    bool failed = run->failed;
    if (failed)
        report_ladders(run);
    run->may_wait = false;
    clean_up(run);
    if (!failed)
        let_end(run);
    if (!failed && run->script->cleanup != NULL)
        shell_run(run, run->script->cleanup, run->script->cleanup_line);
}

static void free_talks(struct run *run)
{
    while (run->talks != NULL) {
        struct talk *talk = run->talks;
        run->talks = talk->next;
        free(talk);
    }
}

void drill_run(const struct script *script, enum drill_family family,
               const struct drill_options *options, struct drill_result *result)
{
    struct run run = {.script = script, .options = options, .result = result, .family = family};
    *result = (struct drill_result){.verdict = DRILL_PASS};
    sysctls_init(&run.sysctls, options->profile);
    run.sysctls.limits.privileged = true; /* packetdrill runs as root */
    take_options(&run);
    run.notes_file = open_memstream(&run.notes, &run.notes_len);
    if (!run.failed)
        play(&run);
    world_close(&run);
    free_talks(&run);
    code_free(run.code);
    if (run.notes_file != NULL)
        (void)fclose(run.notes_file);
    if (run.notes_len > 0)
        result->notes = run.notes;
    else
        free(run.notes);
    result->needs = needs_of(script);
    if (result->verdict == DRILL_FAIL && result->needs != NULL)
        result->verdict = DRILL_NEEDS;
}
