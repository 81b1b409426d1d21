/*
 * 中文：为什么丢弃、复位或重发，哪个定时器到期，协议栈做了什么，程序要求了什么。
 * 每句话都说明是谁；所依据的规则由打印的人附上。
 *
 * reasons.def 的每个原因这里都有，测试会核对。
 */
#include "tell/words_parts.h"

const char *const words_reasons_zh[CIAO_REASONS] = {
    [CIAO_REASON_NONE] = "没有什么特别的。",
    /* 丢弃；链路和 IP 的在 ip_reasons_zh.c */
    [CIAO_DROP_TCP_SHORT] = "{me}丢弃一个短得装不下 TCP 首部的包：网络在路上把它截断了。",
    [CIAO_DROP_TCP_OFFSET] = "{me}丢弃{peer}的一个报文段：它的首部声称比整个报文段还长。",
    [CIAO_DROP_TCP_CHECKSUM] = "{me}丢弃一个校验和不对的报文段：网络在路上把它弄坏了。",
    [CIAO_DROP_TCP_OPTION_LENGTH] = "{me}丢弃{peer}的一个报文段：其中一个选项的长度不可能成立。",
    [CIAO_DROP_TCP_TO_MANY] =
        "{peer}把报文段发到了广播或多播地址，{me}把它丢弃：一条 TCP 连接只有两端。",
    [CIAO_DROP_CLOSED_RST] =
        "{peer}为一条{me}并没有的连接发来 RST：{me}把它丢弃，因为从不用复位去回应复位。",
    [CIAO_DROP_LISTEN_RST] =
        "{peer}把 RST 发到了{me}只是在监听的端口：那里什么都没打开，{me}把它丢弃。",
    [CIAO_DROP_LISTEN_NOTHING] =
        "{peer}向监听端口发来的报文段既不是 SYN、ACK，也不是 RST：{me}用不上，丢弃。",
    [CIAO_DROP_ACCEPT_QUEUE_FULL] =
        "{me}的程序接受得太慢，等候队列满了：{me}丢弃{peer}的这个报文段，它还得再来一次。",
    [CIAO_DROP_SYN_QUEUE_FULL] =
        "{me}的半开连接已到上限，又不发 cookie：丢弃{peer}的 SYN，它会再来的。",
    [CIAO_DROP_NO_ROOM_FOR_CONNECTION] = "{me}的连接表满了：丢弃{peer}这个会再开一条连接的报文段。",
    [CIAO_DROP_REPLY_QUEUE_FULL] = "{me}等着发出的应答太多了：给{peer}的这一个被丢弃。",
    [CIAO_DROP_SYN_SENT_RST_UNPROVEN] =
        "这个 RST 没有确认{me}的 SYN，什么也证明不了：谁都可能冒{peer}的名发出它，{me}把它丢弃。",
    [CIAO_DROP_SYN_SENT_NOTHING] =
        "{me}在等 SYN 的回答；{peer}这个报文段既没有 SYN 也没有 RST，不是回答，丢弃。",
    [CIAO_DROP_SYN_SENT_BAD_ACK] = "{peer}确认了{me}根本没发过的东西：{me}丢弃这个报文段。",
    [CIAO_DROP_SEQ_OUTSIDE_WINDOW] =
        "{peer}的这个报文段（seq={seq}）落在{me}的接收窗口之外：{me}把它丢弃，"
        "并回一个 ACK 说明自己收到了哪里。",
    [CIAO_DROP_PAWS] = "{me}丢弃{peer}的这个报文段：它的时间戳比见过的还旧，是从过去掉队来的。",
    [CIAO_DROP_NO_TIMESTAMP] = "{peer}答应过每个报文段都带时间戳，这一个却没有：{me}把它丢弃。",
    [CIAO_DROP_RST_OUTSIDE_WINDOW] =
        "以{peer}名义来的 RST 落在{me}的窗口之外：{me}一声不响地丢弃。",
    [CIAO_DROP_RST_CHALLENGED] =
        "以{peer}名义来的 RST 落在窗口里，却不在{me}等待的下一个字节上：{me}把它丢弃，"
        "并反问一句是不是当真（质询 ACK）。",
    [CIAO_DROP_SYN_CHALLENGED] = "已建立的连接里来了一个以{peer}名义发的 SYN：{me}把它丢弃，"
                                 "并反问一句是不是当真（质询 ACK）。",
    [CIAO_DROP_NO_ACK_FLAG] =
        "{me}丢弃{peer}一个不带 ACK 的报文段：连接建立之后，除了 RST 都必须带。",
    [CIAO_DROP_ACK_OF_THE_FUTURE] =
        "{peer}确认了{me}还没发出的字节：{me}丢弃这个报文段，并说明自己其实发到了哪里。",
    [CIAO_DROP_ACK_TOO_OLD] =
        "{peer}的确认旧得已经没有任何意义：{me}丢弃这个报文段，它像是伪造的。",
    [CIAO_DROP_SYN_RECEIVED_BAD_ACK] =
        "{peer}确认的序号不是{me}在 SYN,ACK 里给出的那个：{me}丢弃这个报文段。",
    [CIAO_DROP_DATA_AFTER_FIN] = "{peer}明明说过说完了，FIN 后面却又来了字节：{me}把它们丢弃。",
    [CIAO_DROP_DATA_TWICE] = "{peer}的这些字节{me}已经有了：丢弃第二份，再确认一次。",
    [CIAO_DROP_RECEIVE_BUFFER_FULL] =
        "{me}没有地方存放这些提前到的字节：把它们丢弃，{peer}会再发。",
    [CIAO_DROP_TIME_WAIT_RST] = "以{peer}名义来的 RST 碰上了 TIME-WAIT 里的{me}：{me}把它丢弃，"
                                "否则一个旧 RST 就能让等待提前结束。",
    [CIAO_DROP_TIME_WAIT_OLD_SYN] =
        "{peer}的 SYN 碰上了 TIME-WAIT 里的{me}，和旧连接的 SYN 分不清：{me}把它丢弃，"
        "并重复最后的 ACK。",
    [CIAO_DROP_TIME_WAIT_SEGMENT] =
        "话都说完了，又来了{peer}的一个报文段：TIME-WAIT 里的{me}把它丢弃，并重复最后的 ACK。",
    /* 我们发出的复位 */
    [CIAO_RST_NO_CONNECTION] = "{peer}在对一条{me}并没有的连接说话：{me}用 RST 回应。",
    [CIAO_RST_LISTEN_ACK] =
        "{peer}在{me}只是监听的端口上确认了什么：那里从没发过东西，{me}用 RST 回应。",
    [CIAO_RST_SYN_SENT_BAD_ACK] =
        "{peer}确认的不是{me}发的那个 SYN，也许是上辈子的：{me}用 RST 回应。",
    [CIAO_RST_SYN_RECEIVED_BAD_ACK] = "{peer}确认的序号不是{me}选的那个：{me}用 RST 回应。",
    [CIAO_RST_ABORT] = "{me}的程序中止了连接：{me}用 RST 告诉{peer}。",
    [CIAO_RST_LINGER_ZERO] =
        "{me}的程序以 linger 为零关闭，意思就是中止：{me}给{peer}发的是 RST，不是 FIN。",
    [CIAO_RST_UNREAD_DATA] =
        "{me}的程序关闭时没有读完{peer}的字节：{me}发出 RST，好让{peer}知道它们丢了。",
    [CIAO_RST_DATA_AFTER_CLOSE] =
        "{peer}发来的字节在{me}这边已经没有人能读，程序早已关闭：{me}用 RST 回应。",
    [CIAO_RST_NEVER_ACCEPTED] = "{me}的程序停止了监听，始终没有接受这条连接：{me}给{peer}发 RST。",
    [CIAO_RST_ORPHAN_SACRIFICED] = "{me}内存吃紧，结束一条没有程序认领的连接：给{peer}发 RST。",
    [CIAO_RST_KEEPALIVE] = "{me}问了{peer}那么多次“还在吗”，都没有回音：万一它还在，给它发个 RST。",
    /* 定时器 */
    [CIAO_TIMER_SYN] = "{me}的定时器到期：{peer}还没有回答 SYN。",
    [CIAO_TIMER_SYN_ACK] = "{me}的定时器到期：{peer}还没有确认 SYN,ACK。",
    [CIAO_TIMER_RETRANSMIT] = "{me}的重传定时器到期：最早的那些字节{peer}还没有确认。",
    [CIAO_TIMER_TAIL_PROBE] =
        "两个往返过去了，{peer}那边毫无动静：{me}发一个报文段，请{peer}说说收到了什么。",
    [CIAO_TIMER_FIN] = "{me}的重传定时器到期：{peer}还没有确认 FIN。",
    [CIAO_TIMER_PERSIST] = "{me}的坚持定时器到期：{peer}的窗口还关着，{me}去探一探。",
    [CIAO_TIMER_DELAYED_ACK] =
        "{me}把 ACK 留到了允许的最后一刻，没有等到能捎带它去{peer}的数据：它单独上路。",
    [CIAO_TIMER_SWS_OVERRIDE] = "{me}等{peer}的窗口能容下一整个报文段等得够久了：先发一小段。",
    [CIAO_TIMER_KEEPALIVE] = "{me}已经 {b} 毫秒没有{peer}的消息了，程序想知道它还在不在。",
    [CIAO_TIMER_FIN_WAIT_2] =
        "{me}的耐心到头了：程序早已离开，{peer}却没有在时限内关闭它那个方向。",
    [CIAO_TIMER_TIME_WAIT] = "{me}的 2 MSL 到了：TIME-WAIT 结束。",
    [CIAO_TIMER_R1] = "{me}把同样的字节给{peer}发了那么多次，路上一定出了什么事（R1）。",
    [CIAO_TIMER_R2] = "{me}试到了允许的最后一刻，{peer}什么都没有确认（R2）：放弃。",
    /* 重发 */
    [CIAO_AGAIN_SYN] = "没有等到回答，{me}再发一次 SYN。",
    [CIAO_AGAIN_SYN_ACK] = "没有等到确认，{me}再发一次 SYN,ACK。",
    [CIAO_AGAIN_SYN_ACK_ASKED] = "{peer}重复了它的 SYN，可见没有听到回答：{me}再发一次 SYN,ACK。",
    [CIAO_AGAIN_TIMEOUT] = "超时之后，{me}把最早未确认的字节再发一次。",
    [CIAO_AGAIN_DUP_ACKS] =
        "{peer}把同一个字节又确认了三次，可见后面的丢了：{me}不等定时器，立刻重发。",
    [CIAO_AGAIN_PARTIAL_ACK] = "{peer}只确认了正在修补的一部分，可见下一块也丢了：{me}把它重发。",
    [CIAO_AGAIN_SACK_HOLE] = "{peer}报告了手里有哪些（SACK），这里是个洞：{me}把它补上。",
    [CIAO_AGAIN_RESCUE] = "{me}把修补中的最后几个字节再发一次，听{peer}说到底收到没有。",
    [CIAO_AGAIN_TAIL_PROBE] = "{me}把最后一个报文段再发一次，好让{peer}回话。",
    [CIAO_AGAIN_PROBE] = "{me}再问一次{peer}：窗口开了吗？",
    [CIAO_AGAIN_FIN] = "没有等到确认，{me}再发一次 FIN。",
    /* 协议栈做了什么 */
    [CIAO_DID_LISTENER_MADE] = "{me}为端口 {port} 建立一个监听者。",
    [CIAO_DID_PORT_PICKED] = "{me}在空闲端口里随机挑了 {a}。",
    [CIAO_DID_ISN_CHOSEN] =
        "{me}选定初始序号 {a}：时钟，加上对双方地址和端口的秘密散列（下文记作 0）。",
    [CIAO_DID_TCB_MADE] = "{me}建立一个 TCB，也就是一条连接的完整记录，{a_bytes}。",
    [CIAO_DID_SYN_RECORD_MADE] = "{me}只为半开的连接记下 {a_bytes}的小记录，还没有 TCB。",
    [CIAO_DID_COOKIE_SENT] =
        "{me}的 SYN 队列满了：一条记录也不留，把需要的一切藏进初始序号（SYN cookie）。",
    [CIAO_DID_SYN_RECORD_GROWN_UP] = "{me}的小记录长成了 {a_bytes}的完整 TCB。",
    [CIAO_DID_QUEUED_FOR_ACCEPT] = "{me}把连接放进等候队列，等程序来接。",
    [CIAO_DID_SYN_DATA_HELD_BACK] = "{peer}的 SYN 带着数据：握手完成之前，{me}不会把它们交出去。",
    [CIAO_DID_OPTIONS_AGREED] = "{me}记下双方谈妥的：每段最多 {a_bytes}{options}。",
    [CIAO_DID_TIMER_SET] = "{me}设下{timer}定时器：{b_time}。",
    [CIAO_DID_TIMER_STOPPED] = "{me}停掉{timer}定时器：发出去的都已得到确认。",
    [CIAO_DID_DATA_DELIVERED] = "{me}把{peer}的 {a_bytes}按序放进接收队列。",
    [CIAO_DID_DATA_HELD] = "{me}先收着提前到的 {a_bytes}，等前面的空缺补上。",
    [CIAO_DID_SENT_DATA_FREED] =
        "{peer}又确认了序列里的 {b_bytes}（FIN 算一个）：{me}不必再留着副本。",
    [CIAO_DID_FIN_QUEUED] = "{me}把 FIN 排进队列，严格排在最后一个字节之后。",
    [CIAO_DID_EOF_QUEUED] = "{me}告诉自己的程序：流已结束，{peer}不会再发字节了。",
    [CIAO_DID_BUFFERS_FLUSHED] = "{me}清空这条连接的缓冲区：{a_bytes}。",
    [CIAO_DID_TIME_WAIT_RECORD] =
        "{me}记下一条比 TCB 小得多的 TIME-WAIT 记录，从此由它应答：2 MSL 是 {a_ms}。",
    [CIAO_DID_TIME_WAIT_RESTARTED] =
        "{peer}重复了 FIN，可见没收到最后的 ACK：{me}再确认一次，2 MSL（{a_ms}）从头算起。",
    [CIAO_DID_CHALLENGE_ACK] = "{me}发出质询 ACK：只有真正的{peer}才答得对。",
    [CIAO_DID_CHALLENGE_LIMITED] = "这一秒里{me}发的质询 ACK 已经够多：这一个就不发了。",
    [CIAO_DID_RECOVERY_ENTERED] = "{me}从{peer}的 ACK 里明白有东西丢了，开始修补。",
    [CIAO_DID_RECOVERY_LEFT] = "修补的都到了{peer}手里：{me}一切照常。",
    [CIAO_DID_WINDOW_CLOSED] = "{peer}再也装不下了：{me}停止发送，隔一阵探一次。",
    [CIAO_DID_WINDOW_OPENED] = "{peer}又有地方了：{me}继续发送。",
    [CIAO_DID_OUR_WINDOW_CLOSED] = "{me}的程序读得太慢，接收缓冲区满了：{me}向{peer}通告窗口为 0。",
    [CIAO_DID_OUR_WINDOW_OPENED] = "{me}的程序读走了数据，又有地方了：{me}告诉{peer}。",
    [CIAO_DID_SOFT_ERROR] = "网络报告说去{peer}的路上有麻烦：{me}替程序记下，继续尝试。",
    [CIAO_DID_ICMP_IGNORED] =
        "网络报告的错误说的是{me}并没有在途的报文段：可能是伪造的，{me}不予理会。",
    [CIAO_DID_SACK_RENEGED] = "{peer}收回了曾经报告说有的字节：从此{me}只信它的 ACK。",
    [CIAO_DID_URGENT_ANNOUNCED] =
        "{peer}宣布有紧急数据，直到第 {a} 个字节：{me}告诉程序，它前面还有 {b} 个字节要读。",
    [CIAO_DID_ECN_MARKED] =
        "路由器给{peer}发来的报文打了拥塞标记，而没有丢掉它：{me}会一直提醒{peer}，直到它听见。",
    [CIAO_DID_ECN_REDUCED] = "{peer}报告了一个拥塞标记：虽然什么都没丢，{me}还是少发一些。",
    [CIAO_DID_TCB_FREED] = "{me}释放 TCB：这块内存可以给别的连接用了。",
    /* 程序的调用 */
    [CIAO_CALL_LISTEN] = "{me}的程序调用 listen()，等候队列长度 {a}。",
    [CIAO_CALL_CONNECT] = "{me}的程序调用 connect()，要连端口 {a}。",
    [CIAO_CALL_ACCEPT] = "{me}的程序调用 accept()，接到了这条连接。",
    [CIAO_CALL_SEND] = "{me}的程序调用 send()，交出 {a_bytes}。",
    [CIAO_CALL_RECV] = "{me}的程序调用 recv()，读到 {a_bytes}。",
    [CIAO_CALL_RECV_EOF] = "{me}的程序调用 recv()，得到 0：{peer}没有话要说了。",
    [CIAO_CALL_SHUTDOWN_WR] = "{me}的程序调用 shutdown(WR)：不再发送，但还继续读。",
    [CIAO_CALL_SHUTDOWN_RD] = "{me}的程序调用 shutdown(RD)：不再读了。",
    [CIAO_CALL_CLOSE] = "{me}的程序调用 close()：既不再发送，也不再读。",
    [CIAO_CALL_ABORT] = "{me}的程序调用 abort()。",
};
