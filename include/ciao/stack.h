/*
 * ciao's stack: TCP over IPv4 and IPv6, without any I/O of its own.
 *
 * A stack is one object, one shard: it has no locks and no globals, and one thread at a time may
 * enter it.  Frames are handed in (ciao_input) and taken out (ciao_output); the time is an
 * argument; random bytes come from a seed. Two runs with the same inputs are the same run.
 * Connections and listeners are handles, never pointers.  The program learns what happened by
 * asking for readiness (ciao_ready, ciao_next_ready) and events (ciao_events); the stack calls
 * nobody back.
 *
 * Errors are negative CIAO_E* numbers; ciao_strerror() has a sentence for each.
 */
#ifndef CIAO_STACK_H
#define CIAO_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciao/addr.h"
#include "ciao/event.h"
#include "ciao/frame.h"

#define CIAO_MUST_CHECK __attribute__((warn_unused_result))

/* ---- errors ---- */
enum ciao_error {
    CIAO_EBADCONN = 1, /* no such handle, or released */
    CIAO_EINVAL,       /* an argument is outside what the function's comment allows */
    CIAO_ENOTCONN,     /* not connected (yet, or any longer), or a listener */
    CIAO_EISCONN,      /* already connected or connecting */
    CIAO_ECLOSING,     /* this direction is closed, or both are closing */
    CIAO_EAGAIN,     /* nothing to read, no room to write, nobody to accept: try again when ready */
    CIAO_EREFUSED,   /* the peer answered our SYN with RST */
    CIAO_ERESET,     /* the peer reset the connection */
    CIAO_ETIMEDOUT,  /* nobody answered in the time allowed (R2) */
    CIAO_EUNREACH,   /* the network reported that there is no way */
    CIAO_EABORTED,   /* aborted on this side */
    CIAO_EADDRINUSE, /* the address and port are taken */
    CIAO_EADDRNOTAVAIL, /* not an address of this stack */
    CIAO_ENOPORTS,      /* every ephemeral port to this destination is in use */
    CIAO_ENOROUTE,      /* no route to the destination */
    CIAO_ENOMEM,        /* a table or the memory budget is full */
    CIAO_EDESTADDR,     /* nobody can connect to that address (broadcast, multicast, reserved) */
    CIAO_EPIPE,         /* sent after our own shutdown(WR) or close */
    CIAO_ERRORS
};
const char *ciao_strerror(int error); /* takes -CIAO_E* or CIAO_E*; never NULL */

/* ---- settings: data, never branches ---- */

