/*
 * Keep-alive and the user timeout: how long a silent peer is waited for.  [RFC9293 3.8.4, 3.8.3]
 */
#include "support/story.h"

#define S  1000u
#define US UINT64_C(1000000)

static void set(struct story *r, const struct ciao_settings *settings)
{
    expect(r, ciao_set_settings(r->stack, story_peer(r)->conn, settings) == 0);
}

static struct ciao_settings settings_of(struct story *r)
{
    struct ciao_settings settings;
    expect(r, ciao_get_settings(r->stack, story_peer(r)->conn, &settings) == 0);
    return settings;
}

static void keeps_alive(struct story *r, unsigned idle_s, unsigned interval_s, uint8_t probes)
{
    struct ciao_settings settings = settings_of(r);
    settings.flags |= CIAO_KEEPALIVE;
    settings.keepalive_idle_us = idle_s * US;
    settings.keepalive_interval_us = interval_s * US;
    settings.keepalive_probes = probes;
    set(r, &settings);
}

/* [RFC9293 3.8.4 MUST-25, MUST-28, 9293-1] */
TEST(nobody_asks_for_a_sign_of_life_by_default)
{
    they_are_connected(r);
    time_passes(r, 3 * 7200 * S);
    expect_nothing_sent(r);
    expect(r, settings_of(r).keepalive_idle_us >= 7200 * US);
    peer_resets(r);
}

