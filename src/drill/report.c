/*
 * What is wrong with a run: the first thing counts.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "drill/run.h"
#include "tell/tell.h"

#define PRINT(out, format)                                \
    do {                                                  \
        va_list args_;                                    \
        va_start(args_, format);                          \
        (void)vsnprintf(out, sizeof(out), format, args_); \
        va_end(args_);                                    \
    } while (0)

void run_fail(struct run *run, unsigned line, const char *format, ...)
{
    struct drill_result *result = run->result;
    if (run->failed)
        return;
    run->failed = true;
    result->verdict = DRILL_FAIL;
    result->line = line != 0 ? line : run->due.event != NULL ? run->due.event->line : 0;
    PRINT(result->sentence, format);
}

void run_expected(struct run *run, const char *format, ...)
{
    if (!run->failed)
        PRINT(run->result->expected, format);
}

void run_seen(struct run *run, const char *format, ...)
{
    if (!run->failed)
        PRINT(run->result->seen, format);
}

void run_note(struct run *run, const char *format, ...)
{
    va_list args;
    if (run->notes_file == NULL)
        return;
    va_start(args, format);
    (void)vfprintf(run->notes_file, format, args);
    va_end(args);
    (void)fputc('\n', run->notes_file);
}

void run_say(struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(run->options->out, format, args);
    va_end(args);
}

void report_ladders(struct run *run)
{
    size_t len;
    struct life *life;
    struct tell_options tell = {.lang = TELL_EN, .width = 100, .name = {"ciao", "the script"}};
    FILE *out = run->options->tell ? open_memstream(&run->result->ladder, &len) : NULL;
    if (out == NULL)
        return;
    while ((life = life_book_next(run->book, UINT64_MAX)) != NULL) {
        (void)tell_life(out, life, &tell);
        (void)fputc('\n', out);
        life_free(life);
    }
    (void)fclose(out);
}

void drill_result_free(struct drill_result *result)
{
    free(result->ladder);
    free(result->notes);
    result->ladder = result->notes = NULL;
}
