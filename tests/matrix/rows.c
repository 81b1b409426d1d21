/*
 * The rows of matrix.txt.
 */
#include "matrix/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/tcp.h"

#define COLUMNS    7
#define GROUPS_MAX 32

struct group {
    char name[24];
    uint32_t bits;
};

struct reader {
    struct matrix *matrix;
    const char *path;
    unsigned line;
    bool in_stage;
    enum stage stage;
    unsigned profiles;
    struct group places[GROUPS_MAX], acks[GROUPS_MAX];
    unsigned n_places, n_acks;
};

static _Noreturn void bad(const struct reader *in, const char *what, const char *word)
{
    (void)fprintf(stderr, "# %s:%u: %s: \"%s\"\n", in->path, in->line, what, word);
    exit(1);
}

/* The next word, in place, up to one of the characters; NULL at the end. */
static char *next_word(char **at, const char *between)
{
    char *start = *at + strspn(*at, between);
    if (*start == '\0')
        return NULL;
    char *end = start + strcspn(start, between);
    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

/* ---- names ---- */

static int index_of(const char *word, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return -1;
}

static const struct group *group_of(const char *word, const struct group *groups, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(word, groups[i].name) == 0)
            return &groups[i];
    return NULL;
}

static uint32_t place_bits(const struct reader *in, const char *word)
{
    const struct group *group = group_of(word, in->places, in->n_places);
    int place = index_of(word, place_names, PLACES);
    if (strcmp(word, "any") == 0)
        return UINT32_MAX;
    if (group == NULL && place < 0)
        bad(in, "no such place", word);
    return group != NULL ? group->bits : 1u << place;
}

static uint32_t ack_bits(const struct reader *in, const char *word)
{
    const struct group *group = group_of(word, in->acks, in->n_acks);
    int place = index_of(word, ack_names, ACKS);
    if (strcmp(word, "any") == 0)
        return UINT32_MAX;
    if (group == NULL && place < 0)
        bad(in, "no such acknowledgment", word);
    return group != NULL ? group->bits : 1u << place;
}

static uint32_t all_bits(const struct reader *in, char *words,
                         uint32_t (*bits)(const struct reader *, const char *))
{
    uint32_t all = 0;
    for (char *word; (word = next_word(&words, ", ")) != NULL;)
        all |= bits(in, word);
    return all;
}

/* ---- columns ---- */

static void read_flags(const struct reader *in, char *words, struct row *row)
{
    static const char *const names[] = {"SYN", "FIN", "RST", "ACK"};
    static const uint16_t bits[] = {TCP_SYN, TCP_FIN, TCP_RST, TCP_ACK};
    for (char *word; (word = next_word(&words, " ")) != NULL;) {
        bool off = word[0] == '!';
        int i = index_of(word + off, names, 4);
        if (i >= 0 && off)
            row->flags_off |= bits[i];
        else if (i >= 0)
            row->flags_on |= bits[i];
        else if (strcmp(word, "any") != 0)
            bad(in, "no such flag", word);
    }
}

static enum reply read_reply(const struct reader *in, const char *word)
{
    static const char *const names[REPLIES] = {"-",       "ACK",         "RST,ACK",
                                               "RST@ack", "SYN,ACK@syn", "SYN,ACK@again"};
    int i = index_of(word, names, REPLIES);
    if (i < 0)
        bad(in, "no such reply", word);
    return (enum reply)i;
}

static enum ciao_state read_state(const struct reader *in, const char *word)
{
    for (unsigned i = 0; i < CIAO_STATES; i++)
        if (strcmp(word, ciao_state_name((enum ciao_state)i)) == 0)
            return (enum ciao_state)i;
    bad(in, "no such state", word);
}

static unsigned read_effects(const struct reader *in, char *words)
{
    static const char *const names[] = {"una",     "text",    "hold", "fin",
                                        "restart", "refused", "reset"};
    unsigned effects = 0;
    for (char *word; (word = next_word(&words, " ")) != NULL;) {
        int i = index_of(word, names, 7);
        if (i < 0 && strcmp(word, "-") != 0)
            bad(in, "no such effect", word);
        effects |= i < 0 ? 0 : 1u << i;
    }
    return effects;
}

