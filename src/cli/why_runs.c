/*
 * The runs behind the pages of --why, and what each has to prove.
 */
#include "cli/why.h"

#include <string.h>

#include "tell/words.h"
#include "wire/tcp.h"

#define LEFT      0
#define RIGHT     1
#define SECOND_US 1000000u

static void put(struct demo_plan *plan, unsigned end, enum script_verb verb, uint32_t number)
{
    plan->script[end][plan->lines[end]++] = (struct script_line){.verb = verb, .number = number};
    plan->world.script[end] = plan->script[end];
}

static void put_text(struct demo_plan *plan, unsigned end, const char *text)
{
    plan->script[end][plan->lines[end]++] = (struct script_line){.verb = SCRIPT_SEND, .text = text};
}

/* ---- what a life shows ---- */

static unsigned arcs(const struct world *world, unsigned end, const char *key)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < world->life->n; i++) {
        const struct life_step *step = &world->life->steps[i];
        if (step->end == end && step->event.type == CIAO_EVENT_ARC
            && strcmp(ciao_arc_key(step->event.what), key) == 0)
            n++;
    }
    return n;
}

static unsigned reasons(const struct world *world, unsigned end, enum ciao_reason reason)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < world->life->n; i++) {
        const struct life_step *step = &world->life->steps[i];
        if (step->end == end && step->event.type == CIAO_EVENT_REASON && step->event.what == reason)
            n++;
    }
    return n;
}

static unsigned said(const struct world *world, unsigned end, enum words_say say)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < world->life->n; i++) {
        const struct life_step *step = &world->life->steps[i];
        if (step->end == end && step->event.type == CIAO_EVENT_SENT
            && words_say_of(world->life, step) == say)
            n++;
    }
    return n;
}

/* When the last event of that kind happened; 0: never. */
static uint64_t last_us(const struct world *world, unsigned end, uint8_t type, uint16_t what)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < world->life->n; i++) {
        const struct life_step *step = &world->life->steps[i];
        if (step->end == end && step->event.type == type && step->event.what == what)
            at = step->event.time_us;
    }
    return at;
}

/* Connections of that end that are in a state now. */
static unsigned in_state(const struct world *world, unsigned end, enum ciao_state state)
{
    unsigned n = 0;
    uint64_t cursor = 0;
    struct ciao_info info;
    while (ciao_next_connection(world->end[end].stack, &cursor, &info))
        n += info.state == state ? 1 : 0;
    return n;
}

static struct ciao_counts counts(const struct world *world, unsigned end)
{
    struct ciao_counts counts;
    ciao_counts(world->end[end].stack, &counts);
    return counts;
}

/* ---- three: an old SYN comes to a listener ---- */

static void plan_old_syn(struct demo_plan *plan)
{
    put(plan, RIGHT, SCRIPT_LISTEN, 0);
    put(plan, RIGHT, SCRIPT_ACCEPT, 0);
    put(plan, RIGHT, SCRIPT_RECV_TO_END, 0);
    put(plan, RIGHT, SCRIPT_CLOSE, 0);
    put(plan, RIGHT, SCRIPT_WAIT_TIME, 300000);
    put(plan, RIGHT, SCRIPT_RELEASE_COPY, 0);
    put(plan, RIGHT, SCRIPT_CLOSE_LISTENER, 0);
    put(plan, LEFT, SCRIPT_CONNECT, 1);
    put(plan, LEFT, SCRIPT_WAIT_OPEN, 0);
    put(plan, LEFT, SCRIPT_CLOSE, 0);
    plan->world.link.keep = 1;
    plan->world.msl_given = true; /* TIME-WAIT is another page */
}

static bool old_syn_answered(const struct world *world)
{
    return said(world, RIGHT, SAY_SYN_ACK) == 2;
}

static bool old_answer_reset(const struct world *world)
{
    return reasons(world, LEFT, CIAO_RST_NO_CONNECTION) == 1;
}

static bool knock_withdrawn(const struct world *world)
{
    return arcs(world, RIGHT, "KNOCK_WITHDRAWN") == 1;
}

static bool one_connection_only(const struct world *world)
{
    return arcs(world, RIGHT, "HANDSHAKE_DONE") == 1
           && reasons(world, RIGHT, CIAO_CALL_ACCEPT) == 1;
}

