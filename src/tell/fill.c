/*
 * Filling a text with what really happened: see words.h for the places that a text may hold.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tell/words.h"

/* Where a text grows. */
struct sink {
    char *out;
    size_t room, len;
};

static void put(struct sink *sink, const char *text, size_t len)
{
    size_t left = sink->room - sink->len - 1;
    if (len > left) {
        len = left;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--; /* never half a character */
    }
    memcpy(sink->out + sink->len, text, len);
    sink->len += len;
    sink->out[sink->len] = '\0';
}

static void put_text(struct sink *sink, const char *text)
{
    put(sink, text, strlen(text));
}

static void put_number(struct sink *sink, unsigned long long number)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", number);
    put_text(sink, text);
}

static void put_bytes(struct sink *sink, unsigned long long bytes, enum tell_lang lang)
{
    put_number(sink, bytes);
    put_text(sink, lang == TELL_ZH ? " 字节" : bytes == 1 ? " byte" : " bytes");
}

void fill_time(char *out, size_t room, uint64_t us, enum tell_lang lang)
{
    const char *seconds = lang == TELL_ZH ? "秒" : "s", *ms = lang == TELL_ZH ? "毫秒" : "ms";
    if (us % 1000 != 0)
        snprintf(out, room, "%" PRIu64 ".%03u %s", us / 1000, (unsigned)(us % 1000), ms);
    else if (us >= 1000000 && us % 1000000 == 0)
        snprintf(out, room, "%" PRIu64 " %s", us / 1000000, seconds);
    else
        snprintf(out, room, "%" PRIu64 " %s", us / 1000, ms);
}

static void put_time(struct sink *sink, uint64_t us, enum tell_lang lang)
{
    char text[48];
    fill_time(text, sizeof(text), us, lang);
    put_text(sink, text);
}

void fill_name(char *out, size_t room, const struct life *life, enum life_end end,
               const struct tell_options *options)
{
    const struct life_side *side = &life->side[end];
    if (options->name[end] != NULL) {
        snprintf(out, room, "%s", options->name[end]);
    } else if (end == LIFE_LEFT) {
        snprintf(out, room, "ciao");
    } else if (side->tuple_known) {
        char text[CIAO_ADDR_TEXT];
        ciao_addr_format(&side->addr, text);
        snprintf(out, room, "%s", text);
    } else {
        snprintf(out, room, "%s", words_label(options->lang, LABEL_PEER));
    }
}

static void put_name(struct sink *sink, const struct fill *fill, bool me)
{
    char name[128];
    enum life_end end = (fill->step->end == LIFE_LEFT) == me ? LIFE_LEFT : LIFE_RIGHT;
    fill_name(name, sizeof(name), fill->life, end, fill->options);
    put_text(sink, name);
}

static bool fill_who(struct sink *sink, const char *place, const struct fill *fill)
{
    enum life_end me = (enum life_end)fill->step->end;
    enum life_end far = me == LIFE_LEFT ? LIFE_RIGHT : LIFE_LEFT;
    if (strcmp(place, "me") == 0)
        put_name(sink, fill, true);
    else if (strcmp(place, "peer") == 0)
        put_name(sink, fill, false);
    else if (strcmp(place, "port") == 0)
        put_number(sink, fill->life->side[me].port);
    else if (strcmp(place, "far_port") == 0)
        put_number(sink, fill->life->side[far].port);
    else if (strcmp(place, "s") == 0)
        put_text(sink, fill->text == NULL ? "" : fill->text);
    else if (strcmp(place, "state") == 0)
        put_text(sink, ciao_state_name(fill->step->event.to));
    else
        return false;
    return true;
}

static bool fill_segment(struct sink *sink, const char *place, const struct fill *fill)
{
    const struct ciao_event *event = &fill->step->event;
    if (!life_has_segment(event))
        return false;
    if (strcmp(place, "seq") == 0)
        put_number(sink, life_seq(fill->life, fill->step));
    else if (strcmp(place, "ack") == 0)
        put_number(sink, life_ack(fill->life, fill->step));
    else if (strcmp(place, "len") == 0)
        put_bytes(sink, event->u.seg.len, fill->options->lang);
    else if (strcmp(place, "wnd") == 0)
        put_number(sink, event->u.seg.wnd);
    else
        return false;
    return true;
}

