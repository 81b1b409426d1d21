/*
 * lwIP and a program on its raw API, in one piece: see end.h.
 *
 * lwIP's sources are part of this file, so that the compiler sees stack and program as a whole.
 * bench/compare brings them and compiles this (bench/peers/lwip/build).
 */
#include "core/def.c"
#include "core/inet_chksum.c"
#include "core/init.c"
#include "core/ip.c"
#include "core/ipv4/icmp.c"
#include "core/ipv4/ip4.c"
#include "core/ipv4/ip4_addr.c"
#include "core/mem.c"
#include "core/memp.c"
#include "core/netif.c"
#include "core/pbuf.c"
#include "core/tcp.c"
#include "core/tcp_in.c"
#include "core/tcp_out.c"

#include "bench/peers/lwip/end.h"
#include "host/machine.h"
#include "wire/checksum.h"

#define FLIGHT_MOST  256
#define PATTERN_MASK 0xffffu
#define PORTS_EACH   60000u

static struct {
    struct netif netif;
    struct end_setup setup;
    const struct csum_ops *sums;
    struct frame *free, *first, **last;
    struct tcp_pcb *conn, *more; /* the one there is, or the first of many; the many */
    struct tcp_pcb *open[FLIGHT_MOST], *closing[FLIGHT_MOST];
    uint32_t opened, closings;
    uint64_t sent, received;
    uint8_t in[END_CALL_BYTES];
    size_t at; /* so much of `in` is full */
} end;

/* ---- what lwIP asks of us ---- */

uint32_t peer_sum(const void *bytes, int len)
{
    return len <= 40 ? csum_small(bytes, (size_t)len) : end.sums->sum(bytes, (size_t)len);
}

uint32_t peer_sum_and_copy(void *to, const void *from, int len)
{
    return end.sums->copy(to, from, (size_t)len);
}

/* ---- the link ---- */

static struct frame *new_frame(void)
{
    struct frame *frame = end.free;

    if (!frame)
        return calloc(1, sizeof *frame);
    end.free = frame->next;
    return frame;
}

static void release(struct frame *frame)
{
    if (frame->owner)
        (void)pbuf_free(frame->owner);
    frame->next = end.free;
    end.free = frame;
}

/* Copy what is short, and the headers; refer to the rest. */
static void fill(struct frame *frame, struct pbuf *p)
{
    const struct ip_hdr *ip = p->payload;
    const struct tcp_hdr *tcp = (const void *)((const u8_t *)p->payload + IPH_HL_BYTES(ip));
    uint16_t headers = (uint16_t)(IPH_HL_BYTES(ip) + TCPH_HDRLEN_BYTES(tcp)), skip = headers;

    frame->owner = NULL;
    frame->bodies = 0;
    if (p->tot_len <= FRAME_HEAD) {
        frame->head_bytes = pbuf_copy_partial(p, frame->head, p->tot_len, 0);
        return;
    }
    frame->head_bytes = headers;
    memcpy(frame->head, p->payload, headers);
    pbuf_ref(p);
    frame->owner = p;
    for (struct pbuf *q = p; q; q = q->next, skip = 0) {
        if (q->len == skip)
            continue;
        if (frame->bodies == FRAME_BODIES)
            abort();
        frame->body[frame->bodies] = (u8_t *)q->payload + skip;
        frame->body_bytes[frame->bodies++] = (uint16_t)(q->len - skip);
    }
}

static err_t transmit(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    struct frame *frame = new_frame();

    (void)netif;
    (void)to;
    if (!frame)
        return ERR_MEM;
    fill(frame, p);
    frame->release = release;
    frame->next = NULL;
    *end.last = frame;
    end.last = &frame->next;
    return ERR_OK;
}

static struct frame *output(void)
{
    struct frame *first = end.first;

    end.first = NULL;
    end.last = &end.first;
    return first;
}

/* A piece of a frame of the peer's is no longer looked at. */
static void piece_freed(struct pbuf *p)
{
    struct frame *frame = *(struct frame **)(void *)((struct pbuf_custom *)p + 1);

    if (--frame->held == 0)
        frame->release(frame);
}

static struct pbuf *piece(struct frame *frame, unsigned i, void *bytes, uint16_t len)
{
    struct pbuf_custom *custom = (void *)frame->pbuf[i];

    custom->custom_free_function = piece_freed;
    memcpy(custom + 1, &frame, sizeof frame);
    frame->held++;
    return pbuf_alloced_custom(PBUF_RAW, len, PBUF_REF, custom, bytes, len);
}

static void input(struct frame *frame)
{
    struct pbuf *p;

    frame->held = 0;
    p = piece(frame, 0, frame->head, frame->head_bytes);
    for (unsigned i = 0; i < frame->bodies; i++)
        pbuf_cat(p, piece(frame, i + 1, frame->body[i], frame->body_bytes[i]));
    (void)ip4_input(p, &end.netif);
}

static err_t attach(struct netif *netif)
{
    netif->output = transmit;
    netif->mtu = PEER_MSS + 40;
    netif->flags = NETIF_FLAG_UP | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

/* ---- the program ---- */

/* Into the buffer of 16 KB, which begins anew when it is full. */
static void take(const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t n = LWIP_MIN(len, END_CALL_BYTES - end.at);

        memcpy(end.in + end.at, bytes, n);
        for (size_t i = 0; end.setup.pattern && i < n; i++)
            if (end.in[end.at + i] != end.setup.pattern[(end.received + i) & PATTERN_MASK])
                abort();
        end.received += n;
        end.at = (end.at + n) % END_CALL_BYTES;
        bytes += n;
        len -= n;
    }
}