static const struct why_claim claims_old_syn[] = {
    {old_syn_answered,
     {"Ao could not tell the old SYN from a new one: it answered both with SYN,ACK.",
      "阿奥分不清旧的 SYN 和新的：两次都回了 SYN,ACK。"}},
    {old_answer_reset,
     {"Ci knew better: it had not called, so its third message was not ACK but RST.",
      "小琦心里清楚：这次它没有呼叫，所以第三句话不是 ACK，而是 RST。"}},
    {knock_withdrawn,
     {"Ao took its half-open record back and went on listening (SYN-RECEIVED back to LISTEN).",
      "阿奥收起那条半开的记录，继续监听（SYN-RECEIVED 回到 LISTEN）。"}},
    {one_connection_only,
     {"Two SYNs came, and Ao's program was handed one connection only.",
      "来了两个 SYN，阿奥的程序只得到一条连接。"}},
    {NULL, {NULL, NULL}},
};
const struct why_run why_runs_three[WHY_RUNS] = {{plan_old_syn, claims_old_syn}, {NULL, NULL}};

/* ---- four: apart, and together ---- */

static void plan_close(struct demo_plan *plan, enum demo_close how)
{
    struct demo_options options = {.close = how};
    demo_plan_make(plan, &options);
}

static void plan_four(struct demo_plan *plan)
{
    plan_close(plan, DEMO_CLOSE_ACTIVE);
}

static void plan_merged(struct demo_plan *plan)
{
    plan_close(plan, DEMO_CLOSE_MERGED);
}

static bool four_segments(const struct world *world)
{
    return said(world, LEFT, SAY_FIN) == 1 && said(world, RIGHT, SAY_ACK_OF_FIN) == 1
           && said(world, RIGHT, SAY_FIN_ANSWER) == 1 && said(world, LEFT, SAY_ACK_OF_FIN) == 1;
}

static bool answered_before_closing(const struct world *world)
{
    uint64_t told = last_us(world, RIGHT, CIAO_EVENT_REASON, CIAO_DID_EOF_QUEUED);
    uint64_t closed =
        last_us(world, RIGHT, CIAO_EVENT_ARC, CIAO_ARC_CLOSE_WAIT_LAST_ACK_WE_CLOSED_TOO);
    return told != 0 && closed >= told + 5000;
}

static bool three_segments(const struct world *world)
{
    return said(world, LEFT, SAY_FIN) == 1 && said(world, RIGHT, SAY_FIN_MERGED) == 1
           && said(world, RIGHT, SAY_ACK_OF_FIN) == 0 && said(world, LEFT, SAY_ACK_OF_FIN) == 1;
}

static const struct why_claim claims_four[] = {
    {four_segments,
     {"The goodbye took four segments: FIN, ACK, FIN, ACK.",
      "这次告别用了四个报文段：FIN、ACK、FIN、ACK。"}},
    {answered_before_closing,
     {"Ao's stack acknowledged at once; Ao's program closed 5 ms later, when it was ready.",
      "阿奥的协议栈立刻确认；阿奥的程序 5 毫秒之后才关闭，等它自己准备好。"}},
    {NULL, {NULL, NULL}},
};
static const struct why_claim claims_merged[] = {
    {three_segments,
     {"The same goodbye in three segments: Ao's program closed before the ACK had left, and the "
      "FIN went with it.",
      "同样的告别，三个报文段：阿奥的程序在 ACK 离开之前就关闭了，FIN 就搭了它的车。"}},
    {NULL, {NULL, NULL}},
};
const struct why_run why_runs_four[WHY_RUNS] = {{plan_four, claims_four},
                                                {plan_merged, claims_merged}};

/* ---- 2msl: the last ACK is lost, with and without TIME-WAIT ---- */

#define LAST_ACK_NUMBER 9 /* of plan_four; claims_lost checks that it was that */

static void plan_lost(struct demo_plan *plan)
{
    struct demo_options options = {.close = DEMO_CLOSE_ACTIVE};
    options.link.lose[0] = LAST_ACK_NUMBER;
    options.link.n_lose = 1;
    demo_plan_make(plan, &options);
}

static void plan_lost_no_wait(struct demo_plan *plan)
{
    plan_lost(plan);
    plan->world.msl_given = true;
}

