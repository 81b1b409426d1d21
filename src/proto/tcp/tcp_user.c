/*
 * The program's calls.  [RFC9293 3.9.1]  ciao/stack.h says what each does; here they find the
 * connection, check what the caller may ask in its state, and hand on to the file that does it.
 */
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

/* ---- handles: the life's low half and the record ---- */

/* Where a handle's record would be: NULL when there was never one. */
static inline struct tcb *place_of(const struct tcp *tcp, ref_t ref)
{
    uint32_t index = ref_index(ref);
    if (__builtin_expect(ref_kind(ref) == KIND_TCB4, 1))
        return index - 1 < tcp->tcbs.high ? tcp_tcb_at(tcp, ref) : NULL;
    bool was = ref_kind(ref) == KIND_TCB6 && index - 1 < tcp->tcbs6.high;
    return was ? tcp_tcb_at(tcp, ref) : NULL;
}

static inline struct tcb *tcb_of(const struct tcp *tcp, ciao_conn conn)
{
    struct tcb *tcb = place_of(tcp, (ref_t)conn);
    if (tcb == NULL)
        return NULL;
    if (__builtin_expect(tcp_has_many_tcbs(tcp), 0))
        tcp_prefetch_tcb(tcp, (ref_t)conn);
    uint64_t life = tcb->head.life;
    bool same = (uint32_t)life == (uint32_t)(conn >> 32);
    return same && (tcb->flags & TCB_HAS_HANDLE) ? tcb : NULL;
}

struct tcb *tcp_user_tcb(const struct tcp *tcp, ciao_conn conn)
{
    return tcb_of(tcp, conn);
}

struct tcp_listener *tcp_user_listener(const struct tcp *tcp, ciao_conn conn)
{
    ref_t ref = (ref_t)conn;
    if (ref_kind(ref) != KIND_OTHER || ref_index(ref) == 0 || ref_index(ref) > tcp->listeners.high)
        return NULL;
    struct tcp_listener *listener = tcp_listener_at(tcp, ref);
    bool same = listener->head.life != 0 && (uint32_t)listener->head.life == (uint32_t)(conn >> 32);
    return same ? listener : NULL;
}

/* The error for a call on something that is no connection. */
static __attribute__((noinline, cold)) int no_connection(const struct tcp *tcp, ciao_conn conn)
{
    return tcp_user_listener(tcp, conn) != NULL ? -CIAO_ENOTCONN : -CIAO_EBADCONN;
}

/* ---- connect: see tcp_connect.c ---- */

/* ---- send ---- */

/* Why this connection takes no bytes, 0 when it does. [RFC9293 3.10.2 EV-53] */
static int send_refusal(const struct tcb *tcb)
{
    if (tcb->error != 0)
        return -(int)tcb->error;
    if (tcb->flags & TCB_FIN_QUEUED)
        return -CIAO_EPIPE;
    switch ((enum ciao_state)tcb->head.state) {
    case CIAO_SYN_SENT:
    case CIAO_SYN_RECEIVED:
    case CIAO_ESTABLISHED:
    case CIAO_CLOSE_WAIT: return 0;
    case CIAO_FIN_WAIT_1:
    case CIAO_FIN_WAIT_2:
    case CIAO_CLOSING:
    case CIAO_LAST_ACK:
    case CIAO_TIME_WAIT: return -CIAO_EPIPE;
    case CIAO_CLOSED:
    case CIAO_LISTEN: break;
    }
    return -CIAO_ENOTCONN;
}

static bool is_writable(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp_state_sends(tcb) && !(tcb->flags & TCB_FIN_QUEUED) && !tcb->hungry
           && tcp_sendq_writable(tcp, tcb);
}

/* Nobody says when memory is free again: after a while, or when the peer has acknowledged
 * something, is the time to try again. */
#define HUNGRY_US 50000u
static void starve(struct tcp *tcp, struct tcb *tcb)
{
    tcb->hungry = 1;
    if (!tcp_timer_is_set(tcb, TCP_TIMER_OTHER))
        tcp_timer_set(tcp, tcb, TCP_TIMER_OTHER, tcp->now + HUNGRY_US);
}

static __attribute__((noinline)) int64_t refuse(struct tcp *tcp, struct tcb *tcb, int64_t why)
{
    if (why == -CIAO_ENOMEM)
        starve(tcp, tcb);
    tcb->told_ready &= (uint8_t)~CIAO_WRITABLE;
    return why;
}

