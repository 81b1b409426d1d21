/*
 * Every state, every kind of segment: the cells of matrix.txt on the real stack, under the profile
 * `rfc`.  [RFC9293 3.10.7, RFC5961]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matrix/rows.h"
#include "matrix/stage.h"
#include "support/story_text.h"
#include "support/story_wire.h"

#define FAILURES_SHOWN 12

/* What is, or should be, after the segment. */
struct outcome {
    enum reply reply;
    uint32_t seq, ack; /* of the reply */
    enum ciao_state state;
    uint32_t unacked, unread, held;
    int read_result, error;
    bool restarted;
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static const struct matrix *the_matrix(void)
{
    static struct matrix rows;
    if (rows.count == 0) {
        const char *source = getenv("CIAO_SOURCE");
        char path[512];
        (void)snprintf(path, sizeof path, "%s/tests/matrix/matrix.txt",
                       source == NULL ? "." : source);
        rows_read(&rows, path);
    }
    return &rows;
}

/* ---- what should be ---- */

/* How much of the text lies in the window, from RCV.NXT on or behind it. */
static uint32_t bytes_inside(const struct cell *cell, const struct ground *ground)
{
    uint32_t first = cell_first(cell), text = cell->text;
    uint32_t nxt = ground->synchronised ? ground->rcv_nxt : first;
    uint32_t before = (int32_t)(nxt - first) > 0 ? nxt - first : 0;
    uint32_t room = nxt + ground->rcv_wnd - (first + before);
    return before < text ? least(text - before, room) : 0;
}

static uint32_t rcv_nxt_after(const struct row *row, const struct cell *cell,
                              const struct ground *ground)
{
    uint32_t nxt = ground->synchronised ? ground->rcv_nxt : cell->seq + 1;
    if (row->effects & EFFECT_TEXT)
        nxt += bytes_inside(cell, ground);
    return nxt + (row->effects & EFFECT_FIN ? 1u : 0u);
}

static void expected_reply(const struct row *row, const struct cell *cell,
                           const struct ground *ground, struct outcome *out)
{
    out->reply = row->reply;
    switch (row->reply) {
    case REPLY_ACK:
        out->seq = ground->snd_nxt;
        out->ack = rcv_nxt_after(row, cell, ground);
        break;
    case REPLY_SYN_ACK: out->ack = cell->seq + 1; break;
    case REPLY_SYN_ACK_AGAIN: out->ack = ground->rcv_nxt; break;
    case REPLY_RST_ACK: out->ack = cell->seq + cell_len(cell); break;
    case REPLY_RST_AT_ACK: out->seq = cell->ack; break;
    case REPLY_NOTHING:
    case REPLIES: break;
    }
}

static bool peer_has_closed(enum stage stage)
{
    return stage >= STAGE_CLOSE_WAIT;
}

static struct outcome expected(const struct row *row, const struct cell *cell,
                               const struct ground *ground)
{
    struct outcome out = {.state = row->next, .unread = stage_unread(row->stage)};
    bool moves = (row->effects & EFFECT_UNA) && (int32_t)(cell->ack - ground->snd_una) > 0;
    uint32_t una = moves ? cell->ack : ground->snd_una;
    expected_reply(row, cell, ground, &out);
    if (row->stage >= STAGE_ESTABLISHED && row->next != CIAO_CLOSED)
        out.unacked = least(1 + STAGE_BYTES - least(una, 1 + STAGE_BYTES), STAGE_BYTES);
    if (row->effects & EFFECT_TEXT)
        out.unread += bytes_inside(cell, ground);
    if (row->effects & EFFECT_HOLD)
        out.held = bytes_inside(cell, ground);
    if (row->effects & (EFFECT_REFUSED | EFFECT_RESET))
        out.error = row->effects & EFFECT_REFUSED ? -CIAO_EREFUSED : -CIAO_ERESET;
    bool end = peer_has_closed(row->stage) || (row->effects & EFFECT_FIN);
    /* The end of the stream stays the end of the stream, whatever comes behind it. */
    out.read_result = end ? 0 : out.error != 0 ? out.error : -CIAO_EAGAIN;
    out.restarted = (row->effects & EFFECT_RESTART) != 0;
    if (row->stage == STAGE_FIN_WAIT_1_ORPHAN || row->stage == STAGE_FIN_WAIT_2_ORPHAN) {
        out.unacked = 0; /* there is nobody to look */
        out.read_result = out.error = 0;
    }
    return out;
}

/* ---- what is ---- */

static enum reply reply_kind(const struct story_segment *sent, const struct ground *ground)
{
    if (sent == NULL)
        return REPLY_NOTHING;
    switch (sent->h.flags) {
    case TCP_ACK: return REPLY_ACK;
    case TCP_RST: return REPLY_RST_AT_ACK;
    case TCP_RST | TCP_ACK: return REPLY_RST_ACK;
    case TCP_SYN | TCP_ACK: return ground->synchronised ? REPLY_SYN_ACK_AGAIN : REPLY_SYN_ACK;
    default: return REPLIES;
    }
}

static void look_at_reply(struct story *r, const struct ground *ground, struct outcome *out)
{
    const struct story_segment *sent = NULL;
    if (r->sent_first != r->sent_last)
        sent = &r->sent[r->sent_first % STORY_SEGMENTS];
    out->reply = reply_kind(sent, ground);
    if (r->sent_last - r->sent_first > 1 || (sent != NULL && sent->len != 0))
        out->reply = REPLIES; /* more than a reply [RFC5681 4.2 5681-10] */
    if (sent == NULL)
        return;
    out->seq = sent->h.seq;
    out->ack = sent->h.flags & TCP_ACK ? sent->h.ack : 0;
    if (out->reply == REPLY_RST_ACK) /* its number is not relative to anything */
        out->seq += story_peer(r)->our_isn;
}

/* Of a listener's child, the user must fetch it first. */
static void fetch(struct story *r, enum ciao_state state)
{
    if (story_peer(r)->conn == 0 && r->listener != 0
        && (state == CIAO_ESTABLISHED || state == CIAO_CLOSE_WAIT))
        user_accepts(r);
}

static uint32_t read_all(struct story *r, uint32_t from, int *result)
{
    static uint8_t bytes[2 * STAGE_WINDOW];
    int64_t got = 0;
    uint32_t all = 0;
    do {
        got = ciao_recv(r->stack, story_peer(r)->conn, bytes, sizeof bytes, false, r->now_us);
        for (int64_t i = 0; i < got; i++)
            if (bytes[i] != story_byte(false, (uint32_t)(from + all + (uint64_t)i)))
                story_fail(r, "byte %lld read is not the peer's", (long long)(all + (uint64_t)i));
        all += got > 0 ? (uint32_t)got : 0;
    } while (got > 0);
    *result = (int)got;
    return all;
}

/* A listener without a child. */
static bool back_in_listen(const struct story *r, enum stage stage, enum ciao_state state)
{
    return (stage == STAGE_LISTEN || stage == STAGE_SYN_RECEIVED_PASSIVE) && r->listener != 0
           && state == CIAO_CLOSED;
}

static struct outcome seen(struct story *r, enum stage stage, const struct cell *cell,
                           const struct ground *ground, uint64_t deadline)
{
    struct outcome out = {0};
    struct ciao_info info = story_info(r);
    look_at_reply(r, ground, &out);
    out.restarted =
        deadline != 0 && info.state == CIAO_TIME_WAIT && ciao_next_deadline(r->stack) > deadline;
    out.state = back_in_listen(r, stage, info.state) ? CIAO_LISTEN : info.state;
    fetch(r, info.state);
    if (story_peer(r)->conn == 0)
        return out;
    info = story_info(r);
    out.unacked = info.unacked_bytes;
    out.held = info.out_of_order_bytes;
    out.error = ciao_error(r->stack, story_peer(r)->conn);
    out.unread = read_all(r, ground->synchronised ? 0 : cell->seq, &out.read_result);
    return out;
}

/* ---- a cell ---- */

/* Before the handshake is done there is nothing to read, and the answer to it no claim of ours. */
static bool is_same(const struct outcome *a, const struct outcome *b)
{
    bool reads = a->state != CIAO_CLOSED && a->state != CIAO_LISTEN && a->state != CIAO_SYN_SENT
                 && a->state != CIAO_SYN_RECEIVED;
    return a->reply == b->reply && a->seq == b->seq && a->ack == b->ack && a->state == b->state
           && a->unacked == b->unacked && a->unread == b->unread && a->held == b->held
           && a->error == b->error && a->restarted == b->restarted
           && (!(reads || a->error != 0) || a->read_result == b->read_result);
}

static void print(const char *what, const struct outcome *o)
{
    static const char *const replies[] = {"-",       "ACK",           "RST,ACK",       "RST@ack",
                                          "SYN,ACK", "SYN,ACK again", "something else"};
    (void)fprintf(stderr,
                  "#   %s: %s seq=%d ack=%d  %s  unacked %u  unread %u  held %u  read %d  error "
                  "%d%s\n",
                  what, replies[o->reply], (int)o->seq, (int)o->ack, ciao_state_name(o->state),
                  o->unacked, o->unread, o->held, o->read_result, o->error,
                  o->restarted ? "  restarted" : "");
}

static void print_cell(enum stage stage, const struct cell *cell, const struct row *row)
{
    struct story_segment segment = {
        .h = {.flags = cell->flags, .seq = cell->seq, .ack = cell->ack, .wnd = 65535},
        .len = cell->text};
    char text[256];
    story_text_write(&segment, text, sizeof text);
    (void)fprintf(stderr, "# %s: %s (%s, ack %s), row in line %u\n", stage_names[stage], text,
                  place_names[cell->place], ack_names[cell->ack_place],
                  row == NULL ? 0 : row->line);
}

/* PSH and URG change nothing of what a row says: every other segment has them. */
static void arrives(struct story *r, const struct cell *cell, uint32_t mixed)
{
    static const uint16_t urgent[] = {0, 1, 50, 65535};
    static uint8_t packet[16384];
    bool push = mixed >> 13 & 1u, urg = mixed >> 14 & 1u;
    const struct story_text text = {
        .flags = (uint16_t)(cell->flags | (push ? TCP_PSH : 0) | (urg ? TCP_URG : 0)),
        .seq = cell->seq,
        .ack = cell->ack,
        .len = cell->text,
        .has_wnd = true,
        .wnd = 65535,
        .urp = urg ? urgent[mixed >> 15 & 3u] : 0,
    };
    size_t len = story_build(r, &text, packet, sizeof packet);
    story_bring(r, packet, len);
    story_time_passes(r, 300000); /* an ACK may be delayed */
}

static uint32_t mix(uint32_t number)
{
    return number * 2654435761u >> 8;
}

/* Numbers at every edge, turn by turn. */
static struct opening opening_of(enum stage stage, uint32_t number)
{
    static const uint32_t edges[] = {0xfffffff0, 0x7ffffff0, 0x7fffffff, 0xffffffff, 0,
                                     0x80000000, 0xfffffc00, 0x7ffffc00, 0x12345678};
    uint32_t mixed = mix(number);
    return (struct opening){
        .isn = edges[mixed % 9],
        .our_isn = edges[mixed / 9 % 9],
        .passive = stage != STAGE_TIME_WAIT && (mixed >> 12 & 1u), /* a listener would begin anew */
    };
}

static bool run_cell(struct story *r, struct row *row, uint32_t number, const struct cell *cell)
{
    const struct opening opening = opening_of(row->stage, number);
    struct ground ground = stage_enter(r, row->stage, &opening);
    uint64_t deadline = 0;
    if (row->stage == STAGE_TIME_WAIT) {
        time_passes(r, 5000);
        deadline = ciao_next_deadline(r->stack) + 1000000;
    }
    arrives(r, cell, mix(number));
    struct outcome want = expected(row, cell, &ground);
    struct outcome is = seen(r, row->stage, cell, &ground, deadline);
    bool same = is_same(&want, &is);
    if (!same) {
        print_cell(row->stage, cell, row);
        print("expected", &want);
        print("seen    ", &is);
    }
    stage_leave(r);
    return same;
}

/* ---- a state ---- */

/* Practice may leave a row of the RFC nothing to decide. */
static bool must_be_used(const struct row *row, enum ciao_profile profile)
{
    bool by_the_rfc = row->profiles >> CIAO_PROFILE_RFC & 1u;
    return by_the_rfc ? profile == CIAO_PROFILE_RFC : (row->profiles >> profile & 1u);
}

static void check_rows_used(struct story *r, const struct matrix *rows, enum stage stage,
                            enum ciao_profile profile)
{
    for (unsigned i = 0; i < rows->count; i++)
        if (rows->rows[i].stage == stage && must_be_used(&rows->rows[i], profile)
            && rows->rows[i].cells == 0)
            story_fail(r, "matrix.txt:%u: no cell needs this row", rows->rows[i].line);
}

/* Of the profile, what decides about segments; the waits are those of `rfc`, so that nothing but
 * the answer is sent meanwhile. */
static void follow(struct story *r, enum ciao_profile profile)
{
    r->config.tcp.more = ciao_profile(profile)->more & ~(uint32_t)CIAO_TAIL_PROBES;
    r->config.tcp.rcvbuf_bytes = STAGE_WINDOW;
    r->config.tcp.flags |= CIAO_OOB_INLINE;
}

static void run_stage(struct story *r, enum stage stage, enum ciao_profile profile)
{
    struct matrix rows = *the_matrix();
    unsigned failures = 0;
    follow(r, profile);
    const struct opening first = opening_of(stage, 0);
    struct ground ground = stage_enter(r, stage, &first);
    stage_leave(r);
    for (uint32_t number = 0; number < CELLS && failures < FAILURES_SHOWN; number++) {
        struct cell cell;
        if (!cell_make(number, &ground, &cell))
            continue;
        struct row *row = rows_find(&rows, stage, profile, &cell);
        if (row == NULL)
            print_cell(stage, &cell, NULL);
        if (row == NULL)
            story_fail(r, "this cell has no row");
        row->cells++;
        failures += run_cell(r, row, number, &cell) ? 0u : 1u;
    }
    if (failures != 0)
        story_fail(r, "%u cells or more are not as matrix.txt says", failures);
    check_rows_used(r, &rows, stage, profile);
}

#define STAGE(name, stage)                         \
    TEST(name##_by_the_rfc)                        \
    {                                              \
        run_stage(r, (stage), CIAO_PROFILE_RFC);   \
    }                                              \
    TEST(name##_as_linux)                          \
    {                                              \
        run_stage(r, (stage), CIAO_PROFILE_LINUX); \
    }                                              \
    TEST(name##_as_ciao)                           \
    {                                              \
        run_stage(r, (stage), CIAO_PROFILE_CIAO);  \
    }
#define THREE(name) STORY(name##_by_the_rfc), STORY(name##_as_linux), STORY(name##_as_ciao)
STAGE(what_arrives_in_closed, STAGE_CLOSED)
STAGE(what_arrives_in_listen, STAGE_LISTEN)
STAGE(what_arrives_in_syn_sent, STAGE_SYN_SENT)
STAGE(what_arrives_in_syn_received_of_a_listener, STAGE_SYN_RECEIVED_PASSIVE)
STAGE(what_arrives_in_syn_received_of_our_own, STAGE_SYN_RECEIVED_ACTIVE)
STAGE(what_arrives_in_established, STAGE_ESTABLISHED)
STAGE(what_arrives_in_established_at_a_closed_window, STAGE_ESTABLISHED_SHUT)
STAGE(what_arrives_in_fin_wait_1, STAGE_FIN_WAIT_1)
STAGE(what_arrives_in_fin_wait_1_at_a_closed_window, STAGE_FIN_WAIT_1_SHUT)
STAGE(what_arrives_in_fin_wait_1_where_nobody_reads, STAGE_FIN_WAIT_1_ORPHAN)
STAGE(what_arrives_in_fin_wait_2, STAGE_FIN_WAIT_2)
STAGE(what_arrives_in_fin_wait_2_at_a_closed_window, STAGE_FIN_WAIT_2_SHUT)
STAGE(what_arrives_in_fin_wait_2_where_nobody_reads, STAGE_FIN_WAIT_2_ORPHAN)
STAGE(what_arrives_in_close_wait, STAGE_CLOSE_WAIT)
STAGE(what_arrives_in_closing, STAGE_CLOSING)
STAGE(what_arrives_in_last_ack, STAGE_LAST_ACK)
STAGE(what_arrives_in_time_wait, STAGE_TIME_WAIT)

/* clang-format off */
STORIES(
    THREE(what_arrives_in_closed),
    THREE(what_arrives_in_listen),
    THREE(what_arrives_in_syn_sent),
    THREE(what_arrives_in_syn_received_of_a_listener),
    THREE(what_arrives_in_syn_received_of_our_own),
    THREE(what_arrives_in_established),
    THREE(what_arrives_in_established_at_a_closed_window),
    THREE(what_arrives_in_fin_wait_1),
    THREE(what_arrives_in_fin_wait_1_at_a_closed_window),
    THREE(what_arrives_in_fin_wait_1_where_nobody_reads),
    THREE(what_arrives_in_fin_wait_2),
    THREE(what_arrives_in_fin_wait_2_at_a_closed_window),
    THREE(what_arrives_in_fin_wait_2_where_nobody_reads),
    THREE(what_arrives_in_close_wait),
    THREE(what_arrives_in_closing),
    THREE(what_arrives_in_last_ack),
    THREE(what_arrives_in_time_wait))
/* clang-format on */