static bool last_ack_lost(const struct world *world)
{
    for (uint32_t i = 0; i < world->life->n; i++) {
        const struct life_step *step = &world->life->steps[i];
        if (step->event.type == CIAO_EVENT_SENT && step->end == LEFT
            && words_say_of(world->life, step) == SAY_ACK_OF_FIN)
            return world->life->flights[step->flight].fate == LIFE_LOST;
    }
    return false;
}

static bool fin_came_again(const struct world *world)
{
    return said(world, RIGHT, SAY_FIN_AGAIN) == 1 && said(world, LEFT, SAY_ACK_OF_FIN_AGAIN) == 1
           && reasons(world, LEFT, CIAO_DID_TIME_WAIT_RESTARTED) == 1;
}

static bool waited_two_msl(const struct world *world)
{
    uint64_t from = last_us(world, LEFT, CIAO_EVENT_REASON, CIAO_DID_TIME_WAIT_RESTARTED);
    uint64_t to = last_us(world, LEFT, CIAO_EVENT_ARC, CIAO_ARC_TIME_WAIT_CLOSED_TWO_MSL_PASSED);
    return to - from == 60u * SECOND_US;
}

static bool ended_in_peace(const struct world *world)
{
    return arcs(world, RIGHT, "GOODBYE_DONE") == 1;
}

static bool answered_by_reset(const struct world *world)
{
    return reasons(world, LEFT, CIAO_RST_NO_CONNECTION) == 1
           && arcs(world, RIGHT, "RESET_AT_THE_END") == 1;
}

static const struct why_claim claims_lost[] = {
    {last_ack_lost, {"Ci's last ACK was lost.", "小琦的最后一个 ACK 丢了。"}},
    {fin_came_again,
     {"Ao sent its FIN again; Ci was still there, in TIME-WAIT, and acknowledged it again.",
      "阿奥又发了一次 FIN；小琦还在，就在 TIME-WAIT 里，于是又确认了一次。"}},
    {waited_two_msl,
     {"From then on Ci waited exactly 2 MSL anew: 60 s.",
      "从那一刻起，小琦又重新等了整整 2 MSL：60 秒。"}},
    {ended_in_peace,
     {"Ao ended as it should: its goodbye was heard.", "阿奥好好地结束了：它的再见被听见了。"}},
    {NULL, {NULL, NULL}},
};
static const struct why_claim claims_lost_no_wait[] = {
    {last_ack_lost, {"The same ACK was lost.", "丢的是同一个 ACK。"}},
    {answered_by_reset,
     {"Without TIME-WAIT nobody was there any more: Ao's repeated FIN was answered by RST.",
      "没有 TIME-WAIT，那边已经没有人了：阿奥重发的 FIN 得到的是 RST。"}},
    {NULL, {NULL, NULL}},
};
const struct why_run why_runs_2msl[WHY_RUNS] = {{plan_lost, claims_lost},
                                                {plan_lost_no_wait, claims_lost_no_wait}};

/* ---- time-wait: whose it is, and what it holds ---- */

static void plan_time_wait(struct demo_plan *plan)
{
    put(plan, RIGHT, SCRIPT_LISTEN, 0);
    for (int i = 0; i < 2; i++) {
        put(plan, RIGHT, SCRIPT_ACCEPT, 0);
        put(plan, RIGHT, SCRIPT_RECV_TO_END, 0);
        put(plan, RIGHT, SCRIPT_CLOSE, 0);
    }
    put(plan, LEFT, SCRIPT_CONNECT, 1);
    put(plan, LEFT, SCRIPT_WAIT_OPEN, 0);
    put(plan, LEFT, SCRIPT_CLOSE, 0);
    put(plan, LEFT, SCRIPT_WAIT_TIME, 200000);
    put(plan, LEFT, SCRIPT_CONNECT, 1);
    put(plan, LEFT, SCRIPT_REMEMBER_ERROR, 0);
    put(plan, LEFT, SCRIPT_CONNECT, 0);
    put(plan, LEFT, SCRIPT_WAIT_OPEN, 0);
    put(plan, LEFT, SCRIPT_STAY, 0);
    plan->world.horizon_us = SECOND_US;
}

static bool waits_at_the_closer(const struct world *world)
{
    return counts(world, LEFT).time_waits == 1 && counts(world, RIGHT).time_waits == 0;
}

static bool same_pair_refused(const struct world *world)
{
    return world->end[LEFT].remembered == -CIAO_EADDRINUSE;
}