static __attribute__((noinline)) int64_t send_otherwise(struct tcp *tcp, struct tcb *tcb,
                                                        const void *data, size_t len,
                                                        unsigned flags)
{
    int refusal = send_refusal(tcb);
    if (refusal != 0)
        return refusal;
    if (len == 0)
        return -CIAO_EINVAL;
    int64_t taken = tcp_sendq_write(tcp, tcb, data, len);
    if (taken < 0)
        return refuse(tcp, tcb, taken);
    bool all = (size_t)taken == len, more = (flags & CIAO_SEND_MORE) != 0;
    tcb->flags = more ? tcb->flags | TCB_HOLD_PARTIAL : tcb->flags & ~TCB_HOLD_PARTIAL;
    if (all && (flags & CIAO_SEND_URGENT))
        tcp_urgent_sent(tcp, tcb);
    tcp_burst_written(tcp, tcb, (uint32_t)taken,
                      all ? flags : flags & ~(unsigned)(CIAO_SEND_EOR | CIAO_SEND_MORE));
    tcp_note(tcp, tcb, CIAO_CALL_SEND, (uint64_t)taken, tcp_unsent_bytes(tcp, tcb));
    if (tcp_state_sends(tcb))
        tcp_output_wanted(tcp, tcb);
    if (!is_writable(tcp, tcb))
        tcb->told_ready &= (uint8_t)~CIAO_WRITABLE;
    return taken;
}

int64_t tcp_user_send(struct tcp *tcp, ciao_conn conn, const void *data, size_t len, unsigned flags)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return no_connection(tcp, conn);
    tcp_prefetch_flow(tcp, tcb);
    int64_t taken = flags == 0 ? tcp_stream_write(tcp, tcb, data, len) : 0;
    if (taken > 0)
        return taken;
    return taken == 0 ? send_otherwise(tcp, tcb, data, len, flags) : refuse(tcp, tcb, taken);
}

/* ---- receive ---- */

static bool at_end_of_stream(const struct tcb *tcb)
{
    return (tcb->flags & (TCB_FIN_RECEIVED | TCB_SHUT_RD)) != 0;
}

/* The usual call: there are bytes. */
static int64_t take(struct tcp *tcp, struct tcb *tcb, uint8_t *data, size_t len)
{
    struct tcp_queue *queue = tcp_queue(tcp, tcb);
    size_t taken = tcp_receive_take(tcp, tcb, queue, data, len);
    uint32_t left = queue->in_order_bytes;
    if (left == 0 && !at_end_of_stream(tcb) && tcb->error == 0)
        tcb->told_ready &= (uint8_t)~CIAO_READABLE; /* what comes next is news */
    tcp_note(tcp, tcb, CIAO_CALL_RECV, taken, left);
    if (left == 0)
        tcp_queue_emptied(tcp, tcb);
    return (int64_t)taken;
}

/* [RFC9293 3.10.3 EV-52] */
static __attribute__((noinline)) int64_t recv_somehow(struct tcp *tcp, struct tcb *tcb, void *data,
                                                      size_t len, unsigned flags)
{
    bool peek = (flags & CIAO_RECV_PEEK) != 0;
    if (flags & CIAO_RECV_URGENT)
        return tcp_urgent_take(tcp, tcb, data, peek);
    const struct tcp_read read = {.data = data, .len = len, .peek = peek};
    int64_t got = tcb->urgent & URGENT_MARK ? tcp_urgent_read(tcp, tcb, &read)
                                            : tcp_receive_read(tcp, tcb, &read);
    if (tcp_unread_bytes(tcp, tcb) == 0 && !at_end_of_stream(tcb) && tcb->error == 0)
        tcb->told_ready &= (uint8_t)~CIAO_READABLE; /* what comes next is news */
    if (got != 0) {
        if (!peek)
            tcp_note(tcp, tcb, CIAO_CALL_RECV, (uint64_t)got, tcp_unread_bytes(tcp, tcb));
        return got;
    }
    if (len == 0 && tcp_unread_bytes(tcp, tcb) != 0)
        return 0;
    if (at_end_of_stream(tcb)) {
        if (!peek)
            tcp_note(tcp, tcb, CIAO_CALL_RECV_EOF, 0, 0);
        return 0;
    }
    if (tcb->error != 0)
        return -(int)tcb->error;
    if (tcp_state_is(tcb, CIAO_CLOSED))
        return -CIAO_ENOTCONN;
    return -CIAO_EAGAIN;
}

