/*
 * The cells of the matrix, and what numbers they have.
 */
#include "matrix/cells.h"

#include "wire/tcp.h"

#define SOME 100u /* bytes of text */
#define FAR  0x30000000u

const char *const stage_names[STAGES] = {
    [STAGE_CLOSED] = "CLOSED",
    [STAGE_LISTEN] = "LISTEN",
    [STAGE_SYN_SENT] = "SYN-SENT",
    [STAGE_SYN_RECEIVED_PASSIVE] = "SYN-RECEIVED, passive",
    [STAGE_SYN_RECEIVED_ACTIVE] = "SYN-RECEIVED, active",
    [STAGE_ESTABLISHED] = "ESTABLISHED",
    [STAGE_ESTABLISHED_SHUT] = "ESTABLISHED, window closed",
    [STAGE_FIN_WAIT_1] = "FIN-WAIT-1",
    [STAGE_FIN_WAIT_1_SHUT] = "FIN-WAIT-1, window closed",
    [STAGE_FIN_WAIT_1_ORPHAN] = "FIN-WAIT-1, nobody reads",
    [STAGE_FIN_WAIT_2] = "FIN-WAIT-2",
    [STAGE_FIN_WAIT_2_SHUT] = "FIN-WAIT-2, window closed",
    [STAGE_FIN_WAIT_2_ORPHAN] = "FIN-WAIT-2, nobody reads",
    [STAGE_CLOSE_WAIT] = "CLOSE-WAIT",
    [STAGE_CLOSING] = "CLOSING",
    [STAGE_LAST_ACK] = "LAST-ACK",
    [STAGE_TIME_WAIT] = "TIME-WAIT",
};

const char *const place_names[PLACES] = {
    [BARE_FAR_LEFT] = "bare@far-left",
    [BARE_OLD] = "bare@old",
    [BARE_NEXT] = "bare@next",
    [BARE_INSIDE] = "bare@inside",
    [BARE_LAST] = "bare@last",
    [BARE_EDGE] = "bare@edge",
    [BARE_RIGHT] = "bare@right",
    [BARE_FAR_RIGHT] = "bare@far-right",
    [BARE_OPPOSITE] = "bare@opposite",
    [TEXT_FAR_LEFT] = "text@far-left",
    [TEXT_OLD] = "text@old",
    [TEXT_ACROSS_LEFT] = "text@across-left",
    [TEXT_FROM_BEFORE] = "text@from-before",
    [TEXT_NEXT] = "text@next",
    [TEXT_INSIDE] = "text@inside",
    [TEXT_LAST] = "text@last",
    [TEXT_ACROSS_RIGHT] = "text@across-right",
    [TEXT_EDGE] = "text@edge",
    [TEXT_RIGHT] = "text@right",
    [TEXT_FAR_RIGHT] = "text@far-right",
    [TEXT_OPPOSITE] = "text@opposite",
    [TEXT_FILLS] = "text@fills",
    [TEXT_OVERFILLS] = "text@overfills",
    [TEXT_COVERS] = "text@covers",
};

const char *const ack_names[ACKS] = {
    [ACK_OPPOSITE] = "opposite", [ACK_ANCIENT] = "ancient", [ACK_OLDEST] = "oldest",
    [ACK_OLD] = "old",           [ACK_UNA] = "una",         [ACK_PART] = "part",
    [ACK_TEXT] = "text",         [ACK_NXT] = "nxt",         [ACK_FUTURE] = "future",
    [ACK_FAR] = "far",           [ACK_NONE] = "none",
};

static uint32_t controls(const struct cell *cell)
{
    return (cell->flags & TCP_SYN ? 1u : 0u) + (cell->flags & TCP_FIN ? 1u : 0u);
}

uint32_t cell_len(const struct cell *cell)
{
    return cell->text + controls(cell);
}

uint32_t cell_first(const struct cell *cell)
{
    return cell->seq + (cell->flags & TCP_SYN ? 1u : 0u);
}

uint32_t cell_fin(const struct cell *cell)
{
    return cell_first(cell) + cell->text;
}