static bool other_port_taken(const struct world *world)
{
    return in_state(world, LEFT, CIAO_ESTABLISHED) == 1;
}

static bool server_port_free(const struct world *world)
{
    return counts(world, RIGHT).ports_in_use == 0 && counts(world, RIGHT).listeners == 1;
}

static const struct why_claim claims_time_wait[] = {
    {waits_at_the_closer,
     {"One second in: Ci, who closed first, holds one TIME-WAIT record; Ao holds none.",
      "第 1 秒时：先关闭的小琦有一条 TIME-WAIT 记录；阿奥一条也没有。"}},
    {same_pair_refused,
     {"A new connection on the very same pair of ports was refused at once, at Ci's own side "
      "(CIAO_EADDRINUSE).",
      "想用同一对端口再开一条连接，在小琦自己这边就当场被拒（CIAO_EADDRINUSE）。"}},
    {other_port_taken,
     {"From another port Ci was connected to the same server at once.",
      "换一个端口，小琦立刻又连上了同一台服务器。"}},
    {server_port_free,
     {"No port of Ao's is used up: its listener stands on port 80 as before.",
      "阿奥一个端口也没有被占掉：监听者照旧守在端口 80。"}},
    {NULL, {NULL, NULL}},
};
const struct why_run why_runs_time_wait[WHY_RUNS] = {{plan_time_wait, claims_time_wait},
                                                     {NULL, NULL}};

/* ---- close-wait: a program that forgets close() ---- */

#define FORGOTTEN 3

static void plan_close_wait(struct demo_plan *plan)
{
    put(plan, RIGHT, SCRIPT_LISTEN, 0);
    for (int i = 0; i < FORGOTTEN; i++) {
        put(plan, RIGHT, SCRIPT_ACCEPT, 0);
        put(plan, RIGHT, SCRIPT_RECV_TO_END, 0); /* and no close() */
    }
    put(plan, RIGHT, SCRIPT_ACCEPT, 0);
    put(plan, RIGHT, SCRIPT_STAY, 0);
    for (int i = 0; i < FORGOTTEN; i++) {
        put(plan, LEFT, SCRIPT_CONNECT, 0);
        put(plan, LEFT, SCRIPT_WAIT_OPEN, 0);
        put(plan, LEFT, SCRIPT_CLOSE, 0);
        put(plan, LEFT, SCRIPT_THINK, 50000);
    }
    put(plan, LEFT, SCRIPT_WAIT_TIME, 3599u * SECOND_US);
    put(plan, LEFT, SCRIPT_CONNECT, 0);
    put(plan, LEFT, SCRIPT_WAIT_OPEN, 0);
    put(plan, LEFT, SCRIPT_STAY, 0);
    plan->world.horizon_us = 3600u * (uint64_t)SECOND_US;
}

static bool still_there(const struct world *world)
{
    return in_state(world, RIGHT, CIAO_CLOSE_WAIT) == FORGOTTEN;
}

static bool no_timer_helps(const struct world *world)
{
    return counts(world, RIGHT).timers == 0;
}

static bool memory_held(const struct world *world)
{
    return counts(world, RIGHT).tcbs == FORGOTTEN + 1;
}

static bool all_share_one_port(const struct world *world)
{
    uint64_t cursor = 0;
    struct ciao_info info;
    while (ciao_next_connection(world->end[RIGHT].stack, &cursor, &info))
        if (info.local.port != world->end[RIGHT].at.port)
            return false;
    return counts(world, RIGHT).ports_in_use == 0;
}

static bool fourth_gets_in(const struct world *world)
{
    return in_state(world, RIGHT, CIAO_ESTABLISHED) == 1;
}

static bool closer_is_free(const struct world *world)
{
    return arcs(world, LEFT, "ORPHAN_WAITED_ENOUGH") == FORGOTTEN;
}

