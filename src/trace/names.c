/*
 * The names of states, arcs, reasons and causes, from arcs.def, reasons.def and states.def.
 *
 * Keys and rules are for tools and tests; the sentences that people read live in src/tell.
 */
#include "base/assert.h"
#include "ciao/event.h"

struct arc_name {
    const char *key, *rule;
    uint8_t from, to, who;
};

struct reason_name {
    const char *key, *rule;
    uint8_t kind, who;
};

static const char *const state_names[CIAO_STATES] = {
#define STATE(name, text) [CIAO_##name] = text,
#include "ciao/states.def"
#undef STATE
};

static const struct arc_name arc_names[CIAO_ARCS] = {
#define ARC(from, to, who, rule, key) \
    [CIAO_ARC_##from##_##to##_##key] = {#key, rule, CIAO_##from, CIAO_##to, CIAO_WHO_##who},
#include "ciao/arcs.def"
#undef ARC
};

static const struct reason_name reason_names[CIAO_REASONS] = {
    [CIAO_REASON_NONE] = {"NONE", "", CIAO_KIND_NONE, CIAO_WHO_PROGRAM},
#define REASON(kind, key, who, rule) [CIAO_##key] = {#key, rule, CIAO_KIND_##kind, CIAO_WHO_##who},
#include "ciao/reasons.def"
#undef REASON
};

const char *ciao_state_name(enum ciao_state state)
{
    ASSERT((unsigned)state < CIAO_STATES);
    return state_names[state];
}

const char *ciao_who_name(enum ciao_who who)
{
    switch (who) {
    case CIAO_WHO_PEER: return "peer";
    case CIAO_WHO_PROGRAM: return "program";
    case CIAO_WHO_TIMER: return "timer";
    case CIAO_WHO_POLICY: return "policy";
    case CIAO_WHO_NETWORK: return "network";
    }
    return "nobody";
}

static const struct arc_name *arc(enum ciao_arc_row row)
{
    ASSERT((unsigned)row < CIAO_ARCS);
    return &arc_names[row];
}

const char *ciao_arc_key(enum ciao_arc_row row)
{
    return arc(row)->key;
}

const char *ciao_arc_rule(enum ciao_arc_row row)
{
    return arc(row)->rule;
}

enum ciao_who ciao_arc_who(enum ciao_arc_row row)
{
    return (enum ciao_who)arc(row)->who;
}

enum ciao_state ciao_arc_from(enum ciao_arc_row row)
{
    return (enum ciao_state)arc(row)->from;
}

enum ciao_state ciao_arc_to(enum ciao_arc_row row)
{
    return (enum ciao_state)arc(row)->to;
}

static const struct reason_name *reason_at(enum ciao_reason reason)
{
    ASSERT((unsigned)reason < CIAO_REASONS);
    return &reason_names[reason];
}

const char *ciao_reason_key(enum ciao_reason reason)
{
    return reason_at(reason)->key;
}

const char *ciao_reason_rule(enum ciao_reason reason)
{
    return reason_at(reason)->rule;
}

enum ciao_who ciao_reason_who(enum ciao_reason reason)
{
    return (enum ciao_who)reason_at(reason)->who;
}

enum ciao_reason_kind ciao_reason_kind_of(enum ciao_reason reason)
{
    return (enum ciao_reason_kind)reason_at(reason)->kind;
}
