/*
 * The text of --so_flags; see flags.h.
 */
#include "packetdrill/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU_LEAST 576
#define MTU_MOST  65535

static bool read_number(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != 0 || value < least || value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool set_profile(struct pd_flags *flags, const char *value)
{
    for (int p = 0; p < CIAO_PROFILES; p++) {
        if (strcmp(value, ciao_profile_name((enum ciao_profile)p)) == 0) {
            flags->profile = (enum ciao_profile)p;
            return true;
        }
    }
    return false;
}

static bool set_mtu(struct pd_flags *flags, const char *value)
{
    return read_number(value, MTU_LEAST, MTU_MOST, &flags->mtu);
}

static bool set_local(struct pd_flags *flags, const char *value)
{
    if (flags->n_locals == PD_LOCALS || !ciao_addr_parse(value, &flags->local[flags->n_locals]))
        return false;
    flags->n_locals++;
    return true;
}

/* Everybody who is not local is reached over the one link: there is nothing to be set. */
static bool set_remote(struct pd_flags *flags, const char *value)
{
    struct ciao_addr ignored;

    (void)flags;
    return ciao_addr_parse(value, &ignored);
}

static bool set_seed(struct pd_flags *flags, const char *value)
{
    uint32_t seed;

    if (!read_number(value, 0, 255, &seed))
        return false;
    flags->seed = (uint8_t)seed;
    return true;
}

static bool set_trace(struct pd_flags *flags, const char *value)
{
    if (*value == 0 || strlen(value) >= sizeof flags->trace)
        return false;
    (void)strcpy(flags->trace, value);
    return true;
}

static bool set_tell(struct pd_flags *flags, const char *value)
{
    flags->tell = true;
    return *value == 0;
}

static const struct {
    const char *name;
    bool (*set)(struct pd_flags *flags, const char *value);
    const char *takes;
} known[] = {
    {"profile", set_profile, "ciao, rfc or linux"},
    {"mtu", set_mtu, "a number of bytes, 576 to 65535"},
    {"local", set_local, "an address of the stack's, at most eight of them"},
    {"remote", set_remote, "the peer's address"},
    {"seed", set_seed, "a number from 0 to 255"},
    {"trace", set_trace, "the name of a file"},
    {"tell", set_tell, "no value"},
};

static bool set_word(struct pd_flags *flags, char *word, char error[PD_FLAGS_ERROR])
{
    char *equals = strchr(word, '=');
    char *value = equals ? equals + 1 : word + strlen(word);

    if (equals)
        *equals = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(word, known[i].name) != 0)
            continue;
        if (known[i].set(flags, value))
            return true;
        (void)snprintf(error, PD_FLAGS_ERROR, "flag \"%.20s\" takes %s, not \"%.60s\"", word,
                       known[i].takes, value);
        return false;
    }
    (void)snprintf(error, PD_FLAGS_ERROR,
                   "no flag \"%.40s\": there are profile= mtu= local= remote= seed= trace= tell",
                   word);
    return false;
}

bool pd_flags_read(const char *text, struct pd_flags *flags, char error[PD_FLAGS_ERROR])
{
    *flags = (struct pd_flags){.profile = CIAO_PROFILE_LINUX, .mtu = 1500};
    if (!text)
        return true;

    char *words = strdup(text);
    bool good = words != NULL;
    char *rest = NULL;
    for (char *word = words ? strtok_r(words, ",; ", &rest) : NULL; word && good;
         word = strtok_r(NULL, ",; ", &rest))
        good = set_word(flags, word, error);
    free(words);
    return good;
}
