/*
 * Taking turns inside one stack: see sockets_host.h for what is promised, baton.h for the parts.
 *
 * The lock is given up in three places only: when a call ends, when the one that drives polls, and
 * when another sleeps.  Each time what the stack has to send is sent first, and who polls is kicked
 * when a deadline has become earlier than the one he polls for.
 */
#include "host/baton.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* A thread that comes in and finds that frames were asked for longer ago asks again, so that
 * programs that never wait find what has come. */
#define FRESH_US 100

#define PAGES_AT_ONCE 256

/* Who found no eventfd looks every so often whether it was woken. */
#define BLIND_US 2000

/* ---- waking ---- */

static void write_to(int wake)
{
    uint64_t one = 1;

    (void)!write(wake, &one, sizeof one); /* one that is full wakes too */
}

static void empty(int wake)
{
    uint64_t kicks;

    (void)!read(wake, &kicks, sizeof kicks);
}

static void kick(struct baton_seat *seat)
{
    if (!seat->polling || seat->kicked)
        return;
    seat->kicked = true;
    write_to(seat->wake);
}

void baton_wake_later(struct baton *baton, int wake)
{
    if (wake < 0)
        return; /* it looks by itself, or has not gone to sleep yet */
    if (baton->n_wakes < BATON_WAKES)
        baton->wakes[baton->n_wakes++] = wake;
    else
        write_to(wake);
}

static int take_eventfd(struct baton *baton)
{
    if (baton->n_spare > 0)
        return baton->spare[--baton->n_spare];
    if (baton->n_made == BATON_EVENTFDS)
        return -1;
    int made = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    baton->n_made += made >= 0;
    return made;
}

/* It is never closed before the baton is: who has woken its last user may still write to it, which
 * wakes the next one early. */
static void give_eventfd(struct baton *baton, int wake)
{
    if (wake >= 0)
        baton->spare[baton->n_spare++] = wake;
}

/* ---- in and out ---- */

static uint64_t next_due(const struct baton *baton)
{
    uint64_t due_us = baton->broken ? UINT64_MAX : host_deadline(baton->host);

    return baton->layer_due_us < due_us ? baton->layer_due_us : due_us;
}

static void push_out(struct baton *baton)
{
    if (baton->layer)
        baton->layer_due_us = ciao_sockets_turn(baton->layer);
    if (host_send(baton->host) < 0)
        baton->broken = true;
    struct baton_seat *seat = baton->driver ? &baton->seat : &baton->helper_seat;
    if (seat->polling && next_due(baton) < seat->due_us)
        kick(seat);
}

static void unlock(struct baton *baton)
{
    int wakes[BATON_WAKES];
    unsigned n = baton->n_wakes;

    memcpy(wakes, baton->wakes, n * sizeof wakes[0]);
    baton->n_wakes = 0;
    pthread_mutex_unlock(&baton->lock);
    for (unsigned i = 0; i < n; i++)
        write_to(wakes[i]);
}

void baton_news(struct baton *baton)
{
    kick(&baton->seat);
    kick(&baton->helper_seat);
}

bool baton_turn(struct baton *baton)
{
    int came = baton->broken ? 0 : host_receive(baton->host);

    if (came < 0)
        baton->broken = true;
    if (baton->broken)
        (void)ciao_advance(host_stack(baton->host), host_now(baton->host));
    baton->turned_us = host_now(baton->host);
    baton->turns++;
    push_out(baton);
    return came > 0;
}

void baton_take(struct baton *baton)
{
    pthread_mutex_lock(&baton->lock);
    if (host_now(baton->host) - baton->turned_us >= FRESH_US)
        (void)baton_turn(baton);
}

void baton_give(struct baton *baton)
{
    push_out(baton);
    unlock(baton);
}

/* ---- driving ---- */

/* Returns 0 or -EINTR. */
static int poll_until(struct pollfd *fds, unsigned n, uint64_t span_us, const sigset_t *mask)
{
    struct timespec span = {(time_t)(span_us / 1000000), (long)(span_us % 1000000 * 1000)};
    int ready = ppoll(fds, n, span_us == UINT64_MAX ? NULL : &span, mask);

    return ready < 0 && errno == EINTR ? -EINTR : 0;
}

static uint64_t span_until(uint64_t now_us, uint64_t until_us)
{
    if (until_us == UINT64_MAX)
        return UINT64_MAX;
    return until_us > now_us ? until_us - now_us : 0;
}

