/*
 * A call: name(arguments) = result, perhaps with the name of an error and notes in brackets.
 */
#include "drill/parse.h"

/* "(Resource temporarily unavailable)": whatever stands there, as it stands. */
static void skip_note(struct scan *scan)
{
    if (scan_sees(scan, "("))
        (void)scan_between(scan, "(", ")");
}

/* Does an error's name come?  E and capitals, and it is not the beginning of a time. */
static bool error_comes(struct scan *scan)
{
    return scan_skip(scan) && *scan->at >= 'A' && *scan->at <= 'Z';
}

void parse_call(struct scan *scan, struct call *call)
{
    call->name = scan_word(scan);
    if (call->name[0] == '\0') {
        (void)scan_fail(scan, "a packet (< or >), a call, `a command` or %%{ code }%% should come "
                              "here");
        return;
    }
    if (!scan_need(scan, "("))
        return;
    call->args = parse_values(scan, ")", &call->n_args);
    if (!scan_need(scan, "="))
        return;
    call->result = parse_value(scan);
    if (error_comes(scan))
        call->error = scan_word(scan);
    skip_note(scan);
    skip_note(scan);
}
