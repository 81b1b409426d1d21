/*
 * Two lists that a connection may stand in: those with something to send, one list a link, served
 * in turn; and those whose readiness has changed since the program last heard of them.
 */
#include "proto/tcp/tcp_send.h"

/* A connection leaves so many frames in one turn before the next one's turn comes. */
#define TURN_FRAMES 16

/* ---- those with something to send ---- */

static void output_append(struct tcp *tcp, struct tcb *tcb)
{
    struct tcp_output_list *list = &tcp->output[tcb->head.link];
    ref_t ref = tcp_tcb_ref(tcp, tcb);
    tcb->output = (struct tcp_link){REF_NONE, list->last};
    if (list->last == REF_NONE)
        list->first = ref;
    else
        tcp_tcb_at(tcp, list->last)->output.next = ref;
    list->last = ref;
    tcb->flags |= TCB_LISTED;
}

void tcp_output_wanted(struct tcp *tcp, struct tcb *tcb)
{
    if (!(tcb->flags & TCB_LISTED))
        output_append(tcp, tcb);
}

void tcp_output_forget(struct tcp *tcp, struct tcb *tcb)
{
    if (!(tcb->flags & TCB_LISTED))
        return;
    struct tcp_output_list *list = &tcp->output[tcb->head.link];
    if (tcb->output.prev == REF_NONE)
        list->first = tcb->output.next;
    else
        tcp_tcb_at(tcp, tcb->output.prev)->output.next = tcb->output.next;
    if (tcb->output.next == REF_NONE)
        list->last = tcb->output.prev;
    else
        tcp_tcb_at(tcp, tcb->output.next)->output.prev = tcb->output.prev;
    tcb->flags &= ~TCB_LISTED;
}

/* One connection's turn: false when it has nothing more to send. */
static bool take_turn(struct tcp *tcp, struct tcb *tcb, struct tcp_turn *turn)
{
    enum tcp_stream stream = tcp_stream_output(tcp, tcb, turn);
    if (stream != TCP_STREAM_UNUSUAL)
        return stream == TCP_STREAM_MORE;
    while (turn->made < turn->limit) {
        switch (tcp_output_next(tcp, tcb, turn->frames[turn->made])) {
        case TCP_SENT_NOTHING: return false;
        case TCP_SENT_FRAME:
            turn->made++;
            if (!tcp_output_more(tcp, tcb))
                return false;
            break;
        case TCP_SENT_ELSEWHERE: break;
        }
    }
    return true;
}

/* A turn that is more than one segment; returns how many frames there are then. */
static __attribute__((noinline)) unsigned long_turn(struct tcp *tcp, struct tcb *tcb,
                                                    struct ciao_frame *const *frames, unsigned made,
                                                    unsigned n)
{
    unsigned limit = n - made > TURN_FRAMES ? made + TURN_FRAMES : n;
    struct tcp_turn turn = {.frames = frames, .made = made, .limit = limit};
    bool more = take_turn(tcp, tcb, &turn);
    tcp_output_forget(tcp, tcb);
    if (more)
        output_append(tcp, tcb);
    return turn.made;
}

static inline struct tcb *first_of(const struct tcp *tcp, const struct tcp_output_list *list)
{
    return list->first == REF_NONE ? NULL : tcp_tcb_at(tcp, list->first);
}

/* The one at the front is done; returns the next one. */
static inline struct tcb *forget_first(const struct tcp *tcp, struct tcp_output_list *list,
                                       struct tcb *tcb)
{
    list->first = tcb->output.next;
    tcb->flags &= ~TCB_LISTED;
    struct tcb *next = first_of(tcp, list);
    if (next != NULL)
        next->output.prev = REF_NONE;
    else
        list->last = REF_NONE;
    return next;
}

static __attribute__((noinline)) unsigned long_turns(struct tcp *tcp, int link,
                                                     struct ciao_frame *const *frames, unsigned n)
{
    const struct tcp_output_list *list = &tcp->output[link];
    unsigned made = 0;
    while (made < n && list->first != REF_NONE)
        made = long_turn(tcp, tcp_tcb_at(tcp, list->first), frames, made, n);
    return made;
}

