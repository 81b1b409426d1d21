/*
 * The language in which stories write segments.
 */
#include "story_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint16_t bit;
} flag_names[] = {
    {"SYN", TCP_SYN}, {"FIN", TCP_FIN}, {"RST", TCP_RST}, {"PSH", TCP_PSH}, {"ACK", TCP_ACK},
    {"URG", TCP_URG}, {"ECE", TCP_ECE}, {"CWR", TCP_CWR}, {"-", 0},
};

struct reader {
    struct story *r;
    const char *text, *at;
};

static _Noreturn void bad(const struct reader *in)
{
    story_fail(in->r, "can't read \"%s\" at \"%s\"", in->text, in->at);
}

static bool take(struct reader *in, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(in->at, word, len) != 0)
        return false;
    in->at += len;
    return true;
}

static void skip(struct reader *in, const char *these)
{
    in->at += strspn(in->at, these);
}

static uint32_t number(struct reader *in)
{
    char *end;
    long long value = strtoll(in->at, &end, 0);
    if (end == in->at)
        bad(in);
    in->at = end;
    return (uint32_t)value;
}

static uint32_t number_or_any(struct reader *in, bool *any)
{
    skip(in, " ");
    *any = take(in, "*");
    return *any ? 0 : number(in);
}

static void read_flags(struct reader *in, struct story_text *out)
{
    for (;;) {
        size_t i = 0;
        while (i < sizeof flag_names / sizeof flag_names[0] && !take(in, flag_names[i].name))
            i++;
        if (i == sizeof flag_names / sizeof flag_names[0])
            bad(in);
        out->flags |= flag_names[i].bit;
        if (!take(in, ","))
            return;
    }
}

static void read_blocks(struct reader *in, struct tcp_options *opt)
{
    skip(in, " ");
    while (isdigit((unsigned char)*in->at)) {
        if (opt->n_sack == TCP_SACK_MAX)
            bad(in);
        struct tcp_sack *block = &opt->sack[opt->n_sack++];
        block->start = number(in);
        if (!take(in, ":"))
            bad(in);
        block->end = number(in);
        skip(in, " ");
    }
}

static void read_option(struct reader *in, struct story_text *out)
{
    struct tcp_options *opt = &out->opt;
    if (take(in, "mss")) {
        opt->has_mss = true;
        opt->mss = (uint16_t)number_or_any(in, &out->any_mss);
    } else if (take(in, "wscale")) {
        opt->has_wscale = true;
        opt->wscale = (uint8_t)number_or_any(in, &out->any_wscale);
    } else if (take(in, "sackOK")) {
        opt->sack_permitted = true;
    } else if (take(in, "sack")) {
        read_blocks(in, opt);
    } else if (take(in, "ts")) {
        opt->has_ts = true;
        opt->ts_val = number_or_any(in, &out->any_ts_val);
        opt->ts_ecr = number_or_any(in, &out->any_ts_ecr);
    } else if (!take(in, "nop")) {
        bad(in);
    }
}

static void read_options(struct reader *in, struct story_text *out)
{
    out->has_options = true;
    skip(in, " ,");
    while (!take(in, ">")) {
        read_option(in, out);
        skip(in, " ,");
    }
}

static void read_word(struct reader *in, struct story_text *out)
{
    if (take(in, "seq=")) {
        out->has_seq = true;
        out->seq = number(in);
    } else if (take(in, "ack=")) {
        out->has_ack = true;
        out->ack = number(in);
    } else if (take(in, "wnd=")) {
        out->has_wnd = true;
        out->wnd = number(in);
    } else if (take(in, "len=")) {
        out->has_len = true;
        out->len = number(in);
    } else if (take(in, "urp=")) {
        out->has_urp = true;
        out->urp = number(in);
    } else if (take(in, "ecn=")) {
        out->has_ecn = true;
        out->ecn = (uint8_t)number(in);
    } else if (take(in, "<")) {
        read_options(in, out);
    } else {
        bad(in);
    }
}

