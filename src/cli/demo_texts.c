/*
 * The texts of the demo's story, in both languages: scenes, introductions, asides.
 *
 * Places in braces are filled as in tell/words.h.  {1} is a segment's number, or a number of
 * seconds.
 */
#include "cli/demo.h"

const char *const demo_texts[TELL_LANGS][DEMO_TEXTS] = {
    [TELL_EN] =
        {
            [DEMO_TITLE] = "The life of a connection",
            [DEMO_CAST] =
                "Ci and Ao are two shy programs. Each sits on a TCP/IP stack of its own, in this "
                "process; between them lies a wire on which a segment takes 10 ms. All that "
                "follows is read from the events of these two stacks.",
            [DEMO_WHOLE_LIFE] = "The whole life on one page",
            [DEMO_EMPTY] =
                "In the end all tables of both stacks are empty: no TCB, no record, no timer, no "
                "port, no byte is left.",
            [DEMO_NOT_EMPTY] =
                "In the end something is left in a stack's tables: {1} TCBs, {2} SYN records, "
                "{3} TIME-WAIT records, {4} timers, {5} bytes.",
            [DEMO_SILENCE] = "(nobody says a word)",
            [DEMO_NOTHING_NEW] = "{me}'s stack takes note of it, and nothing changes.",
            [DEMO_MERGED_YES] =
                "Three segments were enough: the FIN travelled with the ACK. That happens "
                "when the program closes before the ACK has left, because it had nothing "
                "more to say.",
            [DEMO_MERGED_NO] = "This time the ACK left before the FIN, so it took four segments.",
            [DEMO_OLD_REFUSED] =
                "Ao was meant to read “{s}”, and did: the segment of the old connection was "
                "refused.",
            [DEMO_OLD_GOT_IN] =
                "Ci wrote “Please pay   1 coins.”, and Ao read “{s}”: the segment of the old "
                "connection got in. Neither program noticed: every checksum was right. That is "
                "what TIME-WAIT and timestamps are for.",
            [DEMO_OLD_MET_NOBODY] = "The segment of the old connection met no new one.",
            [DEMO_ASIDE_CLOSE_WAIT] =
                "Often told wrong: a program that forgets close() here leaves {me} in CLOSE-WAIT "
                "for ever. That uses up its descriptors and memory, but none of the server's "
                "ports: all connections of a server share the one it listens on.",
            [DEMO_ASIDE_FIN] =
                "Often told wrong: whoever has sent FIN receives no more. After shutdown(WR) it "
                "can still receive, as long as {peer} talks; only after close() is more data "
                "refused, with RST.",
            [DEMO_TRY] =
                "More: --close simultaneous, half, merged, abort; --lose 3; --old-duplicate; --why "
                "four. See ciao help demo.",
            [SCENE_LATER] = "{1} seconds later. ",
            [SCENE_LISTEN] = "{me} sets its door ajar.",
            [SCENE_CONNECT] = "{me} gathers its courage.",
            [SCENE_ACCEPT] = "{me}'s program comes to see who is there.",
            [SCENE_SEND] = "{me} has something to say.",
            [SCENE_RECV] = "{me} reads.",
            [SCENE_SHUTDOWN] = "{me} has said all it wanted to say, and goes on listening.",
            [SCENE_CLOSE] = "{me} gets up to leave.",
            [SCENE_SHUT] = "{me} closes the door.",
            [SCENE_ABORT] = "{me} cannot go on.",
            [SCENE_TIMER] = "{me} looks at the clock.",
            [SCENE_SYN] = "A knock at {me}'s door: segment {1} arrives.",
            [SCENE_SYN_ACK] = "The answer to a knock: segment {1} reaches {me}.",
            [SCENE_ACK] = "A nod: segment {1} reaches {me}.",
            [SCENE_DATA] = "A few words: segment {1} reaches {me}.",
            [SCENE_FIN] = "A goodbye: segment {1} reaches {me}.",
            [SCENE_RST] = "A slammed door: segment {1} reaches {me}.",
            [SCENE_COPY] = "The network has doubled segment {1}: a second copy reaches {me}.",
            [SCENE_OLD] = "Out of the past: an old copy of segment {1} reaches {me}.",
            [SCENE_OTHER_DUTY] = "{me} does what is due.",
            [SCENE_LOST] = " Segment {1} leaves, and is lost on the way.",
        },
    [TELL_ZH] =
        {
            [DEMO_TITLE] = "一条连接的一生",
            [DEMO_CAST] =
                "小琦和阿奥是两个害羞的程序，各自坐在自己的一套 TCP/IP 协议栈上，都在这个进程里；"
                "两边之间有一根线，报文段走一趟要 10 毫秒。下面的一切，都读自这两套协议栈的事件。",
            [DEMO_WHOLE_LIFE] = "一页看完这一生",
            [DEMO_EMPTY] =
                "最后，两套协议栈的表全都空了：没有 TCB，没有记录，没有定时器，没有端口，"
                "一个字节也没有留下。",
            [DEMO_NOT_EMPTY] = "最后，协议栈的表里还留着东西：{1} 个 TCB，{2} 条 SYN 记录，"
                               "{3} 条 TIME-WAIT 记录，{4} 个定时器，{5} 字节。",
            [DEMO_SILENCE] = "（谁也没有说话）",
            [DEMO_NOTHING_NEW] = "{me}的协议栈记下了，什么也没有变。",
            [DEMO_MERGED_YES] = "三个报文段就够了：FIN 和 ACK 走在了一起。程序没有别的话要说，"
                                "在 ACK 离开之前就关闭了，才会这样。",
            [DEMO_MERGED_NO] = "这一次，ACK 比 FIN 先离开，所以用了四个报文段。",
            [DEMO_OLD_REFUSED] = "阿奥该读到的是“{s}”，读到的也正是它：旧连接的报文段被拒之门外。",
            [DEMO_OLD_GOT_IN] = "小琦写的是“Please pay   1 coins.”，阿奥读到的却是“{s}”："
                                "旧连接的报文段混了进来。两个程序都没有察觉，校验和全对。"
                                "TIME-WAIT 和时间戳，防的就是这个。",
            [DEMO_OLD_MET_NOBODY] = "旧连接的报文段没有遇上新连接。",
            [DEMO_ASIDE_CLOSE_WAIT] =
                "常见的误传：程序若在这里忘了 close()，{me}就会一直停在 CLOSE-WAIT。"
                "耗掉的是它的描述符和内存，不是服务器的端口：服务器的所有连接共用它监听的那一个。",
            [DEMO_ASIDE_FIN] = "常见的误传：发过 FIN 就不能再收。其实 shutdown(WR) 之后，"
                               "{peer}说多久，{me}就能读多久；"
                               "只有 close() 之后，才会用 RST 拒收新的数据。",
            [DEMO_TRY] =
                "还可以试试：--close simultaneous、half、merged、abort；--lose 3；--old-duplicate；"
                "--why four。详见 ciao help demo。",
            [SCENE_LATER] = "{1} 秒之后。",
            [SCENE_LISTEN] = "{me}把门虚掩着。",
            [SCENE_CONNECT] = "{me}鼓起勇气。",
            [SCENE_ACCEPT] = "{me}的程序过来看看是谁。",
            [SCENE_SEND] = "{me}有话要说。",
            [SCENE_RECV] = "{me}在读。",
            [SCENE_SHUTDOWN] = "{me}想说的都说完了，但还在听。",
            [SCENE_CLOSE] = "{me}起身要走。",
            [SCENE_SHUT] = "{me}把门关上。",
            [SCENE_ABORT] = "{me}撑不下去了。",
            [SCENE_TIMER] = "{me}看了看钟。",
            [SCENE_SYN] = "有人敲{me}的门：报文段 {1} 到了。",
            [SCENE_SYN_ACK] = "敲门有了回应：报文段 {1} 到了{me}这里。",
            [SCENE_ACK] = "{peer}点了点头：报文段 {1} 到了{me}这里。",
            [SCENE_DATA] = "几句话：报文段 {1} 到了{me}这里。",
            [SCENE_FIN] = "一声再见：报文段 {1} 到了{me}这里。",
            [SCENE_RST] = "门被摔上了：报文段 {1} 到了{me}这里。",
            [SCENE_COPY] = "网络把报文段 {1} 变成了两份：第二份到了{me}这里。",
            [SCENE_OLD] = "从过去来的：报文段 {1} 的一份旧副本到了{me}这里。",
            [SCENE_OTHER_DUTY] = "{me}做该做的事。",
            [SCENE_LOST] = "报文段 {1} 出发了，却丢在了路上。",
        },
};