int baton_sleep(struct baton *baton, int wake, uint64_t until_us, const sigset_t *mask)
{
    struct pollfd fd = {.fd = wake, .events = POLLIN};
    uint64_t span_us = span_until(host_now(baton->host), until_us);
    int status;

    if (wake < 0 && span_us > BLIND_US)
        span_us = BLIND_US;
    push_out(baton);
    unlock(baton);
    status = poll_until(&fd, 1, span_us, mask);
    pthread_mutex_lock(&baton->lock);
    if (fd.revents)
        empty(wake);
    return status;
}

int baton_poll(struct baton *baton, struct baton_seat *seat, uint64_t until_us,
               const sigset_t *mask)
{
    struct pollfd fds[1 + HOST_LINKS] = {{.fd = seat->wake, .events = POLLIN}};
    unsigned n = 1;
    int status = 0;

    push_out(baton);
    uint64_t due_us = next_due(baton), now_us = host_now(baton->host);
    if (until_us < due_us)
        due_us = until_us;
    if (!baton->broken)
        n += host_descriptors(baton->host, fds + 1);
    if (due_us > now_us) {
        *seat = (struct baton_seat){.wake = seat->wake, .polling = true, .due_us = due_us};
        unlock(baton);
        status = poll_until(fds, n, span_until(now_us, due_us), mask);
        pthread_mutex_lock(&baton->lock);
        seat->polling = false;
        if (seat->kicked)
            empty(seat->wake);
    }
    (void)baton_turn(baton);
    return status;
}

/* ---- waiting ---- */

static struct baton_sleeper *sleeper_of(struct ciao_waiter *waiter)
{
    return (struct baton_sleeper *)(void *)waiter->space;
}

static void list_append(struct baton *baton, struct baton_sleeper *sleeper)
{
    struct baton_sleeper *first = baton->sleepers;

    if (!first) {
        baton->sleepers = sleeper->next = sleeper->prev = sleeper;
    } else {
        sleeper->next = first;
        sleeper->prev = first->prev;
        first->prev->next = sleeper;
        first->prev = sleeper;
    }
    sleeper->listed = true;
}

static void list_remove(struct baton *baton, struct baton_sleeper *sleeper)
{
    sleeper->next->prev = sleeper->prev;
    sleeper->prev->next = sleeper->next;
    if (baton->sleepers == sleeper)
        baton->sleepers = sleeper->next == sleeper ? NULL : sleeper->next;
    sleeper->listed = false;
}

static int sleep_until(struct baton *baton, struct ciao_waiter *waiter, uint64_t deadline_us,
                       const sigset_t *mask)
{
    struct baton_sleeper *sleeper = sleeper_of(waiter);

    if (!sleeper->listed)
        list_append(baton, sleeper);
    if (sleeper->wake < 0)
        sleeper->wake = take_eventfd(baton);
    return baton_sleep(baton, sleeper->wake, deadline_us, mask);
}

/* Whoever sleeps longest drives now; or the helper looks after a while. */
static void stop_driving(struct baton *baton)
{
    struct baton_sleeper *next = baton->sleepers;

    baton->driver = NULL;
    if (next) {
        baton->driver = next->waiter;
        list_remove(baton, next);
        baton_wake_later(baton, next->wake);
    } else if (baton->helper_is_deep) {
        baton_wake_later(baton, baton->helper_seat.wake);
    }
}

/* What a thread brings upon itself, and never while it sleeps. */
static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
#define OWN_FAULTS (sizeof own_faults / sizeof own_faults[0])

static bool ends_calls(int number)
{
    struct sigaction action;

    if (number == SIGPIPE || sigaction(number, NULL, &action) < 0)
        return false;
    for (size_t i = 0; i < OWN_FAULTS; i++)
        if (number == own_faults[i])
            return false;
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN
           && !(action.sa_flags & SA_RESTART);
}

/* A signal was handled while the call slept.  Does it begin again?  Linux decides by the flags of
 * the handler that has run; nobody tells us which one that was, so all must agree. */
static bool begins_again(const struct ciao_waiter *waiter, const sigset_t *mask)
{
    if (!waiter->restarts)
        return false;
    for (int number = 1; number < NSIG; number++)
        if (sigismember(mask, number) == 0 && ends_calls(number))
            return false;
    return true;
}

static int wait_once(struct baton *baton, struct ciao_waiter *waiter, uint64_t deadline_us,
                     const sigset_t *mask)
{
    if (!baton->driver) {
        baton->driver = waiter;
        baton->helper_drives = false;
    }
    if (baton->driver != waiter)
        return sleep_until(baton, waiter, deadline_us, mask);
    return baton_poll(baton, &baton->seat, deadline_us, mask);
}

