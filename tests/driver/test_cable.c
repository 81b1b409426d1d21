/*
 * The cable: frames cross whole, a full one takes fewer, an end that is gone harms nobody.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/cable.h"
#include "host/host.h"

static struct host *host; /* for its pool */
static struct ciao_driver *a, *b;

static int begin(void **state)
{
    int ends[2];
    (void)state;

    assert_int_equal(host_open(&host, NULL), 0);
    struct cable_options options = {.kind = CIAO_LINK_IP, .pool = host_pool(host)};
    assert_int_equal(cable_make(ends), 0);
    assert_int_equal(cable_open(&a, ends[0], &options), 0);
    assert_int_equal(cable_open(&b, ends[1], &options), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (a)
        a->ops->close(a);
    b->ops->close(b);
    assert_int_equal(ciao_bufpool_used_count(host_pool(host)), 0);
    host_close(host);
    return 0;
}

static int send_text(struct ciao_driver *driver, const char *text)
{
    struct ciao_frame frame, *list[1] = {&frame};

    ciao_frame_init(&frame);
    frame.head_len = frame.len = (uint32_t)strlen(text);
    memcpy(frame.head, text, frame.head_len);
    int taken = driver->ops->send(driver, list, 1, 0);
    if (taken < 1)
        ciao_frame_release(&frame);
    return taken;
}

static int receive_text(struct ciao_driver *driver, const char *text)
{
    struct ciao_frame frame, *list[1] = {&frame};

    ciao_frame_init(&frame);
    int n = driver->ops->receive(driver, list, 1, 0);
    if (n == 1) {
        assert_int_equal(frame.len, strlen(text));
        assert_memory_equal(frame.head, text, frame.len);
        ciao_frame_release(&frame);
    }
    return n;
}

static void frames_cross_whole_and_in_order(void **state)
{
    (void)state;
    assert_int_equal(receive_text(b, ""), 0);
    assert_int_equal(send_text(a, "first"), 1);
    assert_int_equal(send_text(a, "second"), 1);
    assert_int_equal(send_text(b, "back"), 1);
    assert_int_equal(receive_text(b, "first"), 1);
    assert_int_equal(receive_text(b, "second"), 1);
    assert_int_equal(receive_text(b, ""), 0);
    assert_int_equal(receive_text(a, "back"), 1);
}

static void a_full_cable_takes_no_more_until_somebody_reads(void **state)
{
    unsigned sent = 0;
    (void)state;

    while (send_text(a, "x") == 1)
        assert_in_range(++sent, 1, 100000);
    assert_int_equal(send_text(a, "x"), 0);
    for (unsigned i = 0; i < sent; i++)
        assert_int_equal(receive_text(b, "x"), 1);
    assert_int_equal(send_text(a, "x"), 1);
    assert_int_equal(receive_text(b, "x"), 1);
}

static void what_is_sent_to_nobody_is_gone(void **state)
{
    (void)state;
    a->ops->close(a);
    a = NULL;
    assert_int_equal(send_text(b, "x"), 1);
    assert_int_equal(receive_text(b, ""), 0);
}

static void an_impossible_mtu_is_refused(void **state)
{
    struct cable_options options = {.kind = CIAO_LINK_IP, .mtu = 500};
    struct ciao_driver *driver;
    (void)state;

    assert_int_equal(cable_open(&driver, -1, &options), -EINVAL);
    options.mtu = 65536;
    assert_int_equal(cable_open(&driver, -1, &options), -EINVAL);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(frames_cross_whole_and_in_order),
        STORY(a_full_cable_takes_no_more_until_somebody_reads),
        STORY(what_is_sent_to_nobody_is_gone),
        STORY(an_impossible_mtu_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