/* [RFC9293 3.8.4 MUST-24, MUST-26, MUST-27, SHLD-12, MAY-5, 9293-2] */
TEST(a_silent_peer_is_asked_without_data_and_its_answer_is_enough)
{
    they_are_connected(r);
    keeps_alive(r, 10, 3, 4);
    time_passes(r, 9 * S);
    expect_nothing_sent(r);
    time_passes(r, 1 * S);
    expect_told(r, "TIMER_KEEPALIVE");
    expect_sent(r, "ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    time_passes(r, 9 * S);
    expect_nothing_sent(r);
    time_passes(r, 1 * S);
    expect_sent(r, "ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1 len=10"); /* any sign will do */
    whatever_was_sent(r);
    user_reads(r, 10);
    time_passes(r, 9 * S);
    whatever_was_sent(r);
    expect_state(r, CIAO_ESTABLISHED);
    peer_resets(r);
}

/* [RFC9293 3.8.4 MUST-29] one lost probe means nothing; AS LINUX the last is a RST */
TEST(after_enough_unanswered_probes_it_is_over)
{
    they_are_connected(r);
    keeps_alive(r, 10, 3, 4);
    time_passes(r, 10 * S);
    for (unsigned i = 0; i < 4; i++) {
        expect_sent(r, "ACK seq=0 ack=1");
        expect_state(r, CIAO_ESTABLISHED);
        time_passes(r, 3 * S);
    }
    expect_told(r, "RST_KEEPALIVE");
    expect_told(r, "NO_SIGN_OF_LIFE");
    expect_sent(r, "RST,ACK seq=1 ack=1");
    expect_told_error(r, CIAO_ETIMEDOUT);
    user_closes(r);
}

TEST(an_answer_forgives_the_probes_before_it)
{
    they_are_connected(r);
    keeps_alive(r, 2, 5, 2);
    time_passes(r, 2 * S);
    expect_sent(r, "ACK seq=0 ack=1");
    time_passes(r, 5 * S);
    expect_sent(r, "ACK seq=0 ack=1");
    peer_sends(r, "ACK seq=1 ack=1");
    time_passes(r, 5 * S);
    expect_sent(r, "ACK seq=0 ack=1");
    time_passes(r, 5 * S);
    expect_sent(r, "ACK seq=0 ack=1");
    time_passes(r, 4 * S);
    expect_state(r, CIAO_ESTABLISHED);
    time_passes(r, 1 * S);
    expect_told(r, "NO_SIGN_OF_LIFE");
    whatever_was_sent(r);
    user_closes(r);
}

/* [RFC9293 3.8.4 MUST-26] what is on its way is watched by another timer */
TEST(with_bytes_on_their_way_no_probe_leaves)
{
    they_are_connected(r);
    keeps_alive(r, 1, 1, 2);
    user_sends(r, 10);
    expect_sent(r, "ACK seq=1 ack=1 len=10");
    time_passes(r, 20 * S);
    expect_not_told(r, "TIMER_KEEPALIVE");
    whatever_was_sent(r);
    peer_sends(r, "ACK seq=1 ack=11");
    whatever_was_sent(r);
    time_passes(r, 1 * S);
    expect_sent(r, "ACK seq=10 ack=1");
    peer_resets(r);
}

/* [RFC9293 3.8.4 MUST-24] */
TEST(a_program_may_change_its_mind)
{
    they_are_connected(r);
    keeps_alive(r, 10, 3, 4);
    time_passes(r, 20 * S);
    whatever_was_sent(r);
    struct ciao_settings settings = settings_of(r);
    settings.flags &= ~CIAO_KEEPALIVE;
    set(r, &settings);
    time_passes(r, 7200 * S);
    expect_nothing_sent(r);
    expect_state(r, CIAO_ESTABLISHED);
    keeps_alive(r, 10, 3, 4); /* silent for much longer than that already */
    time_passes(r, 0);
    expect_sent(r, "ACK seq=0 ack=1");
    peer_resets(r);
}

/* A listener's children inherit it. */
TEST(a_half_closed_connection_is_kept_alive_too)
{
    r->config.tcp.flags |= CIAO_KEEPALIVE;
    r->config.tcp.keepalive_idle_us = 10 * US;
    r->config.tcp.keepalive_interval_us = 1 * US;
    r->config.tcp.keepalive_probes = 1;
    peer_has_connected(r);
    user_shuts_down(r);
    expect_sent(r, "FIN,ACK seq=1 ack=1");
    peer_sends(r, "ACK seq=1 ack=2");
    expect_state(r, CIAO_FIN_WAIT_2);
    time_passes(r, 10 * S);
    expect_sent(r, "ACK seq=1 ack=1");
    time_passes(r, 1 * S);
    expect_told(r, "NO_SIGN_OF_LIFE");
    expect_sent(r, "RST,ACK seq=2 ack=1");
    user_closes(r);
}

TEST(in_close_wait_too)
{
    they_are_connected(r);
    peer_sends(r, "FIN,ACK seq=1 ack=1");
    expect_sent(r, "ACK seq=1 ack=2");
    keeps_alive(r, 10, 1, 1);
    time_passes(r, 10 * S);
    expect_sent(r, "ACK seq=0 ack=2");
    time_passes(r, 1 * S);
    expect_told(r, "NO_SIGN_OF_LIFE");
    expect_sent(r, "RST,ACK seq=1 ack=2");
    user_closes(r);
}

/* ---- the user timeout ---- */

/* AS LINUX TCP_USER_TIMEOUT: it decides instead of the number of probes. */
TEST(a_user_timeout_ends_keep_alive_by_time)
{
    they_are_connected(r);
    keeps_alive(r, 10, 3, 1);
    struct ciao_settings settings = settings_of(r);
    settings.user_timeout_us = 20 * US;
    set(r, &settings);
    time_passes(r, 19 * S);
    expect_state(r, CIAO_ESTABLISHED);
    time_passes(r, 3 * S);
    expect_told(r, "NO_SIGN_OF_LIFE");
    whatever_was_sent(r);
    user_closes(r);
}

/* [RFC9293 3.8.3 MUST-21] */
TEST(a_user_timeout_ends_what_is_not_acknowledged)
{
    they_are_connected(r);
    struct ciao_settings settings = settings_of(r);
    settings.user_timeout_us = 10 * US;
    set(r, &settings);
    user_sends(r, 10);
    time_passes(r, 9 * S);
    expect_state(r, CIAO_ESTABLISHED);
    time_passes(r, 3 * S);
    expect_told(r, "GAVE_UP");
    expect_told_error(r, CIAO_ETIMEDOUT);
    whatever_was_sent(r);
    user_closes(r);
}

/* AS LINUX: also where the peer answers every probe of its closed window. */
TEST(a_user_timeout_ends_patience_with_a_closed_window)
{
    they_are_connected(r);
    struct ciao_settings settings = settings_of(r);
    settings.user_timeout_us = 10 * US;
    set(r, &settings);
    peer_sends(r, "ACK seq=1 ack=1 wnd=0");
    user_sends(r, 10);
    for (unsigned i = 0; i < 9; i++) {
        time_passes(r, 1 * S);
        peer_sends(r, "ACK seq=1 ack=1 wnd=0");
        whatever_was_sent(r);
        expect_state(r, CIAO_ESTABLISHED);
    }
    time_passes(r, 2 * S);
    expect_told(r, "GAVE_UP");
    expect_told_error(r, CIAO_ETIMEDOUT);
    whatever_was_sent(r);
    user_closes(r);
}

STORIES(STORY(nobody_asks_for_a_sign_of_life_by_default),
        STORY(a_silent_peer_is_asked_without_data_and_its_answer_is_enough),
        STORY(after_enough_unanswered_probes_it_is_over),
        STORY(an_answer_forgives_the_probes_before_it),
        STORY(with_bytes_on_their_way_no_probe_leaves), STORY(a_program_may_change_its_mind),
        STORY(a_half_closed_connection_is_kept_alive_too), STORY(in_close_wait_too),
        STORY(a_user_timeout_ends_keep_alive_by_time),
        STORY(a_user_timeout_ends_what_is_not_acknowledged),
        STORY(a_user_timeout_ends_patience_with_a_closed_window))