/* What RFC and practice disagree about, per connection; a listener's children inherit it. */
struct ciao_settings {
    uint64_t keepalive_idle_us;       /* silence before the first probe, with CIAO_KEEPALIVE */
    uint64_t keepalive_interval_us;   /* between probes that nobody answers */
    uint32_t rto_min_us;              /* smallest retransmission timeout [RFC6298 2.4] */
    uint32_t rto_max_us;              /* largest, >= 60 s [RFC6298 2.5] */
    uint32_t rto_initial_us;          /* before the first measurement [RFC6298 2.1] */
    uint32_t initial_window_segments; /* 0: as RFC 5681 3.1 says */
    uint32_t delayed_ack_us;          /* < 500 ms [RFC9293 3.8.6.3 MUST-40]; 0: never delay */
    uint32_t quick_acks; /* so many segments at the start are acknowledged at once, as Linux */
    uint32_t msl_us;     /* maximum segment lifetime; TIME-WAIT is twice that; 0: no TIME-WAIT */
    uint32_t orphan_fin_wait_2_us; /* how long FIN-WAIT-2 waits once nobody owns it; 0: for ever */
    uint32_t r1;                   /* retransmissions before "in trouble" is told [RFC9293 3.8.3] */
    uint32_t r2_us;                /* time before giving up; 0: never [RFC9293 3.8.3 MUST-20] */
    uint32_t r2_syn_us;            /* the same for SYN and SYN,ACK, >= 3 min by MUST-23 */
    uint32_t linger_us;            /* used with CIAO_LINGER */
    uint32_t sndbuf_bytes;         /* most bytes queued for sending */
    uint32_t
        rcvbuf_bytes; /* most bytes of buffers held for reading; the window offered follows it */
    uint32_t user_timeout_us;     /* 0: r2_us decides */
    uint32_t notsent_lowat_bytes; /* no more than so many wait unsent; 0: as sndbuf_bytes allows */
    uint32_t rcvlowat_bytes;      /* READABLE from so many on, or at the end; 0 is 1 */
    uint32_t window_clamp_bytes;  /* never offer more; 0: as rcvbuf_bytes allows */
    uint32_t flags;               /* CIAO_NODELAY ... */
    uint32_t more;                /* CIAO_RST_ENDS_TIME_WAIT ... */
    uint16_t mss;             /* largest segment to announce and to send; 0: what the link allows */
    uint8_t ttl;              /* TTL or hop limit [RFC9293 3.9.2 MUST-49] */
    uint8_t tos;              /* DSCP << 2, at any time [RFC9293 3.9.1.9 MUST-48, SHLD-21] */
    uint8_t congestion;       /* enum ciao_congestion */
    uint8_t keepalive_probes; /* so many unanswered ones end it */
    uint8_t syn_retries;      /* AS LINUX: give up after so many SYNs sent again; 0: r2_syn_us */
    uint8_t synack_retries;   /* the same for SYN,ACK */
    uint8_t syn_linear; /* AS LINUX: so many SYNs sent again come without doubling the wait; giving
                         * up comes when it would have come with it */
    uint8_t burst_min_segments; /* with CIAO_BURSTS: no burst is cut shorter than this for pacing */
    uint8_t reserved[6];        /* 0 */
};
/* .flags */
#define CIAO_NODELAY            1u  /* Nagle off [RFC9293 3.7.4 MUST-17] */
#define CIAO_NO_TIMESTAMPS      2u  /* do not offer or accept RFC 7323 timestamps */
#define CIAO_NO_SACK            4u  /* do not offer or accept RFC 2018 SACK */
#define CIAO_NO_WSCALE          8u  /* do not offer or accept window scaling */
#define CIAO_LINGER             16u /* linger_us holds: 0 means close() resets */
#define CIAO_CORK               32u /* full segments only, until taken off */
#define CIAO_REUSEADDR          64u
#define CIAO_REUSEPORT          128u
#define CIAO_KEEPALIVE          256u  /* [RFC9293 3.8.4 MUST-24, MUST-25] */
#define CIAO_OOB_INLINE         512u  /* the urgent byte stays among the others [RFC6093 3.4] */
#define CIAO_QUICKACK           1024u /* AS LINUX: set (anew), acknowledge at once for a while */
/* .more: where the profiles differ in kind.  How a connection opens and ends */
#define CIAO_RST_ENDS_TIME_WAIT 0x1u /* RFC 9293; off: ignored as RFC 1337 advises */
#define CIAO_HARD_ICMP_ABORTS \
    0x2u /* RFC 9293 SHLD-26 also when synchronised; off: soft as RFC 5927 */
#define CIAO_SYN_AGAIN_GETS_ACK \
    0x4u /* a repeated SYN in SYN-RECEIVED gets a bare ACK (9293 first); off: SYN,ACK again */
#define CIAO_ICMP_ENDS_SYN \
    0x8u /* AS LINUX: any "unreachable" ends a connect, and giving up tells of one that was \
          * reported before; off: soft ones are soft [RFC9293 3.9.2.2 MUST-56] */
#define CIAO_LINUX_ERRORS \
    0x10u /* AS LINUX: a RST is an error in every synchronised state; off: none when both have \
           * closed */
#define CIAO_V6ONLY     0x20u
#define CIAO_ECN        0x40u /* ask for ECN, and agree when asked [RFC3168] */
#define CIAO_ECN_ACCEPT 0x80u /* agree when asked */
/* which segments are taken, and what they are told */
#define CIAO_STRICT_TIMESTAMPS \
    0x100u /* RFC 7323 3.2: a segment that lacks the agreed timestamp is dropped */
