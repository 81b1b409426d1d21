/*
 * English: what each arc means, and what the one who takes it thinks.
 *
 * The first voice is Ci's: she speaks first, in small rushes, and apologises a lot.  The second
 * is Ao's: he says little, and means it.  Every key of arcs.def is here; a test compares.
 */
#include "tell/words_parts.h"

const struct words_arc words_arcs_en[] = {
    /* opening */
    {"PASSIVE_OPEN",
     "The program at {me} listens: from now on whoever knocks at port {port} is heard.",
     {"I'm here. I'll just… sit by the door and listen.",
      "The door is ajar. If somebody comes, I am in."}},
    {"ACTIVE_OPEN",
     "The program at {me} wants a connection: {me} chooses its first number and sends SYN.",
     {"All right. Deep breath. I am going to say hello first.",
      "I suppose somebody has to begin. I will."}},
    {"PEER_KNOCKED",
     "{peer}'s SYN has come to a listening port: {me} remembers the number, answers with its own, "
     "and waits for the answer to that.",
     {"Somebody knocked! For me? I'd better answer before they change their mind.",
      "A knock. I do not open to a knock alone: let us see whether they hear me too."}},
    {"COOKIE_CAME_BACK",
     "{me} had kept nothing but a cookie in its first number; {peer}'s ACK brought it back, and "
     "that proves a real {peer}: connected.",
     {"You brought back the biscuit I gave you! Then it really was you.",
      "I had written nothing down. Your cookie is proof enough."}},
    {"PEER_ANSWERED",
     "{peer}'s SYN,ACK acknowledges {me}'s SYN and brings {peer}'s own number: for {me} the "
     "connection stands.",
     {"You heard me. You really heard me! And now I know your number too.",
      "You answered. So it is the two of us, then."}},
    {"SYNS_CROSSED",
     "{peer}'s SYN has crossed {me}'s own on the way: both called at once, so both answer.",
     {"Oh! You were calling me? At the very same moment?",
      "We both spoke first. That has never happened to me."}},
    {"HANDSHAKE_DONE",
     "{peer} has acknowledged {me}'s SYN: both have now heard and been heard, and the connection "
     "stands.",
     {"You can hear me, I can hear you. We are connected!",
      "Confirmed, in both directions. Welcome."}},
    /* openings that come to nothing */
    {"LISTENER_CLOSED",
     "The program at {me} stops listening: port {port} is nobody's any longer.",
     {"I'm closing the door for today. Sorry, whoever comes now.", "The door is shut."}},
    {"CONNECTION_REFUSED",
     "{peer} answers the SYN with RST: nobody listens there, the connection is refused.",
     {"Oh. Nobody there for me. That's all right. I'm all right.",
      "Refused. At least it was quick."}},
    {"CONNECT_CANCELLED",
     "The program at {me} gives up before any answer has come; nobody has to be told.",
     {"Never mind! I never said anything.", "I have thought better of it."}},
    {"CONNECT_TIMED_OUT",
     "No answer to any of {me}'s SYNs in all the time allowed: {me} stops calling.",
     {"I called and called. I'll stop now.", "Silence is also an answer."}},
    {"CONNECT_UNREACHABLE",
     "The network reports that there is no way to {peer}: {me} stops calling.",
     {"There isn't even a road to you.", "No road leads there. I turn back."}},
    {"KNOCK_WITHDRAWN",
     "{peer} takes its knock back with RST: {me} forgets the half-open connection and goes on "
     "listening, and its program never hears of it.",
     {"It wasn't for me after all. I'll keep listening.",
      "A misunderstanding. Nothing happened, I am still in."}},
    {"KNOCKED_ANEW",
     "{peer} sends a new SYN while the handshake is half done: {me} drops the half and starts "
     "over.",
     {"You want to start again? Yes. Let's.", "Then from the beginning."}},
    {"OPEN_RESET",
     "{peer} resets while the handshake of an active open is half done: refused.",
     {"We were so close.", "Half a hello, and gone."}},
    {"HANDSHAKE_TIMED_OUT",
     "{peer} never acknowledged {me}'s SYN,ACK in all the time allowed: {me} forgets it.",
     {"You knocked and went away. I waited by the door.",
      "A knock, and then nothing. I strike it from the list."}},
    {"HANDSHAKE_UNREACHABLE",
     "The network reports that {me}'s answers cannot reach {peer}: the half-open connection ends.",
     {"My answer couldn't find you.", "My answer has no road to travel."}},
    {"LISTENER_GONE",
     "The program at {me} closed its listener: half-open connections go with it.",
     {"I have to close before we even met. Sorry!", "The door closes. The knock was too late."}},
    {"ABORTED_OPENING",
     "The program at {me} aborts while the handshake is half done: {peer} is told by RST.",
     {"I'm sorry, I can't. Forget that I called!", "No. Not today."}},
    {"CLOSED_WHILE_OPENING",
     "The program at {me} closes before the handshake is complete: the FIN follows as soon as it "
     "may.",
     {"Hello and goodbye, both at once. I'm so bad at this.", "Hello. Also: goodbye."}},
    /* closing */
    {"WE_CLOSED_FIRST",
     "The program at {me} has no more to say: {me} sends FIN behind its last byte. "
     "{peer}'s direction is still open.",
     {"That was all I wanted to say. I hope it was enough.", "I have said what I had to say."}},
    {"PEER_CLOSED_FIRST",
     "{peer} has no more to say; {me} acknowledges at once and tells its program (end of stream). "
     "{me} may go on talking as long as it likes.",
     {"You're finished? Oh. May I still… just a few words?",
      "Understood, you are done. I am not quite."}},
    {"OUR_FIN_ACKED",
     "{peer} has acknowledged {me}'s FIN: {me}'s direction is closed, {peer}'s still open.",
     {"You know that I'm done. I'll wait for your goodbye.",
      "You have noted it. I wait for your last word."}},
    {"FINS_CROSSED",
     "{peer}'s FIN has crossed {me}'s own on the way: both said goodbye at once, and neither's is "
     "acknowledged yet.",
     {"You too? At the same time? We even leave alike.",
      "We both got up at once. Very well, I nod to yours, you nod to mine."}},
    {"PEER_CLOSED_TOO",
     "{peer} has closed its direction too. {me} acknowledges and stays in TIME-WAIT for 2 MSL, in "
     "case that ACK is lost.",
     {"So that's really goodbye. I'll wait a little, in case you didn't hear me.",
      "Goodbye. I remain a while, should you need to hear it again."}},
    {"CROSSED_FIN_ACKED",
     "{peer} has acknowledged {me}'s FIN, after the two had crossed. {me} waits 2 MSL, and so "
     "does {peer}.",
     {"You heard mine, I heard yours. I'll wait a little all the same.",
      "Both goodbyes heard. We each wait, that is only polite."}},
    {"WE_CLOSED_TOO",
     "The program at {me} has closed as well: {me} sends its FIN and waits for one last ACK.",
     {"Now I've said everything too. Bye? Say that you heard it, please.",
      "I am finished as well. One last nod from you, and I go."}},
    {"GOODBYE_DONE",
     "{peer} has acknowledged {me}'s FIN. All is said and heard: the connection is over "
     "here.",
     {"You heard my goodbye. Now I can go. It was lovely.", "Heard. I go in peace."}},
    {"TWO_MSL_PASSED",
     "2 MSL have passed at {me}: whatever of this connection was still on its way is taken to have "
     "faded, so the pair of ports is free again.",
     {"Nothing of us is in the air any more. Goodbye, then. For real.",
      "Everything we said has faded. The chair is free."}},
    {"REINCARNATED",
     "{peer} opens a new connection on the same pair of ports, provably newer than the old one: "
     "{me} leaves TIME-WAIT early for it.",
     {"You again! And it's a new you, I can tell by the time on your watch.",
      "The same door, a later clock. A new beginning."}},
    {"TIME_WAIT_RECYCLED",
     "{me} holds as many TIME-WAIT records as it may: the oldest, this one, is let go early.",
     {"They need my chair. I hope that you heard me.", "The waiting room is full. I leave early."}},
    {"ORPHAN_WAITED_ENOUGH",
     "No program owns this connection at {me} any more, and {peer} never closed its direction: "
     "after the time allowed {me} stops waiting.",
     {"I waited for your goodbye. I have to go now.",
      "I have waited a minute for one word. That is enough."}},
    /* resets */
    {"RESET_BY_PEER",
     "{peer} has reset the connection: it ends at once, and {me}'s program gets an error.",
     {"Did I say something wrong?", "The door, slammed. So be it."}},
    {"RESET_AT_THE_END",
     "{peer} resets when all had been said already: {me} forgets the connection a little earlier.",
     {"You needn't have shouted. I was leaving anyway.", "Superfluous. We were finished."}},
    {"ABORTED",
     "The program at {me} aborts: everything queued is thrown away and {peer} is told by RST.",
     {"I can't do this! I'm so sorry!", "I break this off. Now."}},
    {"ABORTED_AT_THE_END",
     "The program at {me} aborts when both have said goodbye already: nothing is left to tell "
     "{peer}.",
     {"I won't wait any longer, if that's all right.", "I do not wait for the formalities."}},
    {"CLOSED_UNREAD",
     "The program at {me} closes with bytes of {peer}'s still unread: they are lost, and {peer} "
     "is told so by RST.",
     {"I… didn't read everything you wrote. You should know that.",
      "I leave letters unopened. It would be dishonest to hide it."}},
    {"DATA_AFTER_CLOSE",
     "{peer} sends more data though {me}'s program has closed for good: nobody can read it, so "
     "{me} says so by RST.",
     {"There's nobody left here to hear that. I'm sorry.",
      "You speak to an empty chair. You ought to know."}},
    {"NEVER_ACCEPTED",
     "The program at {me} stopped listening before it accepted this connection: {peer} is told by "
     "RST.",
     {"They never came to fetch you. I'm so sorry.", "Nobody came for you. I must send you away."}},
    {"GAVE_UP",
     "{peer} has not answered anything in all the time allowed: {me} gives up and tells its "
     "program.",
     {"I said it again and again. I think that you have gone.",
      "I have repeated myself long enough. Farewell."}},
    {"NO_SIGN_OF_LIFE",
     "{me} has long heard nothing of {peer}, and none of its keep-alive probes was answered: it "
     "gives up and tells its program.",
     {"Are you there? Are you there? No.", "It has been so quiet. I shall not ask again."}},
    {"UNREACHABLE",
     "The network reports that there is no way to {peer} any more, and {me} is set to believe it.",
     {"The road is gone. So are you, then.", "They tell me that the bridge is down. I stop."}},
    {"ORPHAN_SACRIFICED",
     "Memory is short at {me}, and no program owns this connection any more: it is ended by RST.",
     {"There is no room for my goodbye. Sorry!", "Others need the room more. I yield."}},
};
const size_t words_n_arcs_en = sizeof(words_arcs_en) / sizeof(words_arcs_en[0]);