static bool fill_argument(struct sink *sink, const char *place, const struct fill *fill)
{
    const struct ciao_event *event = &fill->step->event;
    if (isdigit((unsigned char)place[0]) && place[1] == '\0') {
        put_number(sink, fill->number[(place[0] - '1') % 8]);
        return true;
    }
    if ((place[0] != 'a' && place[0] != 'b') || (place[1] != '\0' && place[1] != '_'))
        return false;
    uint64_t value = event->u.args[place[0] - 'a'];
    if (place[1] == '\0')
        put_number(sink, value);
    else if (strcmp(place + 1, "_time") == 0)
        put_time(sink, value, fill->options->lang);
    else if (strcmp(place + 1, "_bytes") == 0)
        put_bytes(sink, value, fill->options->lang);
    else
        return false;
    return true;
}

/* DID_OPTIONS_AGREED: scales in b, and what was agreed above them. */
static void put_options(struct sink *sink, uint64_t b, enum tell_lang lang)
{
    bool zh = lang == TELL_ZH;
    uint64_t flags = b >> 16;
    if ((flags & 0x2) != 0)
        put_text(sink, zh ? "，时间戳" : ", timestamps");
    if ((flags & 0x4) != 0)
        put_text(sink, zh ? "，SACK" : ", SACK");
    if ((flags & 0x8) == 0)
        return;
    put_text(sink, zh ? "，窗口放大 2^" : ", windows scaled by 2^");
    put_number(sink, b >> 8 & 0xFF);
    put_text(sink, zh ? " 倍和 2^" : " and 2^");
    put_number(sink, b & 0xFF);
    put_text(sink, zh ? " 倍" : "");
}

static bool fill_special(struct sink *sink, const char *place, const struct fill *fill)
{
    static const char *const timers[TELL_LANGS][3] = {
        [TELL_EN] = {"retransmission", "delayed-ACK", "patience"},
        [TELL_ZH] = {"重传", "延迟确认", "耐心"},
    };
    const struct ciao_event *event = &fill->step->event;
    enum tell_lang lang = fill->options->lang;
    if (event->type != CIAO_EVENT_REASON)
        return false;
    if (strcmp(place, "timer") == 0)
        put_text(sink, timers[lang][event->u.args[0] % 3]);
    else if (strcmp(place, "options") == 0)
        put_options(sink, event->u.args[1], lang);
    else if (strcmp(place, "a_ms") == 0)
        put_time(sink, event->u.args[0] * 1000, lang);
    else
        return false;
    return true;
}

static void fill_place(struct sink *sink, const char *place, const struct fill *fill)
{
    if (!fill_special(sink, place, fill) && !fill_who(sink, place, fill)
        && !fill_segment(sink, place, fill) && !fill_argument(sink, place, fill))
        put_text(sink, "?");
}

/* A space between Latin and Chinese letters, as careful printers set it. */
static void put_gap(struct sink *sink, const char *before, const char *after)
{
    bool latin_before = before > sink->out && isalnum((unsigned char)before[-1]);
    bool chinese_before = before > sink->out + 2 && (unsigned char)before[-3] >= 0xE4
                          && (unsigned char)before[-3] <= 0xE9;
    bool chinese_after = (unsigned char)after[0] >= 0xE4 && (unsigned char)after[0] <= 0xE9;
    if ((latin_before && chinese_after) || (chinese_before && isalnum((unsigned char)after[0])))
        put(sink, " ", 1);
}

void fill_text(char *out, size_t room, const char *text, const struct fill *fill)
{
    struct sink sink = {out, room, 0};
    out[0] = '\0';
    while (*text != '\0') {
        const char *open = strchr(text, '{');
        const char *shut = open == NULL ? NULL : strchr(open, '}');
        if (shut == NULL) {
            put_text(&sink, text);
            return;
        }
        put(&sink, text, (size_t)(open - text));
        char place[16] = "";
        size_t len = (size_t)(shut - open - 1);
        if (len < sizeof(place))
            memcpy(place, open + 1, len);
        char value[512];
        struct sink inner = {value, sizeof(value), 0};
        value[0] = '\0';
        fill_place(&inner, place, fill);
        put_gap(&sink, sink.out + sink.len, value);
        put_text(&sink, value);
        text = shut + 1;
        put_gap(&sink, sink.out + sink.len, text);
    }
}

void fill_rule(char *out, size_t room, const char *rule, enum tell_lang lang)
{
    static const char linux[] = "AS LINUX ";
    if (strncmp(rule, linux, sizeof(linux) - 1) == 0)
        snprintf(out, room, "%s%s", words_label(lang, LABEL_AS_LINUX), rule + sizeof(linux) - 1);
    else if (isdigit((unsigned char)rule[0]))
        snprintf(out, room, "RFC %s", rule);
    else
        snprintf(out, room, "%s", rule);
}