#define CIAO_PAWS_TOLERANT \
    0x200u /* AS LINUX: an ACK alone that was overtaken, and a timestamp one tick old, are taken */
#define CIAO_EDGE_TOLERANT \
    0x400u /* AS LINUX: a bare ACK at the window's right edge and a bare FIN at a closed window \
            * are taken; off: RFC 9293's table to the letter */
#define CIAO_DSACK 0x800u /* tell with SACK what came twice [RFC2883] */
/* when segments leave, and how losses are repaired */
#define CIAO_BURSTS \
    0x1000u /* AS LINUX: segments leave in bursts of a millisecond's worth, each ending with PSH; \
             * a program's bytes are queued in chunks of half the peer's window */
#define CIAO_HOLD_ONCE \
    0x2000u /* AS LINUX: CIAO_SEND_MORE holds until the next ACK, Nagle minds small ones on their \
             * way alone (Minshall), and a held part leaves after one RTO */
#define CIAO_BARE_PROBES \
    0x4000u /* AS LINUX: closed windows are probed by an old number, not a byte [RFC9293 3.8.6.1] */
#define CIAO_IDLE_RESTART \
    0x8000u /* after a silence cwnd is the initial window again [RFC5681 4.1]; off: as it was */
#define CIAO_WIDE_RTO \
    0x10000u /* AS LINUX: RTO is SRTT + max(rto_min_us, 4 * RTTVAR), not max(rto_min_us, sum) */
#define CIAO_TAIL_PROBES \
    0x20000u /* probe after two silent round trips [RFC8985 7]; off: RTO alone */
#define CIAO_RACK \
    0x40000u /* AS LINUX: losses are found by time [RFC8985], cwnd comes down in proportion \
              * [RFC6937], needless timeouts are found out [RFC5682], and cwnd counts segments; \
              * off: RFC 6675 and RFC 6582, in bytes */

enum ciao_congestion { CIAO_CC_NEWRENO, CIAO_CC_CUBIC, CIAO_CC_KINDS };

enum ciao_profile { CIAO_PROFILE_CIAO, CIAO_PROFILE_RFC, CIAO_PROFILE_LINUX, CIAO_PROFILES };
const struct ciao_settings *ciao_profile(enum ciao_profile profile); /* static, complete */
const char *ciao_profile_name(enum ciao_profile profile);            /* "ciao" "rfc" "linux" */

/* What a stack is made of: budgets, each with a meaning at its limit. */
struct ciao_config {
    uint8_t seed[32]; /* secret randomness; the same seed and inputs give the same run */
    uint32_t cpu;     /* CIAO_CPU_* features that may be used */
    uint32_t
        max_connections; /* TCBs of each family; at the limit connect and accept answer ENOMEM */
    uint32_t max_syn_records; /* half-open connections of all listeners; beyond: SYN cookies */
    uint32_t max_time_wait;   /* records; beyond: slots are recycled in turn, and told */
    uint32_t max_listeners;
    uint32_t max_events;          /* ring size, a power of two; 0: no ring */
    uint32_t max_neighbours;      /* ARP and ND cache entries */
    uint64_t buffer_bytes;        /* all payload, all connections */
    uint16_t port_low, port_high; /* ephemeral ports, inclusive; 0,0: 1024..65535 */
    uint8_t syn_cookies;          /* 0 never, 1 at the limit of the SYN queue, 2 always */
    uint8_t events;               /* CIAO_EVENTS_* at the start */
    uint8_t merge; /* 1: merge a batch before the state machine; same states and bytes either way */
    uint8_t predict; /* 1: what nearly always happens goes a shorter way; to the same effect */
    struct ciao_settings tcp; /* what listeners and connections start with */
};
void ciao_config_default(struct ciao_config *config, enum ciao_profile profile);

struct ciao_stack;

