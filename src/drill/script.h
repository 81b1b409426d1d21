/*
 * A script in packetdrill's language, as read: options, and events in the order of the file.
 *
 * Everything in it lies in the script's own memory and is not changed by running it, so that one
 * script can be run several times (families, profiles).
 */
#ifndef DRILL_SCRIPT_H
#define DRILL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRILL_OPTIONS_MAX 40u /* bytes of options in a TCP header */

/* ---- values: what stands in the arguments of a call ---- */

enum value_kind {
    VALUE_DOTS,   /* ... */
    VALUE_NUMBER, /* 5, -1, 0x10 */
    VALUE_WORD,   /* AF_INET */
    VALUE_STRING, /* "text" */
    VALUE_LIST,   /* [a, b] */
    VALUE_STRUCT, /* {name=a, name=b} or {a, b} */
    VALUE_CALL,   /* htons(8080) */
    VALUE_OR,     /* a|b|c */
};

struct value {
    enum value_kind kind;
    int64_t number;
    const char *text;    /* WORD, STRING, CALL; terminated */
    size_t len;          /* STRING: its bytes may hold zeros */
    const char *name;    /* of a member: name=value; NULL: none */
    struct value *first; /* items of LIST and STRUCT, arguments of CALL, sides of OR */
    struct value *next;
};

/* ---- packets ---- */

enum packet_kind { PACKET_TCP, PACKET_ICMP, PACKET_OTHER };

enum tos_check { TOS_ANY, TOS_ECN, TOS_ECT01, TOS_ALL };

/* What a script says of a segment; also what the wire brought, to be compared with it. */
struct packet {
    enum packet_kind kind;
    bool outbound; /* > : the stack is to send it */
    enum tos_check tos_check;
    uint8_t tos;
    uint8_t ttl;           /* 0: not named */
    uint32_t flow;         /* flow label; 0: not named */
    uint16_t sport, dport; /* 0: the connection's */
    uint16_t flags;        /* TCP_FIN ... TCP_AE */
    uint8_t reserved;      /* the three bits behind AE */
    bool ace;              /* the three ECN flags are one number */
    bool has_window;
    bool any_options; /* <...> */
    uint16_t window, urgent;
    uint32_t seq, ack, len; /* len: of the payload; PACKET_OTHER: of what follows the header */
    uint8_t n_options;      /* bytes of options */
    uint8_t options[DRILL_OPTIONS_MAX];
    bool not_zeros; /* payload seen on the wire that is not what was written */
    /* ICMP */
    const char *icmp_type, *icmp_code; /* as words; code NULL: 0 */
    int64_t mtu;                       /* -1: not named */
    bool quotes;                       /* [seq:end(len)] was given: seq, len */
};

/* ---- calls ---- */

struct call {
    const char *name;
    struct value *args; /* chained by next */
    unsigned n_args;
    struct value *result;
    const char *error; /* "EAGAIN"; NULL: not named */
    bool blocks;       /* start...end */
    int64_t end_us;
};

/* ---- events ---- */

enum when_kind {
    WHEN_ABSOLUTE,
    WHEN_RELATIVE, /* +n */
    WHEN_ANY,      /* * */
    WHEN_RANGE,    /* a~b */
    WHEN_RELATIVE_RANGE,
};

enum event_kind { EVENT_PACKET, EVENT_CALL, EVENT_SHELL, EVENT_CODE };

struct event {
    enum event_kind kind;
    enum when_kind when;
    int64_t at_us, until_us;
    unsigned line;
    const char *needs; /* a feature that ciao does not have, without which this cannot be run */
    union {
        struct packet packet;
        struct call call;
        const char *text; /* SHELL, CODE */
    } u;
    struct event *next;
};

/* ---- the script ---- */

struct script_option {
    const char *name, *value; /* value "": none */
    unsigned line;
    struct script_option *next;
};

struct define {
    const char *name, *value;
    struct define *next;
};

struct script_error {
    unsigned line, column;
    char sentence[160];
};

struct script {
    const char *path;
    char *text; /* the file; lines end with \n */
    size_t len;
    struct script_option *options;
    struct define *defines;
    const char *init, *cleanup; /* shell commands round the events; NULL: none */
    unsigned init_line, cleanup_line;
    struct event *events;
    struct script_error error; /* of the parser */
    struct script_chunk *chunks;
};

/*
 * Read a file.  NULL without memory or when it cannot be read (errno says why); otherwise a script,
 * which may have an error: then error.line is not 0.
 *
 *   defines  words that stand for others, "NAME=VALUE" each, as --define; ends with NULL
 */
struct script *script_read(const char *path, const char *const *defines);
/* The same of a text in memory, which is copied. */
struct script *script_parse(const char *path, const char *text, size_t len,
                            const char *const *defines);
void script_free(struct script *script);

/* Zeroed memory that lives as long as the script; ends the program when there is none. */
void *script_room(struct script *script, size_t bytes);
/* A terminated copy. */
char *script_copy(struct script *script, const char *text, size_t len);

/* The text of a line, 1 the first, without its end. */
const char *script_line(const struct script *script, unsigned line, size_t *len);

/* What a defined word stands for, NULL when it is none. */
const char *script_defined(const struct script *script, const char *word);
void script_define(struct script *script, const char *name, const char *value);

#endif