static const struct why_claim claims_close_wait[] = {
    {still_there,
     {"After an hour all three stand in CLOSE-WAIT.",
      "一个小时之后，三条连接全都还在 CLOSE-WAIT。"}},
    {no_timer_helps,
     {"Ao's stack has no timer running: it is for the program to end this state.",
      "阿奥的协议栈里没有任何定时器在走：要结束这个状态，得靠程序自己。"}},
    {memory_held,
     {"Each still holds a handle of the program's and a TCB in memory.",
      "每一条都还占着程序的一个句柄，和内存里的一个 TCB。"}},
    {all_share_one_port,
     {"All of them have the same local port 80, and no other port of the server's is in use.",
      "它们的本地端口全是 80，服务器的其他端口一个也没有占用。"}},
    {fourth_gets_in,
     {"So a fourth client was let in without trouble an hour later.",
      "所以一小时之后，第四个客户端照样顺利连上。"}},
    {closer_is_free,
     {"Ci's side freed itself: FIN-WAIT-2 without an owner ends after 60 s.",
      "小琦那边自己脱了身：没有程序认领的 FIN-WAIT-2，60 秒后就结束。"}},
    {NULL, {NULL, NULL}},
};
const struct why_run why_runs_close_wait[WHY_RUNS] = {{plan_close_wait, claims_close_wait},
                                                      {NULL, NULL}};

/* ---- half-close: shutdown(WR), and close() ---- */

static void plan_half(struct demo_plan *plan)
{
    plan_close(plan, DEMO_CLOSE_HALF);
}

static void plan_full(struct demo_plan *plan)
{
    put(plan, RIGHT, SCRIPT_LISTEN, 0);
    put(plan, RIGHT, SCRIPT_ACCEPT, 0);
    put(plan, RIGHT, SCRIPT_RECV_TO_END, 0);
    put(plan, RIGHT, SCRIPT_THINK, 5000);
    put_text(plan, RIGHT, "That is a long story.");
    put(plan, RIGHT, SCRIPT_THINK, 50000);
    put_text(plan, RIGHT, "It begins with a handshake,");
    put(plan, RIGHT, SCRIPT_CLOSE, 0);
    put(plan, RIGHT, SCRIPT_CLOSE_LISTENER, 0);
    put(plan, LEFT, SCRIPT_CONNECT, 0);
    put(plan, LEFT, SCRIPT_WAIT_OPEN, 0);
    put_text(plan, LEFT, "How are you?");
    put(plan, LEFT, SCRIPT_CLOSE, 0);
}

static bool read_it_all(const struct world *world)
{
    return strcmp(world->end[LEFT].read, "That is a long story.It begins with a handshake,"
                                         "and you are still listening.")
           == 0;
}

static bool received_behind_fin(const struct world *world)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < world->life->n; i++) {
        const struct ciao_event *event = &world->life->steps[i].event;
        if (world->life->steps[i].end == LEFT && event->type == CIAO_EVENT_REASON
            && event->what == CIAO_DID_DATA_DELIVERED && event->to == CIAO_FIN_WAIT_2)
            n++;
    }
    return n == 3;
}

static bool no_reset(const struct world *world)
{
    return said(world, LEFT, SAY_RST) == 0 && said(world, RIGHT, SAY_RST) == 0;
}

static bool refused_by_rst(const struct world *world)
{
    return arcs(world, LEFT, "DATA_AFTER_CLOSE") == 1
           && reasons(world, LEFT, CIAO_RST_DATA_AFTER_CLOSE) == 1;
}

static bool told_of_it(const struct world *world)
{
    return arcs(world, RIGHT, "RESET_BY_PEER") == 1 && world->end[RIGHT].error == -CIAO_ERESET;
}

static const struct why_claim claims_half[] = {
    {received_behind_fin,
     {"Ci sent FIN, and took in three more messages in FIN-WAIT-2.",
      "小琦发了 FIN，之后在 FIN-WAIT-2 里又收下三条消息。"}},
    {read_it_all, {"Its program read every byte of them.", "它的程序把每个字节都读到了。"}},
    {no_reset, {"Nobody sent RST.", "谁也没有发 RST。"}},
    {NULL, {NULL, NULL}},
};
static const struct why_claim claims_full[] = {
    {refused_by_rst,
     {"The same FIN, but behind a close(): nobody can read any more, so Ci refused the answer with "
      "RST.",
      "同样是 FIN，却是 close() 发出的：再没有人能读，所以小琦用 RST 拒收了回答。"}},
    {told_of_it,
     {"Ao's program was told: connection reset.", "阿奥的程序得到了通知：连接被复位。"}},
    {NULL, {NULL, NULL}},
};
const struct why_run why_runs_half_close[WHY_RUNS] = {{plan_half, claims_half},
                                                      {plan_full, claims_full}};
