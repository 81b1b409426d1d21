/*
 * Calls that ask and set options.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/call.h"

#define OPTION_ROOM 4096

/* {onoff=1, linger=2} and {tv_sec=1, tv_usec=0}: the members' numbers one after the other. */
static size_t put_struct(struct calling *c, const struct value *value, uint8_t *out)
{
    size_t at = 0;
    bool times = call_member(value, "tv_sec") != NULL;
    for (const struct value *item = value->first; item != NULL && at + 8 <= OPTION_ROOM;
         item = item->next) {
        int64_t number = call_number(c, item);
        int32_t small = (int32_t)number;
        if (times)
            memcpy(out + at, &number, sizeof number);
        else
            memcpy(out + at, &small, sizeof small);
        at += times ? sizeof number : sizeof small;
    }
    return at;
}

/* The bytes that a script's value stands for; returns how many. */
static size_t put_value(struct calling *c, const struct value *value, uint8_t *out)
{
    if (value->kind == VALUE_STRING) {
        size_t len = value->len < OPTION_ROOM ? value->len : OPTION_ROOM;
        memcpy(out, value->text, len);
        return len;
    }
    if (value->kind == VALUE_STRUCT)
        return put_struct(c, value, out);
    if (value->kind != VALUE_LIST || value->first == NULL) {
        call_wrong(c, "a value is [n], \"text\", or a struct such as {onoff=1, linger=0}");
        return 0;
    }
    int32_t number = (int32_t)call_number(c, value->first);
    memcpy(out, &number, sizeof number);
    return sizeof number;
}

void call_setsockopt(struct calling *c)
{
    uint8_t bytes[OPTION_ROOM] = {0};
    int fd = call_fd(c, 0), level = (int)call_int(c, 1), name = (int)call_int(c, 2);
    const struct value *given = call_arg(c, 3);
    bool null = given->kind == VALUE_NUMBER && given->number == 0;
    if (!null)
        (void)put_value(c, given, bytes);
    struct ciao_iovec value = {null ? NULL : bytes, (size_t)call_int(c, 4)};
    if (value.iov_len > OPTION_ROOM && value.iov_len < UINT32_MAX)
        call_wrong(c, "its value is longer than %d bytes", OPTION_ROOM);
    if (c->wrong)
        return;
    c->result = ciao_setsockopt(c->run->sockets, fd, level, name, &value);
    (void)call_ends(c);
}

/* Is what came what the script says? */
static void compare_value(struct calling *c, const uint8_t *seen, uint32_t seen_len)
{
    uint8_t expected[OPTION_ROOM] = {0};
    const struct value *value = call_arg(c, 3);
    size_t len = put_value(c, value, expected);
    int32_t want, have;
    if (len > seen_len)
        len = seen_len;
    if (c->wrong || memcmp(expected, seen, len) == 0)
        return;
    memcpy(&want, expected, sizeof want);
    memcpy(&have, seen, sizeof have);
    if (value->kind == VALUE_STRING) {
        run_expected(c->run, "\"%s\"", value->text);
        run_seen(c->run, "\"%.*s\"", (int)seen_len, (const char *)seen);
    } else {
        run_expected(c->run, "%d", want);
        run_seen(c->run, "%d", have);
    }
    run_fail(c->run, c->due->event->line, "the option has another value");
}

void call_getsockopt(struct calling *c)
{
    uint8_t bytes[OPTION_ROOM + 1] = {0};
    int fd = call_fd(c, 0), level = (int)call_int(c, 1), option = (int)call_int(c, 2);
    int64_t asked = call_in_list(c, 4);
    uint32_t len = (uint32_t)asked;
    struct ciao_name value = {bytes, &len};
    if (asked > OPTION_ROOM || asked < INT32_MIN)
        call_wrong(c, "its value is longer than %d bytes", OPTION_ROOM);
    if (c->wrong)
        return;
    c->result = ciao_getsockopt(c->run->sockets, fd, level, option, &value);
    if (!call_ends(c) || c->result < 0)
        return;
    if (len != (uint32_t)asked) {
        run_expected(c->run, "a value of %lld bytes", (long long)asked);
        run_seen(c->run, "%u bytes", len);
        run_fail(c->run, c->due->event->line, "the option has another length");
        return;
    }
    compare_value(c, bytes, len);
}

void call_fcntl(struct calling *c)
{
    int fd = call_fd(c, 0), command = (int)call_int(c, 1);
    int64_t arg = c->call->n_args > 2 ? call_int(c, 2) : 0;
    if (c->wrong)
        return;
    c->result = ciao_fcntl(c->run->sockets, fd, command, arg);
    (void)call_ends(c);
}

void call_ioctl(struct calling *c)
{
    int fd = call_fd(c, 0);
    uint64_t request = (uint64_t)call_int(c, 1);
    bool has_value = c->call->n_args > 2;
    int expected = has_value ? (int)call_in_list(c, 2) : 0, value = expected;
    if (c->wrong)
        return;
    bool asks = request != CIAO_FIONBIO && request != CIAO_FIOASYNC && request != CIAO_FIOSETOWN
                && request != CIAO_SIOCSPGRP;
    if (asks)
        value = ~expected;
    c->result = ciao_ioctl(c->run->sockets, fd, request, has_value ? &value : NULL);
    if (!call_ends(c) || c->result < 0 || !has_value || value == expected)
        return;
    run_expected(c->run, "ioctl() to tell %d", expected);
    run_seen(c->run, "%d", value);
    run_fail(c->run, c->due->event->line, "ioctl() told another value");
}
