/*
 * What a stack is made of: impossible configurations are refused, possible ones hold.
 */
#include "pair.h"

#include "support/stackmem.h"

static struct ciao_config small_config(void)
{
    struct ciao_config config;
    ciao_config_default(&config, CIAO_PROFILE_CIAO);
    config.max_connections = 100;
    config.max_time_wait = 100;
    config.buffer_bytes = 4u << 20;
    return config;
}

static bool can_be_made(const struct ciao_config *config)
{
    size_t bytes = (size_t)256 << 20;
    void *memory = stackmem_new(bytes);
    bool made = ciao_stack_create(config, memory, 0) != NULL;
    stackmem_free(memory, bytes);
    return made;
}

static void the_defaults_are_possible(void **state)
{
    (void)state;
    for (int profile = 0; profile < CIAO_PROFILES; profile++) {
        struct ciao_config config;
        ciao_config_default(&config, (enum ciao_profile)profile);
        size_t bytes = ciao_stack_bytes(&config);
        void *memory = stackmem_new(bytes); /* address space: nearly nothing of it is touched */
        assert_non_null(ciao_stack_create(&config, memory, 0));
        stackmem_free(memory, bytes);
    }
}

static void impossible_budgets_are_refused(void **state)
{
    (void)state;
    struct ciao_config good = small_config(), c;
    assert_true(can_be_made(&good));
#define REFUSED(change)                \
    do {                               \
        c = good;                      \
        c.change;                      \
        assert_false(can_be_made(&c)); \
    } while (0)
    REFUSED(max_connections = 0);
    REFUSED(max_connections = UINT32_MAX);
    REFUSED(max_syn_records = 0);
    REFUSED(max_time_wait = 0);
    REFUSED(max_listeners = 0);
    REFUSED(max_neighbours = 0);
    REFUSED(max_events = 1000); /* no power of two */
    REFUSED(buffer_bytes = 0);
    REFUSED(syn_cookies = 3);
    REFUSED(events = 8);
    REFUSED(port_low = 2000); /* above port_high */
    REFUSED(tcp.ttl = 0);
    REFUSED(tcp.rto_min_us = 0);
    REFUSED(tcp.rto_max_us = 59000000);
    REFUSED(tcp.rto_initial_us = 100000); /* below the smallest */
    REFUSED(tcp.delayed_ack_us = 500000); /* [RFC9293 3.8.6.3 MUST-40] */
    REFUSED(tcp.r2_syn_us = 179000000);   /* [RFC9293 3.8.3 MUST-23] */
    REFUSED(tcp.sndbuf_bytes = 0);
    REFUSED(tcp.rcvbuf_bytes = 0);
    REFUSED(tcp.rcvbuf_bytes = (1u << 30) + 1);
    REFUSED(tcp.mss = 63);
    REFUSED(tcp.congestion = CIAO_CC_KINDS);
    REFUSED(tcp.more = 0x80000000u);
#undef REFUSED
}

static void edges_are_possible(void **state)
{
    (void)state;
    struct ciao_config c = small_config();
    c.max_connections = c.max_syn_records = c.max_time_wait = c.max_listeners = 1;
    c.max_neighbours = 1;
    c.max_events = 0;
    c.port_low = c.port_high = 4000;
    c.buffer_bytes = 1u << 20;
    assert_true(can_be_made(&c));
}

static void without_a_ring_events_are_still_counted(void **state)
{
    (void)state;
    struct ciao_config c = small_config();
    c.max_events = 0;
    size_t bytes = ciao_stack_bytes(&c);
    void *memory = stackmem_new(bytes);
    struct ciao_stack *stack = ciao_stack_create(&c, memory, 0);
    struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = 1500};
    struct ciao_event event;
    struct ciao_frame frame, *frames[1] = {&frame};
    assert_non_null(stack);
    assert_int_equal(ciao_link_add(stack, &link), 0);
    ciao_events_mask(stack, CIAO_EVENTS_ALL);
    ciao_frame_init(&frame);
    ciao_input(stack, 0, frames, 1, 0);
    assert_int_equal(ciao_reason_count(stack, CIAO_DROP_FRAME_EMPTY), 1);
    assert_int_equal(ciao_events(stack, &event, 1), 0);
    stackmem_free(memory, bytes);
}

