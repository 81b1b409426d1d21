/*
 * The programs of the demo: carrying out a script line by line, with nothing but the public
 * calls.
 *
 * A line that has to wait says so, and is tried again when something has happened.  Whatever
 * goes wrong ends the connection: its handle is closed, and the lines that would need it are
 * passed over.
 */
#include <string.h>

#include "cli/demo_world.h"

#define LETTER_MOST        32768
#define SCRIPT_PATIENCE_US 60000000u /* of silence, then a program does something */

static bool needs_connection(enum script_verb verb)
{
    switch (verb) {
    case SCRIPT_WAIT_OPEN:
    case SCRIPT_SEND:
    case SCRIPT_RECV:
    case SCRIPT_RECV_TO_END:
    case SCRIPT_SHUTDOWN:
    case SCRIPT_CLOSE:
    case SCRIPT_ABORT:
    case SCRIPT_STAY: return true;
    case SCRIPT_END:
    case SCRIPT_LISTEN:
    case SCRIPT_ACCEPT:
    case SCRIPT_CONNECT:
    case SCRIPT_THINK:
    case SCRIPT_WAIT_TIME:
    case SCRIPT_MEET:
    case SCRIPT_CLOSE_LISTENER:
    case SCRIPT_RELEASE_COPY:
    case SCRIPT_FORGET:
    case SCRIPT_REMEMBER_ERROR: return false;
    }
    return false;
}

static void next_line(struct world *world, struct world_end *end)
{
    end->line++;
    end->since_us = world->now_us;
    end->done = 0;
    end->nudges = 0;
}

/* The connection is over for this program, by no wish of its own. */
static bool give_up(struct world *world, struct world_end *end, int error)
{
    end->error = error;
    (void)ciao_close(end->stack, end->conn, NULL, world->now_us);
    end->conn = 0;
    return true;
}

static bool do_listen(struct world *world, struct world_end *end)
{
    int error = ciao_listen(end->stack, &end->at, 8, NULL, &end->listener);
    end->error = error;
    world->failed |= error != 0;
    next_line(world, end);
    return true;
}

static bool do_accept(struct world *world, struct world_end *end)
{
    int error = ciao_accept(end->stack, end->listener, &end->conn);
    if (error == -CIAO_EAGAIN)
        return false;
    end->error = error;
    next_line(world, end);
    return true;
}

static bool do_connect(struct world *world, struct world_end *end)
{
    const struct world_end *far = end == &world->end[0] ? &world->end[1] : &world->end[0];
    const struct ciao_endpoint *local = end->line->number != 0 ? &end->at : NULL;
    int error = ciao_connect(end->stack, &far->at, local, NULL, &end->conn, world->now_us);
    if (error != 0)
        end->conn = 0;
    end->error = error;
    next_line(world, end);
    return true;
}

static bool do_wait_open(struct world *world, struct world_end *end)
{
    unsigned ready = ciao_ready(end->stack, end->conn);
    if ((ready & (CIAO_ERROR | CIAO_HANGUP)) != 0)
        return give_up(world, end, ciao_error(end->stack, end->conn));
    if ((ready & CIAO_WRITABLE) == 0)
        return false;
    next_line(world, end);
    return true;
}

static bool do_send(struct world *world, struct world_end *end)
{
    static const char letter[LETTER_MOST] =
        "Dear Ao, let me tell you everything from the beginning. ";
    const char *text = end->line->text;
    size_t whole = text != NULL ? strlen(text) : end->line->number;
    size_t left = whole - end->done;
    const void *from = text != NULL ? text + end->done : letter;
    if (text == NULL && left > sizeof(letter))
        left = sizeof(letter);
    int64_t sent = ciao_send(end->stack, end->conn, from, left, 0, world->now_us);
    if (sent == -CIAO_EAGAIN)
        return false;
    if (sent < 0)
        return give_up(world, end, (int)sent);
    end->done += (uint32_t)sent;
    if (end->done == whole)
        next_line(world, end);
    return true;
}

static void remember(struct world_end *end, const char *bytes, size_t n)
{
    size_t room = sizeof(end->read) - 1, held = strlen(end->read);
    if (n > room) {
        bytes += n - room;
        n = room;
    }
    if (held + n > room) {
        size_t gone = held + n - room;
        memmove(end->read, end->read + gone, held - gone);
        held -= gone;
    }
    memcpy(end->read + held, bytes, n);
    end->read[held + n] = '\0';
}

static bool do_recv(struct world *world, struct world_end *end)
{
    static char bytes[LETTER_MOST];
    bool to_end = end->line->verb == SCRIPT_RECV_TO_END;
    size_t want = to_end ? sizeof(bytes) : end->line->number - end->done;
    if (want > sizeof(bytes))
        want = sizeof(bytes);
    int64_t got = ciao_recv(end->stack, end->conn, bytes, want, 0, world->now_us);
    if (got == -CIAO_EAGAIN)
        return false;
    if (got < 0)
        return give_up(world, end, (int)got);
    end->done += (uint32_t)got;
    remember(end, bytes, (size_t)got);
    if (got == 0 || (!to_end && end->done == end->line->number))
        next_line(world, end);
    return true;
}

static bool do_shutdown(struct world *world, struct world_end *end)
{
    int error = ciao_shutdown(end->stack, end->conn, CIAO_SHUT_WR, world->now_us);
    if (error != 0)
        return give_up(world, end, error);
    next_line(world, end);
    return true;
}