/* ---- lines ---- */

/* Columns are two spaces apart, or more. */
static unsigned split(char *line, char *column[COLUMNS])
{
    unsigned n = 0;
    while (n < COLUMNS && *line != '\0') {
        column[n++] = line;
        char *end = strstr(line, "  ");
        if (end == NULL)
            return n;
        line = end + strspn(end, " ");
        *end = '\0';
    }
    return n;
}

static void read_row(struct reader *in, char *line)
{
    char *column[COLUMNS] = {NULL};
    if (!in->in_stage)
        bad(in, "a row before the first [state]", line);
    if (split(line, column) != COLUMNS)
        bad(in, "a row has seven columns", line);
    if (in->matrix->count == ROWS_MAX)
        bad(in, "too many rows", line);
    struct row *row = &in->matrix->rows[in->matrix->count++];
    *row = (struct row){.line = in->line, .stage = in->stage, .profiles = in->profiles};
    read_flags(in, column[0], row);
    row->places = all_bits(in, column[1], place_bits);
    row->acks = all_bits(in, column[2], ack_bits);
    row->reply = read_reply(in, column[3]);
    row->next = read_state(in, column[4]);
    row->effects = read_effects(in, column[5]);
}

/* place NAME = ...   or   ack NAME = ... */
static void read_group(struct reader *in, char *line, bool ack)
{
    struct group *groups = ack ? in->acks : in->places;
    unsigned *n = ack ? &in->n_acks : &in->n_places;
    char *name = next_word(&line, " =");
    if (name == NULL || *n == GROUPS_MAX || strlen(name) >= sizeof groups->name)
        bad(in, "not the name of a group", name == NULL ? "" : name);
    struct group *group = &groups[*n];
    (void)snprintf(group->name, sizeof group->name, "%s", name);
    group->bits = all_bits(in, line + strspn(line, " ="), ack ? ack_bits : place_bits);
    ++*n;
}

/* profiles NAME ...: the rows that follow are theirs */
static void read_profiles(struct reader *in, char *words)
{
    in->profiles = 0;
    for (char *word; (word = next_word(&words, " ")) != NULL;) {
        unsigned bit = 0;
        for (unsigned i = 0; i < CIAO_PROFILES; i++)
            if (strcmp(word, ciao_profile_name((enum ciao_profile)i)) == 0)
                bit = 1u << i;
        if (bit == 0)
            bad(in, "no such profile", word);
        in->profiles |= bit;
    }
}

static void read_stage(struct reader *in, char *line)
{
    char *end = strchr(line, ']');
    if (end != NULL)
        *end = '\0';
    int i = index_of(line, stage_names, STAGES);
    if (i < 0)
        bad(in, "no such state", line);
    in->stage = (enum stage)i;
    in->in_stage = true;
    in->profiles = UINT32_MAX;
}

static void read_line(struct reader *in, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (line[0] == '[')
        read_stage(in, line + 1);
    else if (strncmp(line, "profiles ", 9) == 0)
        read_profiles(in, line + 9);
    else if (strncmp(line, "place ", 6) == 0)
        read_group(in, line + 6, false);
    else if (strncmp(line, "ack ", 4) == 0)
        read_group(in, line + 4, true);
    else
        read_row(in, line);
}

void rows_read(struct matrix *matrix, const char *path)
{
    static struct reader in;
    char line[512];
    in = (struct reader){.matrix = matrix, .path = path};
    FILE *file = fopen(path, "r");
    if (file == NULL)
        bad(&in, "can't be opened", path);
    while (fgets(line, sizeof line, file) != NULL) {
        in.line++;
        read_line(&in, line);
    }
    (void)fclose(file);
}

struct row *rows_find(struct matrix *matrix, enum stage stage, enum ciao_profile profile,
                      const struct cell *cell)
{
    for (unsigned i = 0; i < matrix->count; i++) {
        struct row *row = &matrix->rows[i];
        if (row->stage == stage && (row->profiles >> profile & 1u)
            && (cell->flags & row->flags_on) == row->flags_on && (cell->flags & row->flags_off) == 0
            && (row->places >> cell->place & 1u) && (row->acks >> cell->ack_place & 1u))
            return row;
    }
    return NULL;
}