/* [RFC9293 3.10.3 MUST-12]  What is usual: there are bytes, or there will be none any more. */
int64_t tcp_user_recv(struct tcp *tcp, ciao_conn conn, void *data, size_t len, unsigned flags)
{
    struct tcb *tcb = tcb_of(tcp, conn);
    if (tcb == NULL)
        return no_connection(tcp, conn);
    if ((flags | tcb->urgent) != 0)
        return recv_somehow(tcp, tcb, data, len, flags);
    if (tcb->queue == 0 && at_end_of_stream(tcb)) {
        tcp_note(tcp, tcb, CIAO_CALL_RECV_EOF, 0, 0);
        return 0;
    }
    if (data != NULL && len != 0 && tcp_unread_bytes(tcp, tcb) != 0)
        return take(tcp, tcb, data, len);
    return recv_somehow(tcp, tcb, data, len, flags);
}

int64_t tcp_user_peek(struct tcp *tcp, ciao_conn conn, void *data, size_t len, uint32_t offset)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return no_connection(tcp, conn);
    const struct tcp_read read = {.data = data, .len = len, .skip = offset, .peek = true};
    return tcb->urgent & URGENT_MARK ? tcp_urgent_read(tcp, tcb, &read)
                                     : tcp_receive_read(tcp, tcb, &read);
}

/* ---- shutdown, close, abort ---- */

int tcp_user_shutdown(struct tcp *tcp, ciao_conn conn, enum ciao_how how)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return no_connection(tcp, conn);
    if (how < CIAO_SHUT_RD || how > CIAO_SHUT_RDWR)
        return -CIAO_EINVAL;
    if (tcp_state_is(tcb, CIAO_CLOSED) || tcp_state_is(tcb, CIAO_SYN_SENT))
        return -CIAO_ENOTCONN;
    if (how & CIAO_SHUT_RD) {
        tcp_note(tcp, tcb, CIAO_CALL_SHUTDOWN_RD, tcp_unread_bytes(tcp, tcb), 0);
        tcb->flags |= TCB_SHUT_RD;
    }
    int result = 0;
    if (how & CIAO_SHUT_WR) {
        tcp_note(tcp, tcb, CIAO_CALL_SHUTDOWN_WR, tcp_unsent_bytes(tcp, tcb), 0);
        result = tcp_teardown_shutdown(tcp, tcb);
    }
    tcp_told(tcp, tcb);
    return result;
}

static __attribute__((noinline, cold)) int close_listener(struct tcp *tcp, ciao_conn conn,
                                                          struct ciao_event_report *report)
{
    struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (report != NULL)
        memset(report, 0, sizeof *report);
    if (listener == NULL)
        return -CIAO_EBADCONN;
    const struct trace_context at = {listener->head.life, CIAO_LISTEN};
    trace_reason(tcp->trace, at, CIAO_CALL_CLOSE, 0, 0);
    tcp_listen_close(tcp, listener);
    return 0;
}

int tcp_user_close(struct tcp *tcp, ciao_conn conn, struct ciao_event_report *report)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return close_listener(tcp, conn, report);
    if (tcb->queue == 0)
        tcp_note(tcp, tcb, CIAO_CALL_CLOSE, 0, 0);
    else
        tcp_note(tcp, tcb, CIAO_CALL_CLOSE, tcp_unsent_bytes(tcp, tcb), tcp_unread_bytes(tcp, tcb));
    tcp_teardown_close(tcp, tcb, report);
    return 0;
}

int tcp_user_abort(struct tcp *tcp, ciao_conn conn, struct ciao_event_report *report)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return tcp_user_close(tcp, conn, report);
    tcp_note(tcp, tcb, CIAO_CALL_ABORT, tcp_unsent_bytes(tcp, tcb), tcp_unread_bytes(tcp, tcb));
    tcp_teardown_abort(tcp, tcb, report);
    return 0;
}

/* ---- what whoever stands above keeps here ---- */

int tcp_user_set_cookie(struct tcp *tcp, ciao_conn conn, uint32_t cookie)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb == NULL && listener == NULL)
        return -CIAO_EBADCONN;
    *(tcb != NULL ? &tcb->cookie : &listener->cookie) = cookie;
    return 0;
}