static bool do_close(struct world *world, struct world_end *end, bool abortive)
{
    if (abortive)
        (void)ciao_abort(end->stack, end->conn, NULL, world->now_us);
    else
        (void)ciao_close(end->stack, end->conn, NULL, world->now_us);
    end->conn = 0;
    next_line(world, end);
    return true;
}

static bool do_close_listener(struct world *world, struct world_end *end)
{
    if (end->listener != 0 && !world->quiet)
        return false; /* when all else is over */
    if (end->listener != 0)
        (void)ciao_close(end->stack, end->listener, NULL, world->now_us);
    end->listener = 0;
    next_line(world, end);
    return true;
}

static bool go_on_if(struct world *world, struct world_end *end, bool may)
{
    if (may)
        next_line(world, end);
    return may;
}

static bool do_without_connection(struct world *world, struct world_end *end)
{
    struct world_end *far = end == &world->end[0] ? &world->end[1] : &world->end[0];
    switch (end->line->verb) {
    case SCRIPT_LISTEN: return do_listen(world, end);
    case SCRIPT_ACCEPT: return do_accept(world, end);
    case SCRIPT_CONNECT: return do_connect(world, end);
    case SCRIPT_THINK:
        return go_on_if(world, end, world->now_us >= end->since_us + end->line->number);
    case SCRIPT_WAIT_TIME:
        return go_on_if(world, end, world_elapsed_us(world) >= end->line->number);
    case SCRIPT_MEET: end->waiting = true; return go_on_if(world, end, far->waiting);
    case SCRIPT_CLOSE_LISTENER: return do_close_listener(world, end);
    case SCRIPT_RELEASE_COPY:
        world->failed |= !link_release(world->link, world->now_us);
        return go_on_if(world, end, true);
    case SCRIPT_FORGET: end->read[0] = '\0'; return go_on_if(world, end, true);
    case SCRIPT_REMEMBER_ERROR: end->remembered = end->error; return go_on_if(world, end, true);
    case SCRIPT_END:
    case SCRIPT_WAIT_OPEN:
    case SCRIPT_SEND:
    case SCRIPT_RECV:
    case SCRIPT_RECV_TO_END:
    case SCRIPT_SHUTDOWN:
    case SCRIPT_CLOSE:
    case SCRIPT_ABORT:
    case SCRIPT_STAY: break;
    }
    return false;
}

bool script_run(struct world *world, unsigned which)
{
    struct world_end *end = &world->end[which];
    enum script_verb verb = end->line->verb;
    if (!needs_connection(verb))
        return do_without_connection(world, end);
    if (end->conn == 0)
        return go_on_if(world, end, true);
    switch (verb) {
    case SCRIPT_WAIT_OPEN: return do_wait_open(world, end);
    case SCRIPT_SEND: return do_send(world, end);
    case SCRIPT_RECV:
    case SCRIPT_RECV_TO_END: return do_recv(world, end);
    case SCRIPT_SHUTDOWN: return do_shutdown(world, end);
    case SCRIPT_CLOSE: return do_close(world, end, false);
    case SCRIPT_ABORT: return do_close(world, end, true);
    case SCRIPT_END:
    case SCRIPT_LISTEN:
    case SCRIPT_ACCEPT:
    case SCRIPT_CONNECT:
    case SCRIPT_THINK:
    case SCRIPT_WAIT_TIME:
    case SCRIPT_MEET:
    case SCRIPT_CLOSE_LISTENER:
    case SCRIPT_RELEASE_COPY:
    case SCRIPT_STAY:
    case SCRIPT_FORGET:
    case SCRIPT_REMEMBER_ERROR: break;
    }
    return false;
}

uint64_t script_next_us(const struct world *world, unsigned which)
{
    const struct world_end *end = &world->end[which];
    if (end->line->verb == SCRIPT_THINK)
        return end->since_us + end->line->number;
    if (end->line->verb == SCRIPT_WAIT_TIME)
        return world->start_us + end->line->number;
    return UINT64_MAX;
}

/* "Are you still there?": whoever is gone has to answer with a reset. */
static bool ask(struct world *world, struct world_end *end)
{
    static const char question[] = "...?";
    int64_t sent =
        ciao_send(end->stack, end->conn, question, sizeof(question) - 1, 0, world->now_us);
    if (sent < 0)
        return give_up(world, end, (int)sent);
    return true;
}

bool script_nudge(struct world *world, unsigned which, bool may_close)
{
    struct world_end *end = &world->end[which];
    enum script_verb verb = end->line->verb;
    bool last = verb == SCRIPT_CLOSE_LISTENER;
    if (verb == SCRIPT_END || verb == SCRIPT_STAY || last != may_close)
        return false;
    if (verb == SCRIPT_CLOSE_LISTENER) {
        world->quiet = true;
        return true;
    }
    end->nudges++;
    world->now_us += SCRIPT_PATIENCE_US;
    bool reads = verb == SCRIPT_RECV || verb == SCRIPT_RECV_TO_END;
    if (reads && end->nudges == 1)
        return ask(world, end);
    if (needs_connection(verb) && end->conn != 0) {
        (void)ciao_abort(end->stack, end->conn, NULL, world->now_us);
        end->conn = 0;
        return true;
    }
    next_line(world, end);
    return true;
}
