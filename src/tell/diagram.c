/*
 * The state diagram, drawn from arcs.def: what this stack can do, and nothing else.
 */
#include <string.h>

#include "tell/tell.h"

static void state_id(char *out, size_t room, enum ciao_state state)
{
    snprintf(out, room, "%s", ciao_state_name(state));
    for (char *at = out; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
}

void tell_state_diagram(FILE *out)
{
    fputs("stateDiagram-v2\n    direction TB\n    [*] --> CLOSED\n", out);
    for (int state = 0; state < CIAO_STATES; state++) {
        char id[24];
        state_id(id, sizeof(id), (enum ciao_state)state);
        fprintf(out, "    state \"%s\" as %s\n", ciao_state_name((enum ciao_state)state), id);
    }
    for (int row = 0; row < CIAO_ARCS; row++) {
        char from[24], to[24];
        state_id(from, sizeof(from), ciao_arc_from((enum ciao_arc_row)row));
        state_id(to, sizeof(to), ciao_arc_to((enum ciao_arc_row)row));
        fprintf(out, "    %s --> %s : %s (%s)\n", from, to, ciao_arc_key((enum ciao_arc_row)row),
                ciao_who_name(ciao_arc_who((enum ciao_arc_row)row)));
    }
}
