/*
 * One event told alone, on one line: for a capture's comment, or a log.
 */
#include <string.h>

#include "tell/tell.h"
#include "tell/words.h"

/* A peer without a name begins a sentence with a capital. */
static void begin_sentences(char *text)
{
    for (char *at = text; (at = strstr(at, "the peer")) != NULL; at++)
        if (at == text || (at - text >= 2 && at[-1] == ' ' && at[-2] == '.'))
            *at = 'T';
}

int tell_event(char *out, size_t room, const struct ciao_event *event,
               const struct tell_options *options)
{
    struct life_step step = {.event = *event, .flight = LIFE_NONE, .end = LIFE_LEFT};
    struct life life = {.steps = &step, .n = 1, .incarnations = 1};
    const struct fill fill = {.life = &life, .step = &step, .options = options};
    char sentence[WORDS_TEXT];
    if (!words_sentence(sentence, sizeof(sentence), &fill))
        return 0;
    begin_sentences(sentence);
    return snprintf(out, room, "%s", sentence);
}