static int wait_until(struct baton *baton, struct ciao_waiter *waiter, uint64_t deadline_us,
                      const sigset_t *mask)
{
    while (!waiter->woken) {
        if (host_now(baton->host) >= deadline_us)
            return CIAO_WAIT_DEADLINE;
        int status = wait_once(baton, waiter, deadline_us, mask);
        if (status < 0 && !waiter->woken && !begins_again(waiter, mask))
            return CIAO_WAIT_SIGNAL;
    }
    return CIAO_WAIT_WOKEN;
}

/* Signals are let in only while the thread sleeps, so that none comes unnoticed before it does. */
static void block_signals(sigset_t *before)
{
    sigset_t blocked;

    sigfillset(&blocked);
    for (size_t i = 0; i < OWN_FAULTS; i++)
        sigdelset(&blocked, own_faults[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, before);
}

static int table_wait(void *self, struct ciao_waiter *waiter, uint64_t deadline_us)
{
    struct baton *baton = self;
    struct baton_sleeper *sleeper = sleeper_of(waiter);
    sigset_t before;

    *sleeper = (struct baton_sleeper){.waiter = waiter, .wake = -1};
    push_out(baton); /* which may be all that it waits for */
    block_signals(&before);
    int why = wait_until(baton, waiter, deadline_us, &before);
    if (sleeper->listed)
        list_remove(baton, sleeper);
    give_eventfd(baton, sleeper->wake);
    if (baton->driver == waiter)
        stop_driving(baton);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

static void table_wake(void *self, struct ciao_waiter *waiter)
{
    struct baton *baton = self;

    if (baton->driver == waiter)
        kick(&baton->seat);
    else
        baton_wake_later(baton, sleeper_of(waiter)->wake);
}

/* ---- the rest of the table ---- */

static uint64_t table_now(void *self)
{
    return host_now(((struct baton *)self)->host);
}

static void table_take(void *self)
{
    baton_take(self);
}

static void table_give(void *self)
{
    baton_give(self);
}

static void table_sigpipe(void *self)
{
    (void)self;
    (void)pthread_kill(pthread_self(), SIGPIPE);
}

/* Copies a byte of each page to the kernel and back, to where it was when it is to be written. */
static bool pages_are_there(const struct iovec *pages, unsigned long n, bool write)
{
    struct iovec copies[PAGES_AT_ONCE];
    uint8_t bytes[PAGES_AT_ONCE];

    for (unsigned long i = 0; i < n; i++)
        copies[i] = (struct iovec){&bytes[i], 1};
    return syscall(SYS_process_vm_readv, getpid(), write ? pages : copies, n, pages, n, 0UL)
           == (long)n;
}

static bool table_accessible(void *self, const void *at, size_t len, bool write)
{
    const struct baton *baton = self;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)at;

    if (!baton->check_pointers || len == 0)
        return true;
    if (len - 1 > UINTPTR_MAX - first)
        return false;

    struct iovec pages[PAGES_AT_ONCE];
    unsigned long n = 0;
    for (uintptr_t byte = first; byte <= first + len - 1; byte = (byte / page + 1) * page) {
        pages[n++] = (struct iovec){(void *)byte, 1};
        if (n < PAGES_AT_ONCE)
            continue;
        if (!pages_are_there(pages, n, write))
            return false;
        n = 0;
    }
    return n == 0 || pages_are_there(pages, n, write);
}

const struct ciao_sockets_host baton_table = {
    .now_us = table_now,
    .take = table_take,
    .give = table_give,
    .wait = table_wait,
    .wake = table_wake,
    .sigpipe = table_sigpipe,
    .accessible = table_accessible,
};

/* ---- it comes and goes ---- */

int baton_open(struct baton *baton, struct host *host)
{
    *baton = (struct baton){
        .host = host,
        .layer_due_us = UINT64_MAX,
        .seat.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .helper_seat.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    pthread_mutex_init(&baton->lock, NULL);
    if (baton->seat.wake < 0 || baton->helper_seat.wake < 0)
        return -errno;
    return 0;
}

int baton_start_helper(struct baton *baton)
{
    sigset_t all, before;

    sigfillset(&all); /* the program's signals are its own threads' */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&baton->helper, NULL, baton_helper, baton);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

void baton_close(struct baton *baton)
{
    pthread_mutex_lock(&baton->lock);
    baton->closing = true;
    baton_wake_later(baton, baton->helper_seat.wake);
    unlock(baton);
    if (baton->helper)
        pthread_join(baton->helper, NULL);
    pthread_mutex_destroy(&baton->lock);
    while (baton->n_spare > 0)
        close(baton->spare[--baton->n_spare]);
    if (baton->seat.wake >= 0)
        close(baton->seat.wake);
    if (baton->helper_seat.wake >= 0)
        close(baton->helper_seat.wake);
}
