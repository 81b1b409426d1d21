/*
 * English: what each kind of segment says, in Ci's voice and in Ao's; and the words that the
 * pictures need.
 */
#include "tell/words_parts.h"

const char *const words_says_en[SAYINGS][LIFE_ENDS] = {
    [SAY_SYN] = {"Um… hello? I'm new here. May I talk to you?", "Good evening. May I have a word?"},
    [SAY_SYN_AGAIN] = {"Hello…? Maybe you didn't hear me. May I talk to you?",
                       "I repeat: good evening. May I have a word?"},
    [SAY_SYN_CROSSING] = {"Oh! I hear you! Did you hear me too?",
                          "I hear you. We crossed. Do you hear me?"},
    [SAY_SYN_ACK] = {"Yes! I can hear you! Can… can you hear me, too?",
                     "I hear you. Do you hear me as well?"},
    [SAY_SYN_ACK_AGAIN] = {"I said yes! Did you hear? Can you hear me?",
                           "Once more: I hear you. Do you hear me?"},
    [SAY_HANDSHAKE_ACK] = {"I hear you. So… now we both know.", "I do. Then it is settled."},
    [SAY_DATA] = {"Here are {len}, I hope you like them.", "For you: {len}. Count them."},
    [SAY_DATA_AGAIN] = {"Sorry, I'm saying it again: {len}. Did they get lost?",
                        "The same {len}, once more. I do not give up easily."},
    [SAY_ACK] = {"Got it! Everything up to {ack}.", "Noted, up to {ack}."},
    [SAY_FIN] = {"I've said all I wanted to say. Goodbye…",
                 "I have said what there was to say. Goodbye."},
    [SAY_FIN_HALF] = {"I've said all I wanted to say. But please go on, I'm listening!",
                      "I have finished. Go on, I listen."},
    [SAY_FIN_ANSWER] = {"That's all from me, too. Goodbye… will you say it back?",
                        "I have finished as well. Goodbye."},
    [SAY_FIN_MERGED] = {"Got your goodbye, and, in the same breath: goodbye!",
                        "Heard you, and goodbye. One breath is enough."},
    [SAY_FIN_AGAIN] = {"Goodbye? Did you hear it? I said goodbye…",
                       "Goodbye. I say it again, since nobody nodded."},
    [SAY_ACK_OF_FIN] = {"I heard your goodbye.", "I have heard your goodbye."},
    [SAY_ACK_OF_FIN_AGAIN] = {"I did hear it! I'm still here, see? I heard your goodbye.",
                              "Heard it then, hear it now. That is why I stayed."},
    [SAY_CHALLENGE] = {"Was that really you? I'm at {ack}.",
                       "I am at {ack}. If that was truly you, you know what to say."},
    [SAY_PROBE] = {"Are you still there? May I go on?", "May I? A nod is enough."},
    [SAY_RST] = {"No, sorry, this isn't a conversation any more!", "No. This ends here."},
};

const char *const words_labels_en[LABELS] = {
    [LABEL_TIME] = "time (ms)",
    [LABEL_LOST] = "lost",
    [LABEL_AGAIN] = "again",
    [LABEL_COPY] = "copy",
    [LABEL_OLD] = "old",
    [LABEL_SKIPPED] = "… {1} steps are not kept here …",
    [LABEL_EVENTS_LOST] = "{1} events were lost here: what happened is unknown",
    [LABEL_COLON] = ": ",
    [LABEL_CLOSES_LISTENER] = "{me}'s program closes its listener.",
    [LABEL_STILL] = "{me} is still in {state}.",
    [LABEL_SCENE] = "Scene",
    [LABEL_HAPPENED] = "In fact",
    [LABEL_SAID] = "Said",
    [LABEL_STATES] = "States",
    [LABEL_BY_PEER] = "peer",
    [LABEL_BY_PROGRAM] = "program",
    [LABEL_BY_TIMER] = "time",
    [LABEL_BY_POLICY] = "setting",
    [LABEL_BY_NETWORK] = "network",
    [LABEL_AS_LINUX] = "as Linux: ",
    [LABEL_QUOTE_OPEN] = "“",
    [LABEL_QUOTE_CLOSE] = "”",
    [LABEL_COMMA] = ", ",
    [LABEL_TOTALS] =
        ("{me} in numbers: segments sent {1} (bytes {2}, again {3}), timeouts {4}, segments "
         "received {5} (bytes {6}), dropped {7}, resets sent {8}."),
    [LABEL_REPORT] = "When {me}'s program closed, {1} bytes were unsent, {2} unacknowledged, {3} "
                     "unread.",
    [LABEL_PEER] = "the peer",
};