struct story_text story_text_read(struct story *r, const char *text)
{
    struct story_text out = {0};
    struct reader in = {r, text, text};
    read_flags(&in, &out);
    skip(&in, " ");
    while (*in.at != '\0') {
        read_word(&in, &out);
        skip(&in, " ");
    }
    return out;
}

/* ---- writing ---- */

struct writer {
    char *out;
    size_t room, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct writer *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(w->out + w->used, w->room - w->used, format, args);
    va_end(args);
    if (n > 0)
        w->used += (size_t)n < w->room - w->used ? (size_t)n : w->room - w->used - 1;
}

static void write_options(struct writer *w, const struct tcp_options *opt)
{
    if (opt->has_mss)
        add(w, " mss %u", opt->mss);
    if (opt->sack_permitted)
        add(w, " sackOK");
    if (opt->has_ts)
        add(w, " ts %u %u", opt->ts_val, opt->ts_ecr);
    if (opt->has_wscale)
        add(w, " wscale %u", opt->wscale);
    if (opt->n_sack != 0)
        add(w, " sack");
    for (unsigned i = 0; i < opt->n_sack; i++)
        add(w, " %u:%u", opt->sack[i].start, opt->sack[i].end);
}

void story_text_write(const struct story_segment *segment, char *out, size_t room)
{
    struct writer w = {out, room, 0};
    const struct tcp_header *h = &segment->h;
    const char *between = "";
    for (size_t i = 0; flag_names[i].bit != 0; i++) {
        if (!(h->flags & flag_names[i].bit))
            continue;
        add(&w, "%s%s", between, flag_names[i].name);
        between = ",";
    }
    add(&w, "%s seq=%d", h->flags == 0 ? "-" : "", (int32_t)h->seq);
    if (h->flags & TCP_ACK)
        add(&w, " ack=%d", (int32_t)h->ack);
    add(&w, " wnd=%u", h->wnd);
    if (h->flags & TCP_URG)
        add(&w, " urp=%u", h->urp);
    if (segment->len != 0)
        add(&w, " len=%u", segment->len);
    if (segment->ecn != 0)
        add(&w, " ecn=%u", segment->ecn);
    add(&w, " <");
    write_options(&w, &h->opt);
    add(&w, " >");
}

/* ---- comparing ---- */

static bool same_options(const struct story_text *want, const struct tcp_options *seen)
{
    const struct tcp_options *opt = &want->opt;
    if (opt->has_mss != seen->has_mss || opt->has_wscale != seen->has_wscale
        || opt->sack_permitted != seen->sack_permitted || opt->has_ts != seen->has_ts
        || opt->n_sack != seen->n_sack)
        return false;
    if (opt->has_mss && !want->any_mss && opt->mss != seen->mss)
        return false;
    if (opt->has_wscale && !want->any_wscale && opt->wscale != seen->wscale)
        return false;
    if (opt->has_ts && !want->any_ts_val && opt->ts_val != seen->ts_val)
        return false;
    if (opt->has_ts && !want->any_ts_ecr && opt->ts_ecr != seen->ts_ecr)
        return false;
    for (unsigned i = 0; i < opt->n_sack; i++)
        if (opt->sack[i].start != seen->sack[i].start || opt->sack[i].end != seen->sack[i].end)
            return false;
    return true;
}

const char *story_text_differs(const struct story_text *want, const struct story_segment *seen)
{
    const struct tcp_header *h = &seen->h;
    if ((want->flags & ~TCP_PSH) != (h->flags & ~TCP_PSH))
        return "flags";
    if ((want->flags & TCP_PSH) && !(h->flags & TCP_PSH))
        return "PSH";
    if (want->has_seq && want->seq != h->seq)
        return "seq";
    if (want->has_ack && want->ack != h->ack)
        return "ack";
    if (want->has_urp && want->urp != h->urp)
        return "urp";
    if (want->has_ecn && want->ecn != seen->ecn)
        return "ecn";
    if (want->has_wnd && want->wnd != h->wnd)
        return "wnd";
    if (want->len != seen->len)
        return "len";
    if (want->has_options && !same_options(want, &h->opt))
        return "options";
    return NULL;
}