/* How many bytes of zeroed memory a stack of that configuration reserves; only what it uses is
 * touched. */
size_t ciao_stack_bytes(const struct ciao_config *config);

/*
 * Make a stack in memory handed in.
 *
 *   memory  zeroed, 64-byte aligned, ciao_stack_bytes() long, yours again after the last call
 *   now_us  monotonic microseconds
 *
 * Returns NULL when the configuration is impossible (a budget of 0 where one is needed, max_events
 * no power of two).
 */
CIAO_MUST_CHECK struct ciao_stack *ciao_stack_create(const struct ciao_config *config, void *memory,
                                                     uint64_t now_us);

/* ---- links, addresses, routes ---- */
enum ciao_link_kind {
    CIAO_LINK_IP, /* bare IP packets: TUN, loop */
    CIAO_LINK_ETHERNET,
    CIAO_LINK_LOOPBACK /* bare IP packets; what is sent comes back: 127.0.0.0/8, ::1, and whatever
                        * goes to an address of ours on any link.  One of it at most */
};
struct ciao_link {
    enum ciao_link_kind kind;
    uint8_t mac[6];     /* CIAO_LINK_ETHERNET: ours */
    uint32_t mtu;       /* IP bytes, 576..65535 (1280.. for IPv6) */
    uint32_t gso_bytes; /* largest super-segment that the driver takes, 0: none */
    bool tx_csum;       /* the driver completes PARTIAL checksums (or carries them as such) */
    bool rx_csum;       /* frames marked VERIFIED or PARTIAL are believed */
};
/* Returns the link's number (0, 1, ...) or -CIAO_EINVAL, -CIAO_ENOMEM. */
CIAO_MUST_CHECK int ciao_link_add(struct ciao_stack *stack, const struct ciao_link *link);
/* An address of ours; prefix_len on the family's own form (24, 64).  Adds the connected route too.
 */
CIAO_MUST_CHECK int ciao_address_add(struct ciao_stack *stack, int link,
                                     const struct ciao_addr *address, unsigned prefix_len);
/* gateway may be NULL (on-link); mtu 0: the link's. */
struct ciao_route {
    struct ciao_addr prefix;
    unsigned prefix_len;
    const struct ciao_addr *gateway;
    int link;
    uint32_t mtu;
};
CIAO_MUST_CHECK int ciao_route_add(struct ciao_stack *stack, const struct ciao_route *route);

/* ---- the three calls of a driver's loop ---- */

/*
 * Hand in frames.  References that a frame carries are taken over (released when done with); the
 * frame structs themselves are the caller's again on return.
 */
void ciao_input(struct ciao_stack *stack, int link, struct ciao_frame *const *frames, unsigned n,
                uint64_t now_us);

/* Take up to n frames that are ready for that link; returns how many.  References are the caller's
 * to release. */
CIAO_MUST_CHECK unsigned ciao_output(struct ciao_stack *stack, int link,
                                     struct ciao_frame *const *frames, unsigned n, uint64_t now_us);

/* Let time pass: runs every timer due at now_us.  Returns the next deadline, UINT64_MAX when there
 * is none. */
uint64_t ciao_advance(struct ciao_stack *stack, uint64_t now_us);
uint64_t ciao_next_deadline(const struct ciao_stack *stack);
/* Is anything waiting for ciao_output() on that link? */
bool ciao_has_output(const struct ciao_stack *stack, int link);

/* ---- connections ---- */
typedef uint64_t ciao_conn; /* 0 is never a handle */

struct ciao_endpoint {
    struct ciao_addr addr; /* any: unspecified */
    uint16_t port;         /* 0: chosen by the stack */
};

/*
 * Listen.  [RFC9293 3.9.1.1 MUST-41..43]  The unspecified IPv6 address takes both families unless
 * CIAO_V6ONLY. backlog   most connections waiting for ciao_accept(), 1..65535 settings  NULL: the
 * stack's Returns 0 and the handle; -CIAO_EADDRINUSE, -CIAO_EADDRNOTAVAIL, -CIAO_EINVAL,
 * -CIAO_ENOMEM.
 */