uint32_t tcp_user_cookie(const struct tcp *tcp, ciao_conn conn)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    const struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb != NULL)
        return tcb->cookie;
    return listener != NULL ? listener->cookie : 0;
}

/* ---- readiness ---- */

static bool both_are_over(const struct tcb *tcb)
{
    return tcp_state_is(tcb, CIAO_CLOSED) || tcp_state_is(tcb, CIAO_CLOSING)
           || tcp_state_is(tcb, CIAO_LAST_ACK) || tcp_state_is(tcb, CIAO_TIME_WAIT);
}

/* AS LINUX: SO_RCVLOWAT, but never so that a full buffer waits for more. */
static bool enough_to_read(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t unread = tcp_unread_bytes(tcp, tcb);
    if (tcb->urgent & URGENT_MARK)
        unread -= unread != 0 ? tcp_urgent_hidden(tcp, tcb) : 0;
    uint32_t lowat = tcp_tcb_settings(tcp, tcb)->rcvlowat_bytes;
    if (unread == 0 || lowat <= 1 || unread >= lowat)
        return unread != 0;
    return tcb->rcv.edge == tcb->rcv.nxt
           || tcp_queue(tcp, tcb)->charged_bytes >= tcp_tcb_settings(tcp, tcb)->rcvbuf_bytes / 2;
}

/* The usual news: bytes have come, and nothing else has changed. */
void tcp_told_data_anew(struct tcp *tcp, struct tcb *tcb)
{
    if (!(tcb->flags & TCB_HAS_HANDLE))
        return;
    if (!enough_to_read(tcp, tcb) || at_end_of_stream(tcb)) {
        tcp_told_again(tcp, tcb, CIAO_READABLE);
        return;
    }
    tcb->told_ready |= CIAO_READABLE;
    tcb->news |= CIAO_READABLE;
    if (!(tcb->flags & TCB_USER_LISTED))
        tcp_told_list(tcp, tcp_tcb_ref(tcp, tcb));
}

/* What each state says of itself, as long as there are no bytes. */
static const uint8_t ready_in[CIAO_STATES] = {
    [CIAO_CLOSED] = CIAO_HANGUP,        [CIAO_ESTABLISHED] = CIAO_WRITABLE,
    [CIAO_FIN_WAIT_2] = CIAO_ALL_ACKED, [CIAO_CLOSE_WAIT] = CIAO_WRITABLE,
    [CIAO_CLOSING] = CIAO_HANGUP,       [CIAO_LAST_ACK] = CIAO_HANGUP,
    [CIAO_TIME_WAIT] = CIAO_HANGUP,
};

static unsigned ready_without_bytes(const struct tcb *tcb)
{
    unsigned ready = ready_in[tcb->head.state];
    if (tcb->flags & TCB_FIN_QUEUED)
        ready &= ~(unsigned)CIAO_WRITABLE;
    if (at_end_of_stream(tcb))
        ready |= CIAO_READABLE | CIAO_HANGUP_RD;
    return tcp_fin_acked(tcb) ? ready | CIAO_ALL_ACKED : ready;
}

static __attribute__((noinline)) unsigned ready_with_bytes(const struct tcp *tcp,
                                                           const struct tcb *tcb)
{
    unsigned ready = 0;
    if (enough_to_read(tcp, tcb) || at_end_of_stream(tcb))
        ready |= CIAO_READABLE;
    if (tcp_urgent_is_ready(tcb))
        ready |= CIAO_URGENT;
    if (is_writable(tcp, tcb))
        ready |= CIAO_WRITABLE;
    if (at_end_of_stream(tcb))
        ready |= CIAO_HANGUP_RD;
    if (both_are_over(tcb))
        ready |= CIAO_HANGUP;
    if (tcp_state_is(tcb, CIAO_FIN_WAIT_2) || tcp_fin_acked(tcb))
        ready |= CIAO_ALL_ACKED;
    if (tcb->error != 0)
        ready |= CIAO_ERROR | CIAO_READABLE;
    return ready;
}

unsigned tcp_tcb_ready(const struct tcp *tcp, const struct tcb *tcb)
{
    if ((tcb->queue | tcb->urgent | tcb->hungry | tcb->error) == 0)
        return ready_without_bytes(tcb);
    return ready_with_bytes(tcp, tcb);
}

unsigned tcp_user_ready(const struct tcp *tcp, ciao_conn conn)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    const struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb != NULL)
        return tcp_tcb_ready(tcp, tcb);
    return listener != NULL && listener->accept_first != REF_NONE ? CIAO_READABLE : 0;
}

