/*
 * What a program sees of its sockets is the same on Linux and on ciao.
 *
 * Each case runs on both and writes down its calls and what came of them; the two texts are
 * compared.  Differences that are meant stand in differences.tsv with their reason.
 *
 *   semantics_semantics linux [PART]    prints the transcript of Linux's sockets (of cases whose
 *   semantics_semantics ciao [PART]     name contains PART), or of ciao's
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "matrix.h"
#include "states.h"

#define CASES_LEAST      400
#define DIFFERENCES_MOST 10
#define EXCUSES_MOST     16

static const struct sem_topic *const topics[] = {
    &topic_socket, &topic_bind,  &topic_listen,   &topic_connect,  &topic_accept,  &topic_names,
    &topic_read,   &topic_write, &topic_close,    &topic_shutdown, &topic_options, &topic_ioctl,
    &topic_poll,   &topic_epoll, &topic_blocking, &topic_signals,
};
static const char *const hosts[] = {LO4, LO6, LO46};

static const struct sock_api *backs[2]; /* those that the cases run on */

typedef void (*case_visitor)(const char *name, void (*run)(const void *), const void *context);

struct cell {
    unsigned call, state;
    const char *host;
};

static void run_cell(const void *context)
{
    const struct cell *cell = context;

    matrix_run(cell->call, cell->state, cell->host);
}

static void run_case(const void *context)
{
    ((const struct sem_case *)context)->run();
}

/* On both at once, so that the same has gone before. */
static void begin_afresh(void)
{
    for (unsigned i = 0; i < 2; i++)
        if (backs[i])
            backs[i]->fresh();
}

static void visit_matrix(const char *host, case_visitor visit)
{
    char name[128];

    for (unsigned call = 0; call < matrix_calls(); call++) {
        begin_afresh();
        for (unsigned state = 0; state < n_states; state++) {
            struct cell cell = {call, state, host};

            if (!matrix_has(call, state, host))
                continue;
            snprintf(name, sizeof name, "%s/%s/%s", matrix_call_name(call), states[state].name,
                     host);
            visit(name, run_cell, &cell);
        }
    }
}

static void visit_topic(const struct sem_topic *topic, case_visitor visit)
{
    char name[128];

    for (unsigned i = 0; i < topic->n; i++) {
        snprintf(name, sizeof name, "%s/%s", topic->name, topic->cases[i].name);
        begin_afresh();
        visit(name, run_case, &topic->cases[i]);
    }
}

/* ---- comparing ---- */

struct excuse {
    char name[128];
    bool used;
};
static struct excuse excuses[EXCUSES_MOST];
static unsigned n_excuses, n_cases, n_differences;

static void read_excuses(void)
{
    char path[512], line[1024];

    snprintf(path, sizeof path, "%s/tests/semantics/differences.tsv", getenv("CIAO_SOURCE"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *tab = strchr(line, '\t');

        if (line[0] == '#' || line[0] == '\n')
            continue;
        assert_non_null(tab); /* the reason follows it */
        assert_true(strlen(tab) > 10 && tab - line < 128 && n_excuses < EXCUSES_MOST);
        *tab = '\0';
        strcpy(excuses[n_excuses++].name, line);
    }
    fclose(file);
}

static bool excused(const char *name)
{
    for (unsigned i = 0; i < n_excuses; i++)
        if (strcmp(excuses[i].name, name) == 0)
            return excuses[i].used = true;
    return false;
}

static char *transcript(const struct sock_api *back, void (*run)(const void *), const void *context)
{
    calls_begin(back);
    run(context);
    calls_end();
    return strdup(calls_text());
}

/* The first line that differs, of both. */
static void print_difference(const char *on_linux, const char *on_ciao)
{
    while (*on_linux == *on_ciao) {
        const char *line = on_linux, *other = on_ciao;

        while (*line == *other && *line && *line != '\n')
            line++, other++;
        if (*line != *other || !*line)
            break;
        on_linux = line + 1;
        on_ciao = other + 1;
    }
    printf("#   linux: %.*s\n", (int)strcspn(on_linux, "\n"), on_linux);
    printf("#   ciao:  %.*s\n", (int)strcspn(on_ciao, "\n"), on_ciao);
}

/* Same text on both?  If not, say where. */
static bool is_same(const char *name, void (*run)(const void *), const void *context)
{
    char *on_linux = transcript(backs[0], run, context);
    char *on_ciao = transcript(backs[1], run, context);
    bool same = strcmp(on_linux, on_ciao) == 0;

    if (!same) {
        printf("# differs: %s\n", name);
        print_difference(on_linux, on_ciao);
    }
    free(on_linux);
    free(on_ciao);
    return same;
}

/* A machine that is busy with other things may upset what depends on time, on either side: a case
 * is heard three times. */
static void compare(const char *name, void (*run)(const void *), const void *context)
{
    n_cases++;
    for (unsigned time = 0; time < 3; time++) {
        if (is_same(name, run, context))
            return;
        begin_afresh();
    }
    if (!excused(name))
        n_differences++;
}

static void every_call_does_the_same_in_every_state(void **state)
{
    const char *host = *state;

    n_differences = 0;
    visit_matrix(host, compare);
    assert_int_equal(n_differences, 0);
}

static void the_topics_go_the_same_way(void **state)
{
    (void)state;
    n_differences = 0;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        visit_topic(topics[i], compare);
    assert_int_equal(n_differences, 0);
}

/* None of those calls may differ at all. */
static bool is_about_a_strict_call(const char *name)
{
    static const char *const strict[] = {"accept", "close", "connect", "epoll",
                                         "poll",   "read",  "write",   "shutdown"};

    for (size_t i = 0; i < sizeof strict / sizeof strict[0]; i++)
        if (strncmp(name, strict[i], strlen(strict[i])) == 0)
            return true;
    return false;
}

static void the_differences_are_few_and_real(void **state)
{
    (void)state;
    assert_true(n_cases >= CASES_LEAST);
    assert_true(n_excuses <= DIFFERENCES_MOST);
    for (unsigned i = 0; i < n_excuses; i++) {
        if (!excuses[i].used)
            print_error("no longer differs: %s\n", excuses[i].name);
        assert_true(excuses[i].used);
        assert_false(is_about_a_strict_call(excuses[i].name));
    }
}

/* ---- printing ---- */

static const struct sock_api *shown;
static const char *part;

static void show(const char *name, void (*run)(const void *), const void *context)
{
    if (!strstr(name, part))
        return;
    calls_begin(shown);
    run(context);
    calls_end();
    printf("%s\n%s", name, calls_text());
    n_cases++;
}

static int show_all(const struct sock_api *back, const char *wanted)
{
    shown = backs[0] = back;
    part = wanted;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        visit_topic(topics[i], show);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        visit_matrix(hosts[i], show);
    fprintf(stderr, "%u cases\n", n_cases);
    return 0;
}

#define AT(name, host)                                                                     \
    {                                                                                      \
        "every_call_does_the_same_in_every_state_at " name,                                \
            every_call_does_the_same_in_every_state, NULL, NULL, (void *)(uintptr_t)(host) \
    }

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        AT("IPv4", LO4),
        AT("IPv6", LO6),
        AT("a mapped address", LO46),
        cmocka_unit_test(the_topics_go_the_same_way),
        cmocka_unit_test(the_differences_are_few_and_real),
    };
    if (argc > 1)
        return show_all(strcmp(argv[1], "linux") == 0 ? api_linux() : api_ciao(),
                        argc > 2 ? argv[2] : "");
    backs[0] = api_linux();
    backs[1] = api_ciao();
    read_excuses();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    api_ciao_end();
    return failed;
}
