/*
 * How a segment is written: see segment.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tell/segment.h"

void segment_flags(char *out, size_t room, uint16_t flags)
{
    static const struct {
        uint16_t flag;
        const char *name;
    } names[] = {
        {LIFE_SYN, "SYN"}, {LIFE_FIN, "FIN"}, {LIFE_RST, "RST"}, {LIFE_PSH, "PSH"},
        {LIFE_ACK, "ACK"}, {LIFE_URG, "URG"}, {LIFE_ECE, "ECE"}, {LIFE_CWR, "CWR"},
    };
    size_t len = 0;
    snprintf(out, room, "none");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((flags & names[i].flag) == 0 || len + 5 > room)
            continue;
        len += (size_t)snprintf(out + len, room - len, "%s%s", len > 0 ? "," : "", names[i].name);
    }
}

static size_t options_text(char *out, size_t room, const struct ciao_event_segment *seg)
{
    size_t len = 0;
    if (seg->mss != 0)
        len += (size_t)snprintf(out + len, room - len, " mss=%u", seg->mss);
    if (seg->wscale != 255)
        len += (size_t)snprintf(out + len, room - len, " scale=%u", seg->wscale);
    if (seg->sack_permitted)
        len += (size_t)snprintf(out + len, room - len, " sack");
    if (seg->has_ts)
        len += (size_t)snprintf(out + len, room - len, " ts");
    return len;
}

/* What the receiver holds beyond the acknowledgement: numbers of the other's. */
static size_t sack_text(char *out, size_t room, const struct life *life,
                        const struct life_step *step)
{
    const struct ciao_event_segment *seg = &step->event.u.seg;
    uint32_t first = seg->ack - life_ack(life, step);
    return (size_t)snprintf(out, room, " sack=%" PRIu32 "-%" PRIu32 "%s", seg->sack_start - first,
                            seg->sack_end - first, seg->n_sack > 1 ? "+" : "");
}

void segment_text(char *out, size_t room, const struct life *life, const struct life_step *step,
                  enum segment_detail detail)
{
    const struct ciao_event *event = &step->event;
    const struct ciao_event_segment *seg = &event->u.seg;
    char flags[48], ack[24] = "", window[24] = "";
    bool push = detail >= SEGMENT_FLAGS;
    segment_flags(flags, sizeof(flags), (uint16_t)(event->flags & (push ? 0xFFFF : ~LIFE_PSH)));
    if ((event->flags & LIFE_ACK) != 0)
        snprintf(ack, sizeof(ack), " ack=%" PRIu32, life_ack(life, step));
    bool syn = (event->flags & LIFE_SYN) != 0, rst = (event->flags & LIFE_RST) != 0;
    if (detail >= SEGMENT_WINDOW && (syn || (seg->wnd == 0 && !rst)))
        snprintf(window, sizeof(window), " win=%" PRIu32, seg->wnd);
    size_t len = (size_t)snprintf(out, room, "%s seq=%" PRIu32 "%s len=%" PRIu32 "%s", flags,
                                  life_seq(life, step), ack, seg->len, window);
    if (detail >= SEGMENT_WINDOW && seg->n_sack > 0 && len < room)
        len += sack_text(out + len, room - len, life, step);
    if (syn && detail == SEGMENT_OPTIONS && len < room)
        options_text(out + len, room - len, seg);
}