static err_t on_data(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (!p) {
        if (end.closings == FLIGHT_MOST)
            abort();
        end.closing[end.closings++] = pcb;
        return ERR_OK;
    }
    if (end.setup.echo)
        end.at = 0;
    for (const struct pbuf *q = p; q; q = q->next)
        take(q->payload, q->len);
    tcp_recved(pcb, p->tot_len);
    if (end.setup.echo && tcp_write(pcb, end.in, p->tot_len, TCP_WRITE_FLAG_COPY) != ERR_OK)
        abort();
    (void)pbuf_free(p);
    return ERR_OK;
}

static err_t on_open(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    if (err != ERR_OK || end.opened == FLIGHT_MOST)
        abort();
    tcp_recv(pcb, on_data);
    end.conn = pcb;
    end.open[end.opened++] = pcb;
    return ERR_OK;
}

/* A server does not close what it has accepted; it waits for the client. */
static err_t on_accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    err = on_open(arg, pcb, err);
    end.opened = 0;
    return err;
}

static void listen_at(void)
{
    struct tcp_pcb *pcb = tcp_new();

    if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, end.setup.port) != ERR_OK)
        abort();
    pcb = tcp_listen_with_backlog(pcb, 255);
    tcp_accept(pcb, on_accepted);
}

static void open_one(void)
{
    struct tcp_pcb *pcb = tcp_new();
    ip_addr_t to = IPADDR4_INIT(lwip_htonl(end.setup.peer));

    if (!pcb || tcp_connect(pcb, &to, end.setup.port, on_open) != ERR_OK)
        abort();
}

static bool multiply(uint32_t n)
{
    bool client = end.conn->remote_port == end.setup.port;

    end.more = calloc(n ? n : 1, sizeof *end.more);
    if (!end.more)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct tcp_pcb *pcb = &end.more[i];
        u16_t server = (u16_t)(end.setup.port + 1 + i / PORTS_EACH);
        u16_t ours = (u16_t)(1024 + i % PORTS_EACH);

        *pcb = *end.conn;
        pcb->local_port = client ? ours : server;
        pcb->remote_port = client ? server : ours;
        ip_set_option(pcb, SOF_KEEPALIVE);
        TCP_REG_ACTIVE(pcb);
    }
    return true;
}

static uint32_t connected(void)
{
    return end.opened;
}

static uint32_t closed_by_peer(void)
{
    return end.closings;
}

/* Nothing is asked of them any more. */
static void close_all(struct tcp_pcb **pcb, uint32_t *n)
{
    for (uint32_t i = 0; i < *n; i++) {
        tcp_recv(pcb[i], NULL);
        if (tcp_close(pcb[i]) != ERR_OK)
            abort();
    }
    *n = 0;
}

static void close_connected(void)
{
    close_all(end.open, &end.opened);
}

static void close_closed_by_peer(void)
{
    close_all(end.closing, &end.closings);
}

static uint64_t write_all(const uint8_t *bytes)
{
    uint64_t n = 0;

    while (tcp_sndbuf(end.conn) >= END_CALL_BYTES) {
        const uint8_t *from = bytes + (end.setup.pattern ? end.sent & PATTERN_MASK : 0);

        if (tcp_write(end.conn, from, END_CALL_BYTES, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        n += END_CALL_BYTES;
        end.sent += END_CALL_BYTES;
    }
    (void)tcp_output(end.conn);
    return n;
}

static void request(uint32_t i, const uint8_t *bytes, uint16_t len)
{
    struct tcp_pcb *pcb = i == 0 ? end.conn : &end.more[i - 1];

    if (tcp_write(pcb, bytes, len, TCP_WRITE_FLAG_COPY) != ERR_OK)
        abort();
    (void)tcp_output(pcb);
}

static uint64_t received(void)
{
    return end.received;
}

static uint32_t time_waits(void)
{
    uint32_t n = 0;

    for (const struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next)
        n++;
    return n;
}

/* The pool of connections is as large as the largest row wants it: take away what this does not. */
static void open_end(const struct end_setup *setup)
{
    ip4_addr_t addr = {lwip_htonl(setup->address)}, mask = {lwip_htonl(0xffffff00)};

    end.setup = *setup;
    end.sums = csum_ops_for(machine_cpu());
    end.last = &end.first;
    lwip_init();
    for (uint32_t i = setup->pcbs; i < MEMP_NUM_TCP_PCB; i++)
        (void)memp_malloc(MEMP_TCP_PCB);
    netif_add(&end.netif, &addr, &mask, &addr, NULL, attach, ip4_input);
    netif_set_default(&end.netif);
}

/* lwIP's own timers are not built: tcp_tmr() is called in any case. */
void tcp_timer_needed(void)
{
}

const struct end_ops lwip_end __attribute__((externally_visible)) = {
    .open = open_end,
    .listen = listen_at,
    .connect = open_one,
    .multiply = multiply,
    .connected = connected,
    .closed_by_peer = closed_by_peer,
    .close_connected = close_connected,
    .close_closed_by_peer = close_closed_by_peer,
    .write_all = write_all,
    .request = request,
    .received = received,
    .input = input,
    .output = output,
    .quarter_second = tcp_tmr,
    .time_waits = time_waits,
    .pcb_bytes = sizeof(struct tcp_pcb),
};