const char *const demo_open_intro[TELL_LANGS][DEMO_OPENS] = {
    [TELL_EN] =
        {"Ci calls, Ao listens.",
         "Nobody listens: both call at the same moment, each from the port that the other calls. "
         "One connection comes of it, not two."},
    [TELL_ZH] = {"小琦呼叫，阿奥监听。",
                 "没有人监听：两边在同一刻互相呼叫，各自的端口正是对方要找的端口。"
                 "由此产生的是一条连接，不是两条。"},
};

const char *const demo_close_intro[TELL_LANGS][DEMO_CLOSES] = {
    [TELL_EN] =
        {
            "Ci says goodbye first.",
            "Ao says goodbye first.",
            "Both say goodbye at the same moment.",
            "Ci stops talking but goes on listening, and Ao talks on: each direction closes by "
            "itself.",
            "Ci says goodbye first, and Ao has nothing to add.",
            "Ci breaks it off.",
        },
    [TELL_ZH] =
        {
            "小琦先说再见。",
            "阿奥先说再见。",
            "两边在同一刻说再见。",
            "小琦不再说话，但继续听，阿奥接着说：两个方向各关各的。",
            "小琦先说再见，阿奥也没有别的话要说。",
            "小琦中途断开。",
        },
};

const char *const demo_old_intro[TELL_LANGS] = {
    "Two connections, one after the other, on the same pair of ports. The wire has kept a copy of "
    "one of the first one's segments, and lets it go when the second one stands. Its number is "
    "exactly the one that Ao then expects.",
    "先后两条连接，用的是同一对端口。线路留着第一条连接的一个报文段的副本，"
    "等第二条连接建立之后才放它出来。它的序号，恰好是阿奥那时正在等的那一个。",
};