CIAO_MUST_CHECK int ciao_listen(struct ciao_stack *stack, const struct ciao_endpoint *local,
                                unsigned backlog, const struct ciao_settings *settings,
                                ciao_conn *listener);

/*
 * Open actively.  Returns 0 and the handle at once; the SYN leaves with the next ciao_output(). The
 * outcome is told by readiness: WRITABLE when established, ERROR with ciao_error() when not. local
 * NULL, or address and/or port to use Returns -CIAO_EDESTADDR, -CIAO_ENOROUTE, -CIAO_EADDRNOTAVAIL,
 * -CIAO_EADDRINUSE (the tuple is in use), -CIAO_ENOPORTS, -CIAO_ENOMEM. Source  RFC 9293 3.10.1,
 * RFC 6056 (port), RFC 6528 (ISN)
 */
CIAO_MUST_CHECK int ciao_connect(struct ciao_stack *stack, const struct ciao_endpoint *remote,
                                 const struct ciao_endpoint *local,
                                 const struct ciao_settings *settings, ciao_conn *conn,
                                 uint64_t now_us);

/* The next connection of a listener, in the order in which handshakes ended; it may be in
 * CLOSE-WAIT already. Returns 0; -CIAO_EAGAIN, -CIAO_EBADCONN, -CIAO_EINVAL (not a listener). */
CIAO_MUST_CHECK int ciao_accept(struct ciao_stack *stack, ciao_conn listener, ciao_conn *conn);

/*
 * A number of the caller's own, kept with a connection or listener, so that whoever stands above
 * finds its object from a handle of ciao_next_ready() at once.  0: none, as at the start.
 * Set returns 0 or -CIAO_EBADCONN; get returns 0 for what is no handle.
 */
int ciao_set_cookie(struct ciao_stack *stack, ciao_conn conn, uint32_t cookie);
uint32_t ciao_cookie(const struct ciao_stack *stack, ciao_conn conn);

/* Another limit for a listener's queue; those that wait already stay.  Returns 0; -CIAO_EBADCONN,
 * -CIAO_EINVAL (not a listener, or not 1..65535). */
CIAO_MUST_CHECK int ciao_backlog(struct ciao_stack *stack, ciao_conn listener, unsigned backlog);

/*
 * What who wants to bind a port must know of the connections that have it: of any state, owned by a
 * program or by nobody any more.  Listeners are ciao_listen()'s matter.
 *
 *   local   the port; the address, or the unspecified one of a family for all of that family
 *   v6only  the unspecified IPv6 address does not stand for IPv4 too
 *
 * Returns a set: 0 when nobody has it.
 */
#define CIAO_PORT_CONNECTED 1 /* a connection */
#define CIAO_PORT_TIME_WAIT 2 /* one that only waits for 2 MSL to pass */
#define CIAO_PORT_STRICT    4 /* of these, one was made without CIAO_REUSEADDR */
int ciao_port_busy(const struct ciao_stack *stack, const struct ciao_endpoint *local, bool v6only);
/* A port of the ephemeral range that no connection and no listener has, behind `after` (0: from a
 * random place on); 0 when there is none.  It is not taken by this. */
uint16_t ciao_port_choose(struct ciao_stack *stack, uint16_t after);

/* flags of ciao_send() */
#define CIAO_SEND_MORE \
    1u                      /* hold a last partial segment back, more follows (MSG_MORE);
                             * without it each call is a push [RFC9293 3.9.1.2 MAY-15, MAY-16] */
