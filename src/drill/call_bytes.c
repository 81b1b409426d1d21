/*
 * Calls that move bytes.  What is written is zeros; what is read must be.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/call.h"

#define PIECES_MOST  64u
#define CONTROL_ROOM 1024u

static void end_and_free(struct calling *c, void *buffer)
{
    (void)call_ends(c);
    free(buffer);
}

void call_read(struct calling *c)
{
    int fd = call_fd(c, 0);
    int64_t len = call_int(c, 2);
    void *buffer = call_buffer(c, call_arg(c, 1), len);
    if (c->wrong)
        return;
    c->result = ciao_read(c->run->sockets, fd, buffer, (size_t)len);
    end_and_free(c, buffer);
}

void call_write(struct calling *c)
{
    int fd = call_fd(c, 0);
    int64_t len = call_int(c, 2);
    void *buffer = call_buffer(c, call_arg(c, 1), len);
    if (c->wrong)
        return;
    c->result = ciao_write(c->run->sockets, fd, buffer, (size_t)len);
    end_and_free(c, buffer);
}

/* recv, recvfrom; send, sendto: a buffer, flags, perhaps an address. */
static void receive(struct calling *c, bool with_address)
{
    struct ciao_sockaddr_storage address;
    uint32_t address_len = sizeof address;
    struct ciao_name name = {&address, &address_len};
    int fd = call_fd(c, 0), flags = (int)call_int(c, 3);
    int64_t len = call_int(c, 2);
    struct ciao_iovec piece = {call_buffer(c, call_arg(c, 1), len), (size_t)len};
    if (c->wrong)
        return;
    c->result = ciao_recvfrom(c->run->sockets, fd, &piece, flags, with_address ? &name : NULL);
    end_and_free(c, piece.iov_base);
}

void call_recv(struct calling *c)
{
    receive(c, false);
}

void call_recvfrom(struct calling *c)
{
    receive(c, true);
}

void call_send(struct calling *c)
{
    int fd = call_fd(c, 0), flags = (int)call_int(c, 3);
    int64_t len = call_int(c, 2);
    struct ciao_iovec piece = {call_buffer(c, call_arg(c, 1), len), (size_t)len};
    if (c->wrong)
        return;
    c->result = ciao_sendto(c->run->sockets, fd, &piece, flags, NULL);
    end_and_free(c, piece.iov_base);
}

void call_sendto(struct calling *c)
{
    struct ciao_sockaddr_storage address;
    uint32_t address_len = call_address(c, call_arg(c, 4), CALL_PEERS, &address);
    struct ciao_name name = {&address, &address_len};
    int fd = call_fd(c, 0), flags = (int)call_int(c, 3);
    int64_t len = call_int(c, 2);
    struct ciao_iovec piece = {call_buffer(c, call_arg(c, 1), len), (size_t)len};
    if (c->wrong)
        return;
    call_connects(c, &address);
    c->result = ciao_sendto(c->run->sockets, fd, &piece, flags, &name);
    end_and_free(c, piece.iov_base);
}

/* ---- in pieces: [{..., 1000}, {..., 500}] ---- */

struct pieces {
    struct ciao_iovec iov[PIECES_MOST];
    unsigned n;
};

static bool take_pieces(struct calling *c, const struct value *list, struct pieces *pieces)
{
    pieces->n = 0;
    if (list->kind != VALUE_LIST) {
        call_wrong(c, "pieces of a buffer are a list: [{..., 1000}, {..., 500}]");
        return false;
    }
    for (const struct value *item = list->first; item != NULL && !c->wrong; item = item->next) {
        const struct value *base = item->first, *len = base != NULL ? base->next : NULL;
        if (len == NULL || pieces->n == PIECES_MOST) {
            call_wrong(c, "each of at most %u pieces is {..., length}", PIECES_MOST);
            break;
        }
        int64_t bytes = call_number(c, len);
        pieces->iov[pieces->n++] = (struct ciao_iovec){call_buffer(c, base, bytes), (size_t)bytes};
    }
    return !c->wrong;
}

static void free_pieces(struct pieces *pieces)
{
    for (unsigned i = 0; i < pieces->n; i++)
        free(pieces->iov[i].iov_base);
}

static void in_pieces(struct calling *c, bool out)
{
    struct pieces pieces;
    int fd = call_fd(c, 0), n = (int)call_int(c, 2);
    if (take_pieces(c, call_arg(c, 1), &pieces) && n > (int)pieces.n)
        call_wrong(c, "the list has %u pieces, not %d", pieces.n, n);
    if (!c->wrong) {
        c->result = out ? ciao_writev(c->run->sockets, fd, pieces.iov, n)
                        : ciao_readv(c->run->sockets, fd, pieces.iov, n);
        (void)call_ends(c);
    }
    free_pieces(&pieces);
}

