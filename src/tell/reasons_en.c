/*
 * English: why something was dropped, reset or sent again, which timer ran out, what a stack
 * did, what a program asked for.  Each sentence says who it was; the rule is added by whoever
 * prints it.
 *
 * Every reason of reasons.def is here; a test compares.
 */
#include "tell/words_parts.h"

const char *const words_reasons_en[CIAO_REASONS] = {
    [CIAO_REASON_NONE] = "Nothing in particular.",
    /* dropped; what concerns the link and IP is in ip_reasons_en.c */
    [CIAO_DROP_TCP_SHORT] =
        "{me} drops a packet that is too short to hold a TCP header: the network has cut it off.",
    [CIAO_DROP_TCP_OFFSET] =
        "{me} drops a segment of {peer}'s whose header claims to be longer than the segment.",
    [CIAO_DROP_TCP_CHECKSUM] =
        "{me} drops a segment whose checksum is wrong: the network has damaged it on the way.",
    [CIAO_DROP_TCP_OPTION_LENGTH] =
        "{me} drops a segment of {peer}'s with an option of impossible length.",
    [CIAO_DROP_TCP_TO_MANY] =
        "{me} drops a segment that {peer} sent to a broadcast or multicast address: a TCP "
        "connection has just two ends.",
    [CIAO_DROP_CLOSED_RST] =
        "{peer} sends a RST for a connection that {me} does not have: {me} drops it, for a reset "
        "never answers a reset.",
    [CIAO_DROP_LISTEN_RST] =
        "{peer} sends a RST to a port where {me} only listens: nothing is open, so {me} drops it.",
    [CIAO_DROP_LISTEN_NOTHING] =
        "{peer} sends a segment that is neither SYN, ACK nor RST to a listening port: {me} has no "
        "use for it and drops it.",
    [CIAO_DROP_ACCEPT_QUEUE_FULL] =
        "{me}'s program accepts too slowly, its backlog is full: {me} drops this segment of "
        "{peer}'s, which will have to come again.",
    [CIAO_DROP_SYN_QUEUE_FULL] =
        "{me} holds as many half-open connections as it may and gives no cookies: it drops "
        "{peer}'s SYN, which will come again.",
    [CIAO_DROP_NO_ROOM_FOR_CONNECTION] =
        "{me}'s table of connections is full: it drops {peer}'s segment that would open one more.",
    [CIAO_DROP_REPLY_QUEUE_FULL] =
        "{me} has too many answers waiting to leave: it drops this reply to {peer}.",
    [CIAO_DROP_SYN_SENT_RST_UNPROVEN] =
        "A RST that does not acknowledge {me}'s SYN proves nothing: anybody could have sent it in "
        "{peer}'s name, so {me} drops it.",
    [CIAO_DROP_SYN_SENT_NOTHING] =
        "{me} waits for the answer to its SYN; a segment of {peer}'s with neither SYN nor RST is "
        "no such answer and is dropped.",
    [CIAO_DROP_SYN_SENT_BAD_ACK] =
        "{peer} acknowledges something that {me} has not sent: {me} drops the segment.",
    [CIAO_DROP_SEQ_OUTSIDE_WINDOW] =
        "This segment of {peer}'s (seq={seq}) lies outside {me}'s receive window: {me} drops it "
        "and answers with an ACK that says where it is.",
    [CIAO_DROP_PAWS] =
        "{me} drops this segment of {peer}'s: its timestamp is older than one seen already, so it "
        "is a straggler of the past.",
    [CIAO_DROP_NO_TIMESTAMP] =
        "{peer} agreed to put a timestamp on every segment, and this one has none: {me} drops it.",
    [CIAO_DROP_RST_OUTSIDE_WINDOW] =
        "A RST in {peer}'s name lies outside {me}'s window: {me} drops it without a word.",
    [CIAO_DROP_RST_CHALLENGED] =
        "A RST in {peer}'s name lies in the window, but not exactly where {me} expects the next "
        "byte: {me} drops it and asks whether it was meant (challenge ACK).",
    [CIAO_DROP_SYN_CHALLENGED] =
        "A SYN in {peer}'s name comes inside a standing connection: {me} drops it and asks whether "
        "it was meant (challenge ACK).",
    [CIAO_DROP_NO_ACK_FLAG] =
        "{me} drops a segment of {peer}'s without ACK: once a connection stands, all but RST "
        "carry one.",
    [CIAO_DROP_ACK_OF_THE_FUTURE] =
        "{peer} acknowledges bytes that {me} has not sent yet: {me} drops the segment and says "
        "where it really is.",
    [CIAO_DROP_ACK_TOO_OLD] =
        "{peer}'s acknowledgement is older than anything it could still mean: {me} drops the "
        "segment, as it smells of forgery.",
    [CIAO_DROP_SYN_RECEIVED_BAD_ACK] =
        "{peer} acknowledges a number that {me} never offered in its SYN,ACK: {me} drops the "
        "segment.",
    [CIAO_DROP_DATA_AFTER_FIN] =
        "{peer} has said that it was finished, and yet here are more bytes behind its FIN: {me} "
        "drops them.",
    [CIAO_DROP_DATA_TWICE] =
        "{me} has these bytes of {peer}'s already: it drops the second copy and acknowledges "
        "again.",
    [CIAO_DROP_RECEIVE_BUFFER_FULL] =
        "{me} has no room for these bytes ahead of their turn: it drops them, {peer} will send "
        "them again.",
    [CIAO_DROP_TIME_WAIT_RST] =
        "A RST in {peer}'s name meets {me} in TIME-WAIT: {me} drops it, or else an old RST could "
        "end the wait too early.",
    [CIAO_DROP_TIME_WAIT_OLD_SYN] =
        "{peer}'s SYN meets {me} in TIME-WAIT and cannot be told from one of the old connection: "
        "{me} drops it and repeats its last ACK.",
    [CIAO_DROP_TIME_WAIT_SEGMENT] =
        "A segment of {peer}'s comes when all has been said: {me}, in TIME-WAIT, drops it and "
        "repeats its last ACK.",
    /* resets that we send */
    [CIAO_RST_NO_CONNECTION] =
        "{peer} speaks to a connection that {me} does not have: {me} answers with RST.",
    [CIAO_RST_LISTEN_ACK] =
        "{peer} acknowledges something at a port where {me} only listens: nothing was sent from "
        "there, so {me} answers with RST.",
    [CIAO_RST_SYN_SENT_BAD_ACK] =
        "{peer} acknowledges a SYN that {me} did not send, one of an older life perhaps: {me} "
        "answers with RST.",
    [CIAO_RST_SYN_RECEIVED_BAD_ACK] =
        "{peer} acknowledges a number that {me} did not choose: {me} answers with RST.",
    [CIAO_RST_ABORT] = "{me}'s program aborts the connection: {me} tells {peer} by RST.",
    [CIAO_RST_LINGER_ZERO] =
        "{me}'s program closes with linger zero, which means abort: {me} sends {peer} RST instead "
        "of FIN.",
    [CIAO_RST_UNREAD_DATA] =
        "{me}'s program closes and leaves bytes of {peer}'s unread: {me} sends RST, so that {peer} "
        "knows they were lost.",
    [CIAO_RST_DATA_AFTER_CLOSE] =
        "{peer} sends bytes that nobody at {me} can read any more, for its program has closed: "
        "{me} answers with RST.",
    [CIAO_RST_NEVER_ACCEPTED] =
        "{me}'s program stops listening and never accepted this connection: {me} sends {peer} "
        "RST.",
    [CIAO_RST_ORPHAN_SACRIFICED] =
        "{me} runs short of memory and ends a connection that no program owns: it sends {peer} "
        "RST.",
    [CIAO_RST_KEEPALIVE] =
        "{me} has asked {peer} for a sign of life often enough: it sends {peer} RST, should it be "
        "there after all.",
    /* timers */
    [CIAO_TIMER_SYN] = "{me}'s timer runs out: {peer} has not answered the SYN.",
    [CIAO_TIMER_SYN_ACK] = "{me}'s timer runs out: {peer} has not acknowledged the SYN,ACK.",
    [CIAO_TIMER_RETRANSMIT] =
        "{me}'s retransmission timer runs out: {peer} has not acknowledged the oldest bytes.",
    [CIAO_TIMER_TAIL_PROBE] =
        "{me} has heard nothing from {peer} for two round trips: it sends one segment to make "
        "{peer} say what has arrived.",
    [CIAO_TIMER_FIN] = "{me}'s retransmission timer runs out: {peer} has not acknowledged the FIN.",
    [CIAO_TIMER_PERSIST] =
        "{me}'s persist timer runs out: {peer}'s window is still closed, so {me} probes it.",
    [CIAO_TIMER_DELAYED_ACK] =
        "{me} has held an ACK back as long as it may, no data came to carry it to {peer}: it "
        "leaves alone.",
    [CIAO_TIMER_SWS_OVERRIDE] =
        "{me} has waited long enough for {peer}'s window to take a full segment: it sends a small "
        "one.",
    [CIAO_TIMER_KEEPALIVE] =
        "{me} has heard nothing of {peer} for {b} ms, and its program wants to know whether it is "
        "still there.",
    [CIAO_TIMER_FIN_WAIT_2] =
        "{me}'s patience is over: its program is gone, and {peer} has not closed its direction in "
        "the time allowed.",
    [CIAO_TIMER_TIME_WAIT] = "2 MSL are over at {me}: TIME-WAIT ends.",
    [CIAO_TIMER_R1] =
        "{me} has sent the same bytes to {peer} so often that something must be wrong on the way "
        "(R1).",
    [CIAO_TIMER_R2] =
        "{me} has tried for as long as it may, and {peer} has acknowledged nothing (R2): it gives "
        "up.",
    /* sent again */
    [CIAO_AGAIN_SYN] = "{me} sends its SYN again, as no answer came.",
    [CIAO_AGAIN_SYN_ACK] = "{me} sends its SYN,ACK again, as no acknowledgement came.",
    [CIAO_AGAIN_SYN_ACK_ASKED] =
        "{peer} repeats its SYN, so it cannot have heard the answer: {me} sends its SYN,ACK again.",
    [CIAO_AGAIN_TIMEOUT] = "{me} sends its oldest unacknowledged bytes again, after a timeout.",
    [CIAO_AGAIN_DUP_ACKS] =
        "{peer} has acknowledged the same byte three times more, so what follows it was lost: {me} "
        "sends that again without waiting for the timer.",
    [CIAO_AGAIN_PARTIAL_ACK] =
        "{peer} acknowledges a part of what was under repair, so the next piece was lost too: {me} "
        "sends it again.",
    [CIAO_AGAIN_SACK_HOLE] =
        "{peer} reports what it holds (SACK), and here is a hole: {me} fills it.",
    [CIAO_AGAIN_RESCUE] =
        "{me} sends the last bytes under repair once more, to hear from {peer} whether they came.",
    [CIAO_AGAIN_TAIL_PROBE] = "{me} sends its last segment once more, so that {peer} answers it.",
    [CIAO_AGAIN_PROBE] = "{me} asks {peer} again whether its window has opened.",
    [CIAO_AGAIN_FIN] = "{me} sends its FIN again, as no acknowledgement came.",
    /* what the stack did */
    [CIAO_DID_LISTENER_MADE] = "{me} makes a listener for port {port}.",
    [CIAO_DID_PORT_PICKED] = "{me} picks port {a}, at random among the free ones.",
    [CIAO_DID_ISN_CHOSEN] =
        "{me} chooses {a} as its first sequence number, from a clock and a secret hash of both "
        "addresses and ports (told as 0 below).",
    [CIAO_DID_TCB_MADE] = "{me} makes a TCB, the full record of a connection: {a_bytes}.",
    [CIAO_DID_SYN_RECORD_MADE] =
        "{me} makes a small record of the half-open connection, {a_bytes}, and no TCB yet.",
    [CIAO_DID_COOKIE_SENT] =
        "{me}'s SYN queue is full: it keeps no record and hides all it needs in its first sequence "
        "number (SYN cookie).",
    [CIAO_DID_SYN_RECORD_GROWN_UP] = "{me}'s small record becomes a full TCB of {a_bytes}.",
    [CIAO_DID_QUEUED_FOR_ACCEPT] =
        "{me} puts the connection into the accept queue, where its program will find it.",
    [CIAO_DID_SYN_DATA_HELD_BACK] =
        "{peer}'s SYN carried bytes: {me} does not deliver them before the handshake is done.",
    [CIAO_DID_OPTIONS_AGREED] =
        "{me} notes what both ends offered: at most {a_bytes} in a segment{options}.",
    [CIAO_DID_TIMER_SET] = "{me} sets its {timer} timer: {b_time}.",
    [CIAO_DID_TIMER_STOPPED] = "{me} stops its {timer} timer: all that was sent is acknowledged.",
    [CIAO_DID_DATA_DELIVERED] =
        "{me} puts {a_bytes} of {peer}'s, in order, into the receive queue.",
    [CIAO_DID_DATA_HELD] =
        "{me} holds {a_bytes} that came ahead of their turn, until the gap before them is filled.",
    [CIAO_DID_SENT_DATA_FREED] = "{peer} confirms {b_bytes} more of the sequence (a FIN counts as "
                                 "one): {me} need keep no copy any longer.",
    [CIAO_DID_FIN_QUEUED] = "{me} queues the FIN, strictly behind the last byte.",
    [CIAO_DID_EOF_QUEUED] =
        "{me} tells its program: end of stream, {peer} will send no more bytes.",
    [CIAO_DID_BUFFERS_FLUSHED] = "{me} empties the connection's buffers: {a_bytes}.",
    [CIAO_DID_TIME_WAIT_RECORD] = "{me} makes a TIME-WAIT record, far smaller than a TCB, which "
                                  "answers from now on: 2 MSL are {a_ms}.",
    [CIAO_DID_TIME_WAIT_RESTARTED] = "{peer} repeats its FIN, so it missed the last ACK: {me} "
                                     "repeats that and starts its 2 MSL ({a_ms}) anew.",
    [CIAO_DID_CHALLENGE_ACK] =
        "{me} sends a challenge ACK: only the real {peer} can give the right answer to it.",
    [CIAO_DID_CHALLENGE_LIMITED] =
        "{me} has sent enough challenge ACKs for this second: this one it keeps to itself.",
    [CIAO_DID_RECOVERY_ENTERED] =
        "{me} understands from {peer}'s ACKs that something was lost, and begins to repair it.",
    [CIAO_DID_RECOVERY_LEFT] =
        "All that was under repair has come to {peer}: {me} goes on as usual.",
    [CIAO_DID_WINDOW_CLOSED] =
        "{peer} has no room for more: {me} stops sending and probes now and then.",
    [CIAO_DID_WINDOW_OPENED] = "{peer} has room again: {me} goes on sending.",
    [CIAO_DID_OUR_WINDOW_CLOSED] =
        "{me}'s program reads too slowly, its receive buffer is full: {me} offers {peer} a window "
        "of 0.",
    [CIAO_DID_OUR_WINDOW_OPENED] =
        "{me}'s program has read, there is room again: {me} tells {peer} so.",
    [CIAO_DID_SOFT_ERROR] =
        "The network reports trouble on the way to {peer}: {me} remembers it for its program and "
        "goes on trying.",
    [CIAO_DID_ICMP_IGNORED] =
        "The network reports an error about a segment that {me} has not in flight: it may be "
        "forged, and {me} ignores it.",
    [CIAO_DID_SACK_RENEGED] =
        "{peer} takes back what it had reported to hold: {me} counts on nothing but its ACKs.",
    [CIAO_DID_URGENT_ANNOUNCED] =
        "{peer} announces urgent data up to byte {a}: {me} tells its program, which has {b} bytes "
        "to read before it.",
    [CIAO_DID_ECN_MARKED] =
        "A router has marked what {peer} sent instead of dropping it: {me} will say so until "
        "{peer} has heard it.",
    [CIAO_DID_ECN_REDUCED] =
        "{peer} reports a mark of congestion: {me} sends less, though nothing was lost.",
    [CIAO_DID_TCB_FREED] = "{me} frees the TCB: its memory may serve another connection.",
    /* calls */
    [CIAO_CALL_LISTEN] = "{me}'s program calls listen() with a backlog of {a}.",
    [CIAO_CALL_CONNECT] = "{me}'s program calls connect() to port {a}.",
    [CIAO_CALL_ACCEPT] = "{me}'s program calls accept() and gets the connection.",
    [CIAO_CALL_SEND] = "{me}'s program calls send() with {a_bytes}.",
    [CIAO_CALL_RECV] = "{me}'s program calls recv() and gets {a_bytes}.",
    [CIAO_CALL_RECV_EOF] = "{me}'s program calls recv() and gets 0: {peer} has no more to say.",
    [CIAO_CALL_SHUTDOWN_WR] =
        "{me}'s program calls shutdown(WR): nothing more to send, but it goes on reading.",
    [CIAO_CALL_SHUTDOWN_RD] = "{me}'s program calls shutdown(RD): it will read no more.",
    [CIAO_CALL_CLOSE] = "{me}'s program calls close(): it neither sends nor reads any more.",
    [CIAO_CALL_ABORT] = "{me}'s program calls abort().",
};