#define CIAO_SEND_URGENT 2u /* the last byte taken is urgent [RFC9293 3.8.5 MUST-30] (MSG_OOB) */
#define CIAO_SEND_EOR    4u /* a record ends: no segment carries bytes of both sides (MSG_EOR) */
/*
 * Queue bytes for sending (copied).  Returns how many were taken (1..len) or
 *   -CIAO_EAGAIN    no room; WRITABLE will say when there is
 *   -CIAO_ENOMEM    the stack's budget of buffers is used up, and no orphan could be ended for it:
 *                   WRITABLE will say when to try again
 *   -CIAO_EPIPE     after shutdown(WR); -CIAO_ENOTCONN before or after the connection; the error
 * that ended it.  When fewer are taken than given, MORE holds, and URGENT and EOR do not.
 * In SYN-SENT and SYN-RECEIVED bytes are queued and leave when established. [RFC9293 3.10.2]
 */
CIAO_MUST_CHECK int64_t ciao_send(struct ciao_stack *stack, ciao_conn conn, const void *data,
                                  size_t len, unsigned flags, uint64_t now_us);

/* flags of ciao_recv() */
#define CIAO_RECV_PEEK   1u /* leave them there */
#define CIAO_RECV_URGENT 2u /* the urgent byte that is kept aside (MSG_OOB) */
/*
 * Take received bytes.  Returns how many (0: the peer has closed, all was read) or -CIAO_EAGAIN;
 * after an abnormal end the error that ended it, once the bytes in hand were read. [RFC9293 3.10.3
 * MUST-12]
 *   data  NULL: throw `len` bytes away
 * AS LINUX, one call never takes bytes from both sides of the urgent mark (ciao_at_mark()).
 * With CIAO_RECV_URGENT: 1 and the byte; -CIAO_EINVAL when there is none, it was taken already or
 * CIAO_OOB_INLINE is set; -CIAO_EAGAIN when it is announced and has not arrived. [RFC6093 3.4]
 */
CIAO_MUST_CHECK int64_t ciao_recv(struct ciao_stack *stack, ciao_conn conn, void *data, size_t len,
                                  unsigned flags, uint64_t now_us);
/* A look at received bytes that stand `offset` behind the next one to read, in front of the urgent
 * mark.  How many, 0: none are there (yet); -CIAO_EBADCONN, -CIAO_ENOTCONN (a listener). */
CIAO_MUST_CHECK int64_t ciao_peek(struct ciao_stack *stack, ciao_conn conn, void *data, size_t len,
                                  uint32_t offset);
/* Is the next byte to read the urgent one (or the first behind it, when that is kept aside)? */
bool ciao_at_mark(const struct ciao_stack *stack, ciao_conn conn);

/* Say that there is no more to send (WR), that nothing more will be read (RD), or both. */
enum ciao_how { CIAO_SHUT_RD = 1, CIAO_SHUT_WR = 2, CIAO_SHUT_RDWR = 3 };
/*
 * The peer may go on talking after WR.  Bytes that ciao_send() took are still delivered, in order,
 * ahead of the FIN. Nothing is sent from inside this call: the FIN leaves with a later
 * ciao_output(), the peer's window permitting.
 *
 * Returns 0, also when called twice while connected; -CIAO_EBADCONN; -CIAO_ENOTCONN (a listener,
 * SYN-SENT, or no longer connected).
 * States  ESTABLISHED, SYN-RECEIVED -> FIN-WAIT-1;  CLOSE-WAIT -> LAST-ACK
 * Source  RFC 9293 3.10.4, 3.6 cases 1 and 3
 */
CIAO_MUST_CHECK int ciao_shutdown(struct ciao_stack *stack, ciao_conn conn, enum ciao_how how,
                                  uint64_t now_us);

/*
 * Close: give the handle up.  Queued bytes and the FIN are still delivered by the stack on its own;
 * but when bytes of the peer are unread they are lost, and the peer is told by RST [RFC9293 3.6.1
 * SHLD-3].  With CIAO_LINGER and linger_us 0 the connection is aborted.  The handle is invalid
 * afterwards, whatever is returned [RFC9293 3.6.1 MAY-1].
 *
 *   report   may be NULL; bytes unsent, unacknowledged and unread at this moment
 *
 * Returns 0; -CIAO_EBADCONN.
 */
int ciao_close(struct ciao_stack *stack, ciao_conn conn, struct ciao_event_report *report,
               uint64_t now_us);