/* The straight ways: one segment, and then nothing is left to send; else nothing has happened. */
static inline bool one_segment(struct tcp *tcp, struct tcb *tcb, struct ciao_frame *frame)
{
    if (tcb->has_side)
        return tcp_single_output(tcp, tcb, frame);
    if (tcb->flags & TCB_SYN_DUE)
        return !(tcb->flags & TCB_FIN_QUEUED)
               && tcp_handshake_output(tcp, tcb, frame) == TCP_SENT_FRAME;
    return tcp_control_output(tcp, tcb, frame);
}

unsigned tcp_output(struct tcp *tcp, int link, struct ciao_frame *const *frames, unsigned n,
                    time_us now)
{
    struct tcp_output_list *list = &tcp->output[link];
    unsigned made = 0;
    tcp_set_now(tcp, now);
    if (!tcp_single_may(tcp, link))
        return long_turns(tcp, link, frames, n);
    struct tcb *tcb = first_of(tcp, list);
    while (made < n && tcb != NULL) {
        if (one_segment(tcp, tcb, frames[made])) {
            made++;
            tcb = forget_first(tcp, list, tcb);
        } else {
            made = long_turn(tcp, tcb, frames, made, n);
            tcb = first_of(tcp, list);
        }
    }
    return made;
}

bool tcp_has_output(const struct tcp *tcp, int link)
{
    return tcp->output[link].first != REF_NONE;
}

/* ---- those whose readiness has changed ---- */

static struct tcp_link *user_link(const struct tcp *tcp, ref_t ref)
{
    return tcp_ref_is_tcb(ref) ? &tcp_tcb_at(tcp, ref)->user : &tcp_listener_at(tcp, ref)->user;
}

static bool user_listed(const struct tcp *tcp, ref_t ref)
{
    return tcp_ref_is_tcb(ref) ? (tcp_tcb_at(tcp, ref)->flags & TCB_USER_LISTED) != 0
                               : tcp_listener_at(tcp, ref)->user_listed;
}

static void user_append(struct tcp *tcp, ref_t ref, struct tcp_link *link)
{
    ref_t last = tcp->user_last;
    *link = (struct tcp_link){REF_NONE, last};
    tcp->user_last = ref;
    if (last == REF_NONE)
        tcp->user_first = ref;
    else
        user_link(tcp, last)->next = ref;
}

static void user_remove(struct tcp *tcp, struct tcp_link link)
{
    if (link.prev == REF_NONE)
        tcp->user_first = link.next;
    else
        user_link(tcp, link.prev)->next = link.next;
    if (link.next == REF_NONE)
        tcp->user_last = link.prev;
    else
        user_link(tcp, link.next)->prev = link.prev;
}

static void list_tcb(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->flags & TCB_USER_LISTED)
        return;
    user_append(tcp, tcp_tcb_ref(tcp, tcb), &tcb->user);
    tcb->flags |= TCB_USER_LISTED;
}

void tcp_told_list(struct tcp *tcp, ref_t ref)
{
    if (tcp_ref_is_tcb(ref)) {
        list_tcb(tcp, tcp_tcb_at(tcp, ref));
        return;
    }
    struct tcp_listener *listener = tcp_listener_at(tcp, ref);
    if (!listener->user_listed)
        user_append(tcp, ref, &listener->user);
    listener->user_listed = true;
}

void tcp_told_forget_tcb(struct tcp *tcp, struct tcb *tcb)
{
    user_remove(tcp, tcb->user);
    tcb->flags &= ~TCB_USER_LISTED;
}

void tcp_told_forget(struct tcp *tcp, ref_t ref)
{
    if (!user_listed(tcp, ref))
        return;
    if (tcp_ref_is_tcb(ref)) {
        tcp_told_forget_tcb(tcp, tcp_tcb_at(tcp, ref));
        return;
    }
    user_remove(tcp, tcp_listener_at(tcp, ref)->user);
    tcp_listener_at(tcp, ref)->user_listed = false;
}

void tcp_tell(struct tcp *tcp, struct tcb *tcb)
{
    uint8_t ready = (uint8_t)tcp_tcb_ready(tcp, tcb);
    uint8_t news = ready & (uint8_t)~tcb->told_ready;
    tcb->told_ready = ready;
    tcb->news |= news;
    if (news != 0)
        list_tcb(tcp, tcb);
}

/* Something new of a kind that was told before: say it again. */
void tcp_told_again(struct tcp *tcp, struct tcb *tcb, unsigned ready)
{
    tcb->told_ready = (uint8_t)(tcb->told_ready & ~ready);
    tcp_told(tcp, tcb);
}
