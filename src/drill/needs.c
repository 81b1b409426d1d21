/*
 * What a script uses and ciao does not have.
 *
 * Such a script is run all the same, since it may ask only that the feature be refused; when it
 * fails, this is why.
 */
#include <string.h>

#include "drill/run.h"
#include "wire/tcp.h"

static const struct {
    const char *word, *needs; /* a call's name, or the beginning of a constant's */
} words[] = {
    {"splice", "splice()"},
    {"sendfile", "sendfile()"},
    {"pipe", "pipe()"},
    {"open", "open()"},
    {"cap_set", "capabilities"},
    {"psp_", "PSP"},
    {"MSG_ZEROCOPY", "messages of the error queue"},
    {"SO_ZEROCOPY", "messages of the error queue"},
    {"SO_EE_ORIGIN_ZEROCOPY", "messages of the error queue"},
    {"SO_TIMESTAMPING", "timestamping of packets"},
    {"TCP_FASTOPEN", "TCP Fast Open"},
    {"MSG_FASTOPEN", "TCP Fast Open"},
    {"TCP_MD5SIG", "TCP MD5 signatures"},
    {"SOCK_DGRAM", "UDP"},
    {"SOCK_RAW", "raw sockets"},
};

static const char *word_needs(const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(text, words[i].word, strlen(words[i].word)) == 0)
            return words[i].needs;
    return NULL;
}

static const char *values_need(const struct value *value)
{
    for (; value != NULL; value = value->next) {
        const char *needs = value->kind == VALUE_WORD ? word_needs(value->text) : NULL;
        if (needs == NULL)
            needs = values_need(value->first);
        if (needs != NULL)
            return needs;
    }
    return NULL;
}

static const char *packet_needs(const struct packet *packet)
{
    unsigned at = 0, kind, len;
    if (packet->ace || packet->flags & TCP_AE)
        return "accurate ECN";
    while (wire_next_option(packet, &at, &kind, &len)) {
        if (kind == 34 || kind == 254)
            return "TCP Fast Open";
        if (kind == 19)
            return "TCP MD5 signatures";
        if (kind == 172 || kind == 174)
            return "accurate ECN";
    }
    return NULL;
}

static const char *text_needs(const char *text)
{
    if (text != NULL && strstr(text, "tcp_mtu_probing") != NULL)
        return "packetization-layer path MTU discovery";
    return NULL;
}

static const char *event_needs(const struct event *event)
{
    if (event->needs != NULL)
        return event->needs;
    switch (event->kind) {
    case EVENT_PACKET: return packet_needs(&event->u.packet);
    case EVENT_CALL: {
        const char *needs = word_needs(event->u.call.name);
        return needs != NULL ? needs : values_need(event->u.call.args);
    }
    case EVENT_SHELL: return text_needs(event->u.text);
    case EVENT_CODE: break;
    }
    return NULL;
}

const char *needs_of(const struct script *script)
{
    const char *needs = text_needs(script->init);
    for (const struct event *event = script->events; event != NULL && needs == NULL;
         event = event->next)
        needs = event_needs(event);
    return needs;
}
