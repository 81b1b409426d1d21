/*
 * English: the pages of --why.  "@1" and "@2" stand for the page's runs and what they prove.
 */
#include "cli/why.h"

static const char *const three[] = {
    "Why does it take three segments to open?",
    "Two things have to be settled before anybody may talk. Each side chooses its own first "
    "sequence number, "
    "and the other has to say that it heard it: that makes four messages, SYN and ACK each way. "
    "Ao's ACK and "
    "Ao's SYN can travel together, so three are enough.",
    "Why not two? Because a SYN may be old. The network can hold a segment back and deliver it "
    "when the "
    "connection it belonged to is long over. The listener cannot see that; only the one who is "
    "said to have "
    "called can. The third segment is the moment at which Ci says: yes, that was me, just now.",
    "Here is a whole connection, and then a copy of its very first segment, which the network had "
    "kept. TIME-WAIT "
    "is switched off, so that nothing else stands in the way.",
    "@1",
    "With two segments Ao would have taken the old SYN for a connection at its own SYN,ACK: a TCB, "
    "a buffer, a "
    "program woken up to talk to nobody. [RFC 9293 3.5, figure 8]",
    "And why not four? Nothing would be wrong with it, and it does happen: when both call at the "
    "same moment. See "
    "ciao demo --open simultaneous.",
    NULL,
};

static const char *const four[] = {
    "Why does it take four segments to close?",
    "A connection is two streams, one each way, and each is closed on its own. FIN says: I have no "
    "more to send. "
    "It says nothing about what I may still receive. So each direction needs a FIN and an ACK, and "
    "that makes "
    "four.",
    "The ACK comes from the stack, at once. The second FIN comes from the program, when it is "
    "ready; between the "
    "two lies CLOSE-WAIT, which lasts as long as the program likes. That is why they usually "
    "travel apart.",
    "@1",
    "If the program is ready before the ACK has left, both travel together, and three segments are "
    "enough. This "
    "happens with delayed acknowledgements, or when the program, like here, closes in the same "
    "moment in which it "
    "learns of the end.",
    "@2",
    "It never takes fewer than three. Popular accounts say that whoever has sent FIN cannot "
    "receive any more. It "
    "can: after shutdown(WR) it reads on, as long as the peer talks. Only after close() does it "
    "refuse, and then "
    "by RST. See ciao demo --why half-close. [RFC 9293 3.6]",
    NULL,
};

static const char *const two_msl[] = {
    "Why does TIME-WAIT last 2 MSL?",
    "MSL is the longest time for which a segment can live in the network. TIME-WAIT has two "
    "duties, and both need "
    "twice that.",
    "First: the last ACK may be lost. Then the other side sends its FIN again, and somebody has to "
    "be there to "
    "answer it. One MSL for the ACK that perhaps never came, one for the FIN that then comes "
    "again. Here segment "
    "9, the last ACK, is lost:",
    "@1",
    "And here is the same without TIME-WAIT (MSL 0). Nobody is there any more; instead of a "
    "goodbye Ao gets a "
    "slammed door.",
    "@2",
    "Second: everything that the two ever said has to fade out before the same pair of ports may "
    "be used again, "
    "or else an old segment could be taken for a new one. See ciao demo --old-duplicate, and what "
    "happens with "
    "--msl 0.",
    "The RFC says that MSL is 2 minutes; like Linux, ciao takes 30 s, so 2 MSL are one minute. "
    "Every FIN that comes "
    "again starts the wait anew. [RFC 9293 3.4.2, 3.6.1 MUST-13]",
    NULL,
};

static const char *const time_wait[] = {
    "Who has TIME-WAIT, and does it hurt?",
    "The side that closes first has it, client or server; when both close at once, both have it. "
    "It is no sign of "
    "trouble: it is a connection that ended well and is still polite for a minute.",
    "What it costs is small: no TCB, no buffer, but a record of 64 bytes (96 for IPv6) and one "
    "pair of ports, which "
    "cannot be used for that minute between these two addresses. Here Ci closes first, then calls "
    "again from the "
    "same port, and then from another one:",
    "@1",
    "So TIME-WAIT can exhaust a client's ports, but only towards one and the same server address "
    "and port, and "
    "only when it opens hundreds of connections a second and closes each first. The cures: keep "
    "connections open, "
    "let the other side close first, use more addresses. A server that closes first fills a table, "
    "never its "
    "ports: all its connections share one. Timestamps let a new connection in early where it is "
    "provably newer "
    "(RFC 6191): see ciao demo --old-duplicate.",
    "Do not shorten MSL to get rid of it: see ciao demo --old-duplicate --msl 0 for what that lets "
    "in.",
    NULL,
};

static const char *const close_wait[] = {
    "What does it mean when connections pile up in CLOSE-WAIT?",
    "CLOSE-WAIT means: the peer has said goodbye, our stack has acknowledged, and now everybody "
    "waits for our "
    "program to call close(). If it forgets, the connection stays for ever; no timer ends it, "
    "because a "
    "half-closed connection on which we go on talking is perfectly legal. Many connections in "
    "CLOSE-WAIT are a "
    "bug in the program of the side on which they are seen, nowhere else.",
    "Here Ao's program accepts, reads to the end, and forgets close(), three times over. An hour "
    "later somebody "
    "knocks again. (All three connections are in one ladder.)",
    "@1",
    "Popular accounts say that CLOSE-WAIT uses up the server's ports. It does not: all connections "
    "of a server "
    "share the port it listens on. What it uses up is the program's descriptors and memory; when "
    "the descriptors "
    "are gone, accept() fails, and that is what looks like \"no more ports\".",
    "The cure is in the program: when recv() returns 0, finish what is to be said and call "
    "close(), on every path, "
    "also the one after an error. No setting of the stack replaces that. [RFC 9293 3.6 case 2]",
    NULL,
};

static const char *const half_close[] = {
    "What is a half-close?",
    "shutdown(WR) closes one direction: I have no more to say, but I am still listening. The peer "
    "reads to the "
    "end, then answers for as long as it likes. This is how a program says: that was the whole "
    "question, now "
    "answer. Here Ci asks, shuts its direction, and Ao tells a long story:",
    "@1",
    "Popular accounts say that whoever has sent FIN can no longer receive. That mixes up two "
    "calls. After "
    "shutdown(WR) the stack goes on receiving. After close() there is nobody to read: data that "
    "still comes is "
    "refused with RST, so that the sender learns that it was lost. The FIN on the wire is the same "
    "both times; the "
    "difference shows when the answer comes:",
    "@2",
    "A proxy that takes the FIN of one side for the end of both truncates answers; so does a "
    "program that calls "
    "close() when it has finished asking. [RFC 9293 3.6, 3.6.1 SHLD-3]",
    NULL,
};

const char *const *const why_texts_en[] = {three, four, two_msl, time_wait, close_wait, half_close};