static void a_drop_of_ip_is_an_event(void **state)
{
    (void)state;
    struct ciao_config c = small_config();
    size_t bytes = ciao_stack_bytes(&c);
    void *memory = stackmem_new(bytes);
    struct ciao_stack *stack = ciao_stack_create(&c, memory, 0);
    struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = 1500};
    struct ciao_event event;
    struct ciao_frame frame, *frames[1] = {&frame};
    assert_non_null(stack);
    assert_int_equal(ciao_link_add(stack, &link), 0);
    ciao_events_mask(stack, CIAO_EVENTS_WHY);
    ciao_frame_init(&frame);
    ciao_input(stack, 0, frames, 1, 77);
    assert_int_equal(ciao_events(stack, &event, 1), 1);
    assert_int_equal(event.type, CIAO_EVENT_REASON);
    assert_int_equal(event.what, CIAO_DROP_FRAME_EMPTY);
    assert_int_equal(event.who, CIAO_WHO_NETWORK);
    assert_int_equal(event.time_us, 77);
    assert_int_equal(event.life, 0);
    stackmem_free(memory, bytes);
}

/* The host hands in what its clock says; the stack never goes back. */
static void time_never_goes_back(void **state)
{
    (void)state;
    struct ciao_config c = small_config();
    size_t bytes = ciao_stack_bytes(&c);
    void *memory = stackmem_new(bytes);
    struct ciao_stack *stack = ciao_stack_create(&c, memory, 1000);
    struct ciao_link link = {.kind = CIAO_LINK_IP, .mtu = 1500};
    struct ciao_event event;
    struct ciao_frame frame, *frames[1] = {&frame};
    assert_non_null(stack);
    assert_int_equal(ciao_link_add(stack, &link), 0);
    ciao_events_mask(stack, CIAO_EVENTS_WHY);
    ciao_frame_init(&frame);
    assert_int_equal(ciao_advance(stack, 5000), UINT64_MAX);
    ciao_input(stack, 0, frames, 1, 4000);
    assert_int_equal(ciao_events(stack, &event, 1), 1);
    assert_int_equal(event.time_us, 5000);
    stackmem_free(memory, bytes);
}

static void each_error_has_a_sentence(void **state)
{
    (void)state;
    for (int error = 0; error < CIAO_ERRORS; error++) {
        const char *sentence = ciao_strerror(-error);
        size_t len = strlen(sentence);
        assert_true(len > 10 && sentence[len - 1] == '.');
        assert_ptr_equal(sentence, ciao_strerror(error));
        for (int other = 0; other < error; other++)
            assert_string_not_equal(sentence, ciao_strerror(other));
    }
    assert_non_null(ciao_strerror(CIAO_ERRORS));
    assert_non_null(ciao_strerror(INT32_MIN));
}

/* design: minimum RTO, initial window, MSL and what RST and ICMP may do, by profile. */
static void profiles_differ_where_they_should(void **state)
{
    (void)state;
    const struct ciao_settings *ciao = ciao_profile(CIAO_PROFILE_CIAO);
    const struct ciao_settings *rfc = ciao_profile(CIAO_PROFILE_RFC);
    const struct ciao_settings *linux_ = ciao_profile(CIAO_PROFILE_LINUX);
    assert_string_equal(ciao_profile_name(CIAO_PROFILE_CIAO), "ciao");
    assert_string_equal(ciao_profile_name(CIAO_PROFILE_RFC), "rfc");
    assert_string_equal(ciao_profile_name(CIAO_PROFILE_LINUX), "linux");
    assert_int_equal(ciao->rto_min_us, 200000);
    assert_int_equal(rfc->rto_min_us, 1000000);
    assert_int_equal(linux_->rto_min_us, 200000);
    assert_int_equal(ciao->initial_window_segments, 10);
    assert_int_equal(rfc->initial_window_segments, 0);
    assert_int_equal(ciao->msl_us, 30000000);
    assert_int_equal(rfc->msl_us, 120000000);
    assert_false(ciao->more & (CIAO_RST_ENDS_TIME_WAIT | CIAO_HARD_ICMP_ABORTS));
    assert_true(rfc->more & CIAO_RST_ENDS_TIME_WAIT && rfc->more & CIAO_HARD_ICMP_ABORTS);
    assert_true(linux_->more & CIAO_RST_ENDS_TIME_WAIT);
    assert_false(linux_->more & CIAO_HARD_ICMP_ABORTS);
    assert_int_equal(rfc->orphan_fin_wait_2_us, 0);
    assert_int_equal(linux_->orphan_fin_wait_2_us, 60000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_possible),
        cmocka_unit_test(impossible_budgets_are_refused),
        cmocka_unit_test(edges_are_possible),
        cmocka_unit_test(without_a_ring_events_are_still_counted),
        cmocka_unit_test(a_drop_of_ip_is_an_event),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(each_error_has_a_sentence),
        cmocka_unit_test(profiles_differ_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
