/*
 * The program's calls, handed on to who serves them.  See ciao/stack.h for what they mean.
 */
#include "base/mem.h"
#include "core/stack_internal.h"

/* ---- links, addresses, routes ---- */

int ciao_link_add(struct ciao_stack *stack, const struct ciao_link *link)
{
    return ip_link_add(&stack->ip, link);
}

int ciao_address_add(struct ciao_stack *stack, int link, const struct ciao_addr *address,
                     unsigned prefix_len)
{
    return ip_address_add(&stack->ip, link, address, prefix_len);
}

int ciao_route_add(struct ciao_stack *stack, const struct ciao_route *route)
{
    return ip_route_add(&stack->ip, route);
}

/* ---- connections ---- */

int ciao_listen(struct ciao_stack *stack, const struct ciao_endpoint *local, unsigned backlog,
                const struct ciao_settings *settings, ciao_conn *listener)
{
    if (settings != NULL && !settings_are_possible(settings))
        return -CIAO_EINVAL;
    return tcp_user_listen(&stack->tcp, local, backlog, settings, listener);
}

int ciao_connect(struct ciao_stack *stack, const struct ciao_endpoint *remote,
                 const struct ciao_endpoint *local, const struct ciao_settings *settings,
                 ciao_conn *conn, uint64_t now_us)
{
    stack_enter(stack, now_us);
    if (settings != NULL && !settings_are_possible(settings))
        return -CIAO_EINVAL;
    return tcp_user_connect(&stack->tcp, remote, local, settings, conn);
}

int ciao_accept(struct ciao_stack *stack, ciao_conn listener, ciao_conn *conn)
{
    return tcp_user_accept(&stack->tcp, listener, conn);
}

int64_t ciao_send(struct ciao_stack *stack, ciao_conn conn, const void *data, size_t len,
                  unsigned flags, uint64_t now_us)
{
    stack_enter(stack, now_us);
    return tcp_user_send(&stack->tcp, conn, data, len, flags);
}

int64_t ciao_recv(struct ciao_stack *stack, ciao_conn conn, void *data, size_t len, unsigned flags,
                  uint64_t now_us)
{
    stack_enter(stack, now_us);
    return tcp_user_recv(&stack->tcp, conn, data, len, flags);
}

int64_t ciao_peek(struct ciao_stack *stack, ciao_conn conn, void *data, size_t len, uint32_t offset)
{
    return tcp_user_peek(&stack->tcp, conn, data, len, offset);
}

bool ciao_at_mark(const struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_at_mark(&stack->tcp, conn);
}

int ciao_set_cookie(struct ciao_stack *stack, ciao_conn conn, uint32_t cookie)
{
    return tcp_user_set_cookie(&stack->tcp, conn, cookie);
}

uint32_t ciao_cookie(const struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_cookie(&stack->tcp, conn);
}

int ciao_backlog(struct ciao_stack *stack, ciao_conn listener, unsigned backlog)
{
    return tcp_user_backlog(&stack->tcp, listener, backlog);
}

int ciao_port_busy(const struct ciao_stack *stack, const struct ciao_endpoint *local, bool v6only)
{
    return tcp_user_port_busy(&stack->tcp, local, v6only);
}

uint16_t ciao_port_choose(struct ciao_stack *stack, uint16_t after)
{
    return tcp_user_port_choose(&stack->tcp, after);
}

int ciao_shutdown(struct ciao_stack *stack, ciao_conn conn, enum ciao_how how, uint64_t now_us)
{
    stack_enter(stack, now_us);
    return tcp_user_shutdown(&stack->tcp, conn, how);
}

int ciao_close(struct ciao_stack *stack, ciao_conn conn, struct ciao_event_report *report,
               uint64_t now_us)
{
    stack_enter(stack, now_us);
    return tcp_user_close(&stack->tcp, conn, report);
}

int ciao_abort(struct ciao_stack *stack, ciao_conn conn, struct ciao_event_report *report,
               uint64_t now_us)
{
    stack_enter(stack, now_us);
    return tcp_user_abort(&stack->tcp, conn, report);
}

/* ---- readiness ---- */

unsigned ciao_ready(const struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_ready(&stack->tcp, conn);
}

ciao_conn ciao_next_ready(struct ciao_stack *stack)
{
    return tcp_user_next_ready(&stack->tcp);
}

unsigned ciao_news(struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_news(&stack->tcp, conn);
}

int ciao_error(const struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_error(&stack->tcp, conn);
}

int ciao_soft_error(struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_soft_error(&stack->tcp, conn);
}

/* ---- asking ---- */

int ciao_info(const struct ciao_stack *stack, ciao_conn conn, struct ciao_info *info)
{
    return tcp_user_info(&stack->tcp, conn, info);
}

enum ciao_state ciao_conn_state(const struct ciao_stack *stack, ciao_conn conn)
{
    return tcp_user_state(&stack->tcp, conn);
}

bool ciao_conn_ends(const struct ciao_stack *stack, ciao_conn conn, struct ciao_endpoint *local,
                    struct ciao_endpoint *remote)
{
    return tcp_user_ends(&stack->tcp, conn, local, remote);
}

bool ciao_is_ours(const struct ciao_stack *stack, const struct ciao_addr *address)
{
    return ip_is_ours(&stack->ip, address);
}

const struct ciao_settings *ciao_stack_settings(const struct ciao_stack *stack)
{
    return &stack->config.tcp;
}

int ciao_get_settings(const struct ciao_stack *stack, ciao_conn conn,
                      struct ciao_settings *settings)
{
    return tcp_user_get_settings(&stack->tcp, conn, settings);
}

int ciao_set_settings(struct ciao_stack *stack, ciao_conn conn,
                      const struct ciao_settings *settings)
{
    if (!settings_are_possible(settings))
        return -CIAO_EINVAL;
    return tcp_user_set_settings(&stack->tcp, conn, settings);
}

void ciao_counts(const struct ciao_stack *stack, struct ciao_counts *counts)
{
    memset(counts, 0, sizeof *counts);
    tcp_user_counts(&stack->tcp, counts);
    counts->reassemblies = ip_reassembly_count(&stack->ip);
    counts->neighbours_waiting = ip_neighbours_waiting(&stack->ip);
    counts->buffer_bytes = ciao_bufpool_used_bytes(&stack->buffers);
    counts->buffer_bytes_peak = ciao_bufpool_peak_bytes(&stack->buffers);
}

uint64_t ciao_reason_count(const struct ciao_stack *stack, enum ciao_reason reason)
{
    return (unsigned)reason < CIAO_REASONS ? stack->trace.reasons[reason] : 0;
}

uint64_t ciao_arc_count(const struct ciao_stack *stack, enum ciao_arc_row row)
{
    return (unsigned)row < CIAO_ARCS ? stack->trace.arcs[row] : 0;
}

bool ciao_next_connection(const struct ciao_stack *stack, uint64_t *cursor, struct ciao_info *info)
{
    return tcp_user_next_connection(&stack->tcp, cursor, info);
}

/* ---- events ---- */

void ciao_events_mask(struct ciao_stack *stack, unsigned classes)
{
    trace_mask(&stack->trace, classes);
}

unsigned ciao_events(struct ciao_stack *stack, struct ciao_event *events, unsigned n)
{
    return trace_take(&stack->trace, events, n);
}

unsigned ciao_events_look(struct ciao_stack *stack, const struct ciao_event **events)
{
    return trace_look(&stack->trace, events);
}

void ciao_events_done(struct ciao_stack *stack, unsigned n)
{
    trace_done(&stack->trace, n);
}
