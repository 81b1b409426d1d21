/*
 * What `ciao drill` says of a script.
 */
#include <stdio.h>

#include "cli/drill.h"
#include "drill/script.h"

static const char *const verdicts[] = {"PASS ", "FAIL ", "NEEDS", "BROKEN"};

/* The script's own line, and a caret below what cannot be read. */
static void show_line(const struct drill_outcome *outcome)
{
    const struct drill_result *result = outcome->result;
    size_t len;
    if (outcome->script == NULL || result->line == 0)
        return;
    const char *line = script_line(outcome->script, result->line, &len);
    (void)printf("    %.*s\n", (int)len, line);
    if (result->column == 0)
        return;
    (void)printf("    ");
    for (unsigned i = 1; i < result->column; i++)
        (void)putchar(i <= len && line[i - 1] == '\t' ? '\t' : ' ');
    (void)printf("^\n");
}

static void show_trouble(const struct drill_outcome *outcome)
{
    const struct drill_result *result = outcome->result;
    if (result->column != 0)
        (void)printf("  %s:%u:%u: %s\n", outcome->path, result->line, result->column,
                     result->sentence);
    else if (result->line != 0)
        (void)printf("  %s:%u: %s\n", outcome->path, result->line, result->sentence);
    else
        (void)printf("  %s: %s\n", outcome->path, result->sentence);
    show_line(outcome);
    if (result->expected[0] != '\0')
        (void)printf("  expected  %s\n", result->expected);
    if (result->seen[0] != '\0')
        (void)printf("  seen      %s\n", result->seen);
    if (result->ladder != NULL && result->ladder[0] != '\0')
        (void)printf("\n%s", result->ladder);
}

void drill_report(const struct drill_outcome *outcome)
{
    const struct drill_result *result = outcome->result;
    (void)printf("%s  %-4s  %s  (%llu.%llu ms)", verdicts[result->verdict], outcome->family,
                 outcome->path, (unsigned long long)outcome->took_us / 1000,
                 (unsigned long long)outcome->took_us / 100 % 10);
    if (result->verdict == DRILL_NEEDS)
        (void)printf("  needs %s", result->needs);
    (void)putchar('\n');
    if (result->notes != NULL && (outcome->verbose || result->verdict != DRILL_PASS))
        (void)printf("%s", result->notes);
    bool told = result->verdict == DRILL_FAIL || result->verdict == DRILL_BROKEN
                || (result->verdict == DRILL_NEEDS && outcome->verbose);
    if (told)
        show_trouble(outcome);
}

void drill_report_totals(const struct drill_totals *totals)
{
    (void)printf("%u passed, %u failed", totals->passed, totals->failed);
    if (totals->needs > 0)
        (void)printf(", %u need what ciao does not have", totals->needs);
    if (totals->broken > 0)
        (void)printf(", %u could not be read", totals->broken);
    (void)printf(", in %.3f s\n", (double)totals->took_us / 1e6);
}