/* Abort: RST where the state asks for one [RFC9293 3.10.5], everything flushed; the handle is
 * invalid afterwards. */
int ciao_abort(struct ciao_stack *stack, ciao_conn conn, struct ciao_event_report *report,
               uint64_t now_us);

/* ---- readiness ---- */
#define CIAO_READABLE  1u  /* bytes or end-of-stream to read, or a connection to accept */
#define CIAO_WRITABLE  2u  /* established, and room for at least a third of the send buffer */
#define CIAO_HANGUP_RD 4u  /* the peer has closed its direction */
#define CIAO_HANGUP    8u  /* both directions are over, or it never came about */
#define CIAO_ERROR     16u /* ended abnormally: ciao_error() */
#define CIAO_URGENT    32u /* an urgent byte is here, was not taken and not passed */
#define CIAO_ALL_ACKED 64u /* our direction is closed, and the peer has all of it, the FIN too */
unsigned ciao_ready(const struct ciao_stack *stack, ciao_conn conn);
/* Handles whose readiness has changed since they were last named, each once; 0 when there are no
 * more. */
ciao_conn ciao_next_ready(struct ciao_stack *stack);
/* What of the readiness was new when that handle was named, bytes behind bytes that were not read
 * yet too; asking forgets it.  0 for what is no handle. */
unsigned ciao_news(struct ciao_stack *stack, ciao_conn conn);
/* The error that ended it (negative), 0 while there is none. */
int ciao_error(const struct ciao_stack *stack, ciao_conn conn);
/* The soft error of the network that was last reported [RFC9293 3.9.2.2 SHLD-25], and forget it;
 * who never asks is never told [RFC9293 3.9.1.8 SHLD-20]. */
int ciao_soft_error(struct ciao_stack *stack, ciao_conn conn);

/* ---- asking ---- */
struct ciao_info {
    uint64_t life;
    enum ciao_state state;
    struct ciao_endpoint local, remote;
    uint64_t bytes_sent, bytes_acked, bytes_received; /* payload; sent counts repeats */
    uint64_t segments_sent, segments_received;        /* wire segments, from the first data on */
    uint64_t retransmitted_segments;                  /* wire segments sent again, for any reason */
    uint64_t lost_segments;                           /* declared lost */
    uint64_t timeouts;                                /* retransmission timer ran out */
    uint64_t repaired_without_timeout;                /* lost segments that recovery repaired */
    uint32_t srtt_us, rttvar_us, rto_us, rtt_min_us;
    uint32_t cwnd_bytes, ssthresh_bytes, flight_bytes;
    uint32_t snd_wnd, rcv_wnd, snd_mss, rcv_mss;
    uint32_t unsent_bytes, unacked_bytes, unread_bytes, out_of_order_bytes;
    uint32_t readable_bytes; /* unread up to the urgent mark, as Linux's FIONREAD counts */
    uint8_t snd_wscale, rcv_wscale;
    bool timestamps, sack, wscale, in_recovery, read_closed, write_closed;
    bool ecn, ecn_seen; /* agreed upon; a packet that may be marked has come [RFC3168] */
    /* As Linux counts and calls them (struct tcp_info).  Segments: */
    uint32_t unacked_segments, sacked_segments; /* on their way; of these, known to have arrived */
    uint32_t marked_segments;                   /* of these, taken for lost, sent again or not */
    uint32_t again_segments;                    /* of these, sent again */
    uint32_t data_segments_sent, data_segments_received;
    uint32_t out_of_order_segments; /* received so */
    uint32_t delivered_segments, delivered_ce_segments;
    uint32_t dsack_segments, reordering, reorderings; /* reordering: so many may be overtaken */
    uint8_t ca_state;                                 /* enum ciao_ca_state */
    uint8_t retransmits, probes, backoff;    /* timeouts in a row; unanswered probes; doublings */
    uint32_t sent_ms, received_ms, acked_ms; /* ago: data that left, that came, the last ACK */
    uint32_t pmtu_bytes, our_mss, delayed_ack_us;
    uint32_t rcv_ssthresh_bytes, rcv_space_bytes, rcv_rtt_us;
    uint64_t retransmitted_bytes, acked_sequence;      /* the second: numbers, SYN and FIN count */
    uint64_t pacing_bytes_per_s, delivery_bytes_per_s; /* UINT64_MAX: no limit */
    bool delivery_app_limited;
    uint64_t busy_us, window_limited_us, sndbuf_limited_us;
    uint32_t rto_recoveries, rto_ms; /* of them; and how long they took together */
    uint32_t waiting_connections;    /* of a listener: for ciao_accept() */
};
enum ciao_ca_state { /* AS LINUX */
                     CIAO_CA_OPEN,
                     CIAO_CA_DISORDER, /* something was overtaken, or lost */
                     CIAO_CA_CWR,      /* less is sent, though nothing was lost */
                     CIAO_CA_RECOVERY, /* what was lost is repaired */
                     CIAO_CA_LOSS      /* the timer ran out */
};
CIAO_MUST_CHECK int ciao_info(const struct ciao_stack *stack, ciao_conn conn,
                              struct ciao_info *info);