ciao_conn tcp_user_next_ready(struct tcp *tcp)
{
    ref_t ref = tcp->user_first;
    if (ref == REF_NONE)
        return 0;
    tcp_told_forget(tcp, ref);
    return tcp_head_at(tcp, ref)->life << 32 | ref;
}

unsigned tcp_user_news(struct tcp *tcp, ciao_conn conn)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return tcp_user_ready(tcp, conn);
    unsigned news = tcb->news;
    tcb->news = 0;
    return news;
}

int tcp_user_error(const struct tcp *tcp, ciao_conn conn)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    return tcb == NULL ? 0 : -(int)tcb->error;
}

int tcp_user_soft_error(struct tcp *tcp, ciao_conn conn)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    if (tcb == NULL)
        return 0;
    int error = -(int)tcb->soft_error;
    tcb->soft_error = 0;
    return error;
}

/* ---- settings ---- */

int tcp_user_get_settings(const struct tcp *tcp, ciao_conn conn, struct ciao_settings *settings)
{
    const struct tcb *tcb = tcp_user_tcb(tcp, conn);
    const struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb == NULL && listener == NULL)
        return -CIAO_EBADCONN;
    *settings = *tcp_settings(tcp, tcb != NULL ? tcb->settings : listener->settings);
    return 0;
}

#define OFFERED (CIAO_NO_TIMESTAMPS | CIAO_NO_SACK | CIAO_NO_WSCALE)

/* The cork was taken off, or Nagle (perhaps once more): what was held back leaves. */
static void hold_ends(const struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags &= ~TCB_HOLD_PARTIAL;
    if (tcp_unsent_bytes(tcp, tcb) != 0)
        tcb->flags |= TCB_PUSH;
}

/* Whether its port may be shared has changed. */
static void bind_anew(struct tcp *tcp, struct tcb *tcb)
{
    bool reuse = (tcp_tcb_settings(tcp, tcb)->flags & CIAO_REUSEADDR) != 0;
    if (!(tcb->flags & TCB_IN_FLOW) || reuse == ((tcb->head.binding & TCP_BINDING_REUSE) != 0))
        return;
    unsigned how = (tcb->head.binding ^ TCP_BINDING_REUSE) & ~TCP_BINDING_HELD;
    tcp_binding_gone(tcp, &tcb->head, sizeof *tcb);
    tcp_binding_connected(tcp, &tcb->head, sizeof *tcb, how);
}

int tcp_user_set_settings(struct tcp *tcp, ciao_conn conn, const struct ciao_settings *settings)
{
    struct tcb *tcb = tcp_user_tcb(tcp, conn);
    struct tcp_listener *listener = tcp_user_listener(tcp, conn);
    if (tcb == NULL && listener == NULL)
        return -CIAO_EBADCONN;
    struct ciao_settings wanted = *settings;
    if (tcb != NULL && (tcb->flags & TCB_SYN_UNACKED)) /* what our SYN has offered holds */
        wanted.flags = (wanted.flags & ~OFFERED) | (tcp_tcb_settings(tcp, tcb)->flags & OFFERED);
    uint16_t index = tcp_settings_take(tcp, &wanted);
    if (index == UINT16_MAX)
        return -CIAO_ENOMEM;
    bool was_corked = tcb != NULL && (tcp_tcb_settings(tcp, tcb)->flags & CIAO_CORK)
                      && !(wanted.flags & CIAO_CORK);
    uint16_t *field = tcb != NULL ? &tcb->settings : &listener->settings;
    tcp_settings_give(tcp, *field);
    *field = index;
    if (tcb == NULL)
        return 0;
    bind_anew(tcp, tcb);
    tcp_keepalive_start(tcp, tcb);
    if (was_corked || (wanted.flags & CIAO_NODELAY))
        hold_ends(tcp, tcb);
    if (wanted.quick_acks == 0) /* AS LINUX: TCP_QUICKACK taken off ends what is left of them */
        tcb->quick_acks = 0;
    if ((wanted.flags & CIAO_QUICKACK) && (tcb->flags & TCB_IN_FLOW))
        tcp_ack_quickly(tcp, tcb);
    if (tcb->flags & TCB_IN_FLOW)
        tcp_output_wanted(tcp, tcb);
    tcp_told(tcp, tcb);
    return 0;
}
