/*
 * 中文：每种报文段说的是什么，分小琦和阿奥两个声音；以及图里要用的词。
 */
#include "tell/words_parts.h"

const char *const words_says_zh[SAYINGS][LIFE_ENDS] = {
    [SAY_SYN] = {"那个……你好？我刚来。可以和你说说话吗？", "晚上好。方便说句话吗？"},
    [SAY_SYN_AGAIN] = {"你好……？是不是没听见呀？可以和你说说话吗？",
                       "我再说一遍：晚上好。方便说句话吗？"},
    [SAY_SYN_CROSSING] = {"啊！我听见你了！你也听见我了吗？", "听见了。刚好碰上。你听得见我吗？"},
    [SAY_SYN_ACK] = {"嗯！听得见！你……你也听得见我吗？", "听见了。你也听得见我吗？"},
    [SAY_SYN_ACK_AGAIN] = {"我说我听得见！你听到了吗？", "再说一遍：我听见了。你听得见我吗？"},
    [SAY_HANDSHAKE_ACK] = {"我也听见你了。那……现在我们都知道啦。", "听得见。那就说定了。"},
    [SAY_DATA] = {"给你 {len}，希望你喜欢。", "这是 {len}，请收好。"},
    [SAY_DATA_AGAIN] = {"对不起，我再说一遍：{len}。刚才是不是丢了？",
                        "还是那 {len}，再来一次。我不轻易放弃。"},
    [SAY_ACK] = {"收到啦！到 {ack} 为止都有了。", "收到，到 {ack} 为止。"},
    [SAY_FIN] = {"我想说的都说完了。那……再见？", "该说的都说了。再见。"},
    [SAY_FIN_HALF] = {"我想说的都说完了。你接着说呀，我在听！", "我说完了。你请讲，我听着。"},
    [SAY_FIN_ANSWER] = {"我也说完了。再见……你也会应我一声吧？", "我也说完了。再见。"},
    [SAY_FIN_MERGED] = {"听见你的再见啦，我也顺便：再见！", "听见了，再见。一口气说完就好。"},
    [SAY_FIN_AGAIN] = {"再见？你听见了吗？我说再见了……", "再见。没见你点头，我再说一次。"},
    [SAY_ACK_OF_FIN] = {"我听见你的再见了。", "你的再见，我听见了。"},
    [SAY_ACK_OF_FIN_AGAIN] = {"听见了听见了！你看，我还在呢。你的再见我听见了。",
                              "那时听见了，现在也听见。我留下来，就为这个。"},
    [SAY_CHALLENGE] = {"刚才真的是你吗？我这边到 {ack} 了。",
                       "我在 {ack}。若真是你，你知道该怎么说。"},
    [SAY_PROBE] = {"你还在吗？我可以接着说吗？", "可以了吗？点个头就行。"},
    [SAY_RST] = {"不行不行，对不起，这已经不是对话了！", "不。到此为止。"},
};

const char *const words_labels_zh[LABELS] = {
    [LABEL_TIME] = "时间(ms)",
    [LABEL_LOST] = "丢失",
    [LABEL_AGAIN] = "重发",
    [LABEL_COPY] = "副本",
    [LABEL_OLD] = "旧",
    [LABEL_SKIPPED] = "……这里有 {1} 步没有保留……",
    [LABEL_EVENTS_LOST] = "这里丢失了 {1} 个事件：发生了什么，不得而知",
    [LABEL_COLON] = "：",
    [LABEL_STILL] = "{me}仍处于 {state}。",
    [LABEL_SCENE] = "场景",
    [LABEL_HAPPENED] = "实情",
    [LABEL_SAID] = "对白",
    [LABEL_STATES] = "状态",
    [LABEL_BY_PEER] = "对方",
    [LABEL_BY_PROGRAM] = "程序",
    [LABEL_BY_TIMER] = "时间",
    [LABEL_BY_POLICY] = "设置",
    [LABEL_BY_NETWORK] = "网络",
    [LABEL_AS_LINUX] = "同 Linux：",
    [LABEL_QUOTE_OPEN] = "“",
    [LABEL_QUOTE_CLOSE] = "”",
    [LABEL_COMMA] = "，",
    [LABEL_TOTALS] = ("{me}发出 {1} 个报文段共 {2} 字节（重发 {3} 个，超时 {4} 次），"
                      "收到 {5} 个共 {6} 字节，丢弃 {7} 个，发出复位 {8} 个。"),
    [LABEL_REPORT] = "{me}的程序关闭时，有 {1} 字节没发出，{2} 字节没得到确认，{3} 字节没读。",
    [LABEL_PEER] = "对方",
};