/* Just the state (CIAO_CLOSED for what is no handle), and just the two ends (a listener has no
 * remote one; false for what is no handle): what is asked often. */
enum ciao_state ciao_conn_state(const struct ciao_stack *stack, ciao_conn conn);
bool ciao_conn_ends(const struct ciao_stack *stack, ciao_conn conn, struct ciao_endpoint *local,
                    struct ciao_endpoint *remote);
/* Is that an address of this stack? */
bool ciao_is_ours(const struct ciao_stack *stack, const struct ciao_addr *address);
/* What its listeners and connections start with. */
const struct ciao_settings *ciao_stack_settings(const struct ciao_stack *stack);

/* The settings of a connection or listener; set refuses values outside the bounds of struct
 * ciao_settings. */
CIAO_MUST_CHECK int ciao_get_settings(const struct ciao_stack *stack, ciao_conn conn,
                                      struct ciao_settings *settings);
CIAO_MUST_CHECK int ciao_set_settings(struct ciao_stack *stack, ciao_conn conn,
                                      const struct ciao_settings *settings);

/* What the tables hold now.  After every connection has ended, all but listeners are 0. */
struct ciao_counts {
    uint32_t tcbs, syn_records, time_waits, listeners, sides, queues, ranges, received_segments;
    uint32_t flow_entries, timers, ports_in_use, settings_in_use, reassemblies, neighbours_waiting;
    uint64_t buffer_bytes;
    uint64_t tcbs_peak, buffer_bytes_peak;
};
void ciao_counts(const struct ciao_stack *stack, struct ciao_counts *counts);
/* How often each reason of reasons.def occurred since the stack was made (also when its event class
 * is off). */
uint64_t ciao_reason_count(const struct ciao_stack *stack, enum ciao_reason reason);
uint64_t ciao_arc_count(const struct ciao_stack *stack, enum ciao_arc_row row);

/* One line a table: the connections' present. cursor starts at 0; false at the end. */
bool ciao_next_connection(const struct ciao_stack *stack, uint64_t *cursor, struct ciao_info *info);

/* ---- events ---- */
void ciao_events_mask(struct ciao_stack *stack, unsigned classes);
/* Take up to n events out of the ring, oldest first; returns how many. */
CIAO_MUST_CHECK unsigned ciao_events(struct ciao_stack *stack, struct ciao_event *events,
                                     unsigned n);
/*
 * Read events where they lie, without a copy: the oldest of them that stand in a row, in *events;
 * returns how many, 0 when there are none.  Then ciao_events_done() takes the first n of these out;
 * until then they stay as they are.  Ask again: there may be more.
 */
CIAO_MUST_CHECK unsigned ciao_events_look(struct ciao_stack *stack,
                                          const struct ciao_event **events);
void ciao_events_done(struct ciao_stack *stack, unsigned n);

#endif