void call_readv(struct calling *c)
{
    in_pieces(c, false);
}

void call_writev(struct calling *c)
{
    in_pieces(c, true);
}

/* ---- messages: {msg_name(...)=..., msg_iov(1)=[{...,1000}], msg_flags=0} ---- */

static bool take_message(struct calling *c, const struct value *value, struct pieces *pieces,
                         struct ciao_msghdr *message)
{
    const struct value *iov = call_member(value, "msg_iov");
    *message = (struct ciao_msghdr){0};
    pieces->n = 0;
    if (iov == NULL) {
        call_wrong(c, "a message is {msg_name(...)=..., msg_iov(1)=[{...,1000}], msg_flags=0}");
        return false;
    }
    if (!take_pieces(c, iov, pieces))
        return false;
    message->msg_iov = pieces->iov;
    message->msg_iovlen = pieces->n;
    return true;
}

/* As Linux lays control messages out: length, level, type, data, all at multiples of 8. */
struct control_head {
    size_t len;
    int level, type;
};

static bool same_control(struct calling *c, const struct value *item, const uint8_t *at,
                         size_t left)
{
    struct control_head head = {0};
    int data = 0;
    const struct value *level = call_member(item, "cmsg_level");
    const struct value *type = call_member(item, "cmsg_type");
    const struct value *value = call_member(item, "cmsg_data");
    if (level == NULL || type == NULL || value == NULL || value->kind == VALUE_STRUCT) {
        call_wrong(c, "control messages of that kind are not here");
        return false;
    }
    if (left >= sizeof head + sizeof data) {
        memcpy(&head, at, sizeof head);
        memcpy(&data, at + sizeof head, sizeof data);
    }
    if (head.level == call_number(c, level) && head.type == call_number(c, type)
        && data == call_number(c, value))
        return true;
    run_expected(c->run, "a control message of level %lld, type %lld, with %lld",
                 (long long)call_number(c, level), (long long)call_number(c, type),
                 (long long)call_number(c, value));
    run_seen(c->run, "level %d, type %d, with %d", head.level, head.type, data);
    run_fail(c->run, c->due->event->line, "the control messages are others");
    return false;
}

static void compare_control(struct calling *c, const struct value *list,
                            const struct ciao_msghdr *message)
{
    const uint8_t *at = message->msg_control;
    size_t left = message->msg_controllen;
    const size_t step = sizeof(struct control_head) + 8;
    for (const struct value *item = list->first; item != NULL; item = item->next) {
        if (!same_control(c, item, at, left))
            return;
        at += left < step ? left : step;
        left -= left < step ? left : step;
    }
    if (left > 0)
        run_fail(c->run, c->due->event->line, "there are more control messages than expected");
}

static void compare_message(struct calling *c, const struct value *value,
                            const struct ciao_msghdr *message)
{
    const struct value *flags = call_member(value, "msg_flags");
    const struct value *control = call_member(value, "msg_control");
    if (flags != NULL && message->msg_flags != call_number(c, flags)) {
        run_expected(c->run, "msg_flags 0x%llx", (unsigned long long)call_number(c, flags));
        run_seen(c->run, "0x%x", (unsigned)message->msg_flags);
        run_fail(c->run, c->due->event->line, "the message's flags are others");
    } else if (control != NULL) {
        compare_control(c, control, message);
    }
}

void call_recvmsg(struct calling *c)
{
    struct pieces pieces;
    struct ciao_msghdr message;
    struct ciao_sockaddr_storage name;
    uint8_t control[CONTROL_ROOM] = {0};
    const struct value *value = call_arg(c, 1);
    int fd = call_fd(c, 0), flags = (int)call_int(c, 2);
    if (take_message(c, value, &pieces, &message) && !c->wrong) {
        message.msg_name = &name;
        message.msg_namelen = sizeof name;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        c->result = ciao_recvmsg(c->run->sockets, fd, &message, flags);
        if (call_ends(c) && c->result >= 0)
            compare_message(c, value, &message);
    }
    free_pieces(&pieces);
}

void call_sendmsg(struct calling *c)
{
    struct pieces pieces;
    struct ciao_msghdr message;
    struct ciao_sockaddr_storage name;
    const struct value *value = call_arg(c, 1);
    int fd = call_fd(c, 0), flags = (int)call_int(c, 2);
    if (take_message(c, value, &pieces, &message) && !c->wrong) {
        if (flags & (int)CIAO_MSG_FASTOPEN) {
            static const struct value dots = {.kind = VALUE_DOTS};
            message.msg_name = &name;
            message.msg_namelen = call_address(c, &dots, CALL_PEERS, &name);
            call_connects(c, &name);
        }
        c->result = ciao_sendmsg(c->run->sockets, fd, &message, flags);
        (void)call_ends(c);
    }
    free_pieces(&pieces);
}