static uint32_t text_of(enum place place, const struct ground *ground)
{
    switch (place) {
    case TEXT_FILLS: return ground->rcv_wnd;
    case TEXT_OVERFILLS: return ground->rcv_wnd + 50;
    case TEXT_COVERS: return ground->rcv_wnd + 100;
    case BARE_FAR_LEFT:
    case BARE_OLD:
    case BARE_NEXT:
    case BARE_INSIDE:
    case BARE_LAST:
    case BARE_EDGE:
    case BARE_RIGHT:
    case BARE_FAR_RIGHT:
    case BARE_OPPOSITE: return 0;
    case TEXT_FAR_LEFT:
    case TEXT_OLD:
    case TEXT_ACROSS_LEFT:
    case TEXT_FROM_BEFORE:
    case TEXT_NEXT:
    case TEXT_INSIDE:
    case TEXT_LAST:
    case TEXT_ACROSS_RIGHT:
    case TEXT_EDGE:
    case TEXT_RIGHT:
    case TEXT_FAR_RIGHT:
    case TEXT_OPPOSITE:
    case PLACES: return SOME;
    }
    return 0;
}

static uint32_t seq_of(enum place place, uint32_t len, const struct ground *ground)
{
    uint32_t nxt = ground->rcv_nxt, edge = ground->rcv_nxt + ground->rcv_wnd;
    switch (place) {
    case BARE_FAR_LEFT:
    case TEXT_FAR_LEFT: return nxt - FAR;
    case BARE_OLD:
    case TEXT_OLD: return nxt - (len != 0 ? len : 1);
    case TEXT_ACROSS_LEFT:
    case TEXT_COVERS: return nxt - 50;
    case TEXT_FROM_BEFORE: return nxt - 1;
    case BARE_NEXT:
    case TEXT_NEXT:
    case TEXT_FILLS:
    case TEXT_OVERFILLS: return nxt;
    case BARE_INSIDE:
    case TEXT_INSIDE: return nxt + 200;
    case BARE_LAST:
    case TEXT_LAST: return edge - (len != 0 ? len : 1);
    case TEXT_ACROSS_RIGHT: return edge - 50;
    case BARE_EDGE:
    case TEXT_EDGE: return edge;
    case BARE_RIGHT:
    case TEXT_RIGHT: return edge + 1;
    case BARE_FAR_RIGHT:
    case TEXT_FAR_RIGHT: return edge + FAR;
    case BARE_OPPOSITE:
    case TEXT_OPPOSITE: return nxt + 0x80000000u;
    case PLACES: return 0;
    }
    return 0;
}

/* False: this place is no place of its own here. */
static bool ack_of(enum ack_place place, const struct ground *ground, uint32_t *ack)
{
    uint32_t una = ground->snd_una, nxt = ground->snd_nxt, out = nxt - una;
    *ack = 0;
    switch (place) {
    case ACK_OPPOSITE: *ack = nxt + 0x80000000u; return true;
    case ACK_ANCIENT: *ack = una - ground->max_wnd - 1; return ground->max_wnd != 0;
    case ACK_OLDEST: *ack = una - ground->max_wnd; return ground->max_wnd > 1;
    case ACK_OLD: *ack = una - 1; return true;
    case ACK_UNA: *ack = una; return out != 0;
    case ACK_PART: *ack = una + 500; return out > 501;
    case ACK_TEXT: *ack = nxt - 1; return ground->fin_sent && out > 1;
    case ACK_NXT: *ack = nxt; return true;
    case ACK_FUTURE: *ack = nxt + 1; return true;
    case ACK_FAR: *ack = nxt + FAR; return true;
    case ACK_NONE: return true;
    case ACKS: return false;
    }
    return false;
}

/* Into a closed window there are fewer ways. */
static bool place_is_one(enum place place, const struct ground *ground)
{
    if (!ground->synchronised || ground->rcv_wnd != 0)
        return true;
    return place != BARE_INSIDE && place != BARE_LAST && place != BARE_EDGE && place != TEXT_INSIDE
           && place != TEXT_LAST && place != TEXT_ACROSS_RIGHT && place != TEXT_EDGE
           && place != TEXT_FILLS && place != TEXT_OVERFILLS && place != TEXT_COVERS;
}

bool cell_make(uint32_t number, const struct ground *ground, struct cell *cell)
{
    static const uint16_t bits[4] = {TCP_SYN, TCP_FIN, TCP_RST, TCP_ACK};
    uint32_t kind = number / (PLACES * ACKS);
    *cell = (struct cell){.place = (enum place)(number / ACKS % PLACES),
                          .ack_place = (enum ack_place)(number % ACKS)};
    for (unsigned i = 0; i < 4; i++)
        if (kind >> i & 1u)
            cell->flags |= bits[i];
    if ((cell->ack_place == ACK_NONE) == ((cell->flags & TCP_ACK) != 0))
        return false;
    if (!ack_of(cell->ack_place, ground, &cell->ack) || !place_is_one(cell->place, ground))
        return false;
    cell->text = text_of(cell->place, ground);
    cell->seq = seq_of(cell->place, cell_len(cell), ground);
    return true;
}
