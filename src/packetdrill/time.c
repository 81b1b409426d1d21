/*
 * The clock, and threads that wait for it; see pd.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "packetdrill/pd.h"

#define START_US        UINT64_C(1000000000) /* what the clock shows first */
#define PATIENCE_NS     2000000L             /* how long the second thread sleeps between looks */
#define LOOKS           3      /* so many looks at an idle main thread, and it moves the clock */
#define LOOKS_UNSURE    100    /* the same when it can't be known what the main thread waits for */
#define STEPS_AT_ONE_US 100000 /* more timers at one moment are a timer that never goes off */

/* What this thread brings home from its last wait. */
static _Thread_local struct {
    bool on_its_way; /* it was woken, and who woke it waits until it has run */
    bool has_stamp;  /* its next gettimeofday is about the end of that call: */
    uint64_t stamp_us;
} self_thread;

static bool in_main(const struct pd *pd)
{
    return pthread_equal(pthread_self(), pd->main) != 0;
}

bool pd_time_init(struct pd *pd)
{
    pd->main = pthread_self();
    pd->main_tid = gettid();
    pd->now_us = START_US;
    pd->turn_us = PD_NEVER;
    return pthread_mutex_init(&pd->baton, NULL) == 0 && pthread_cond_init(&pd->settled, NULL) == 0;
}

void pd_time_end(struct pd *pd)
{
    (void)pthread_cond_destroy(&pd->settled);
    (void)pthread_mutex_destroy(&pd->baton);
}

/* ---- the baton ---- */

void pd_take(void *self)
{
    struct pd *pd = self;

    if (in_main(pd)) {
        atomic_fetch_add(&pd->main_inside, 1);
        atomic_fetch_add(&pd->main_entries, 1);
    }
    (void)pthread_mutex_lock(&pd->baton);
}

/* This thread has run: who waits for that may go on. */
static void arrived(struct pd *pd)
{
    if (!self_thread.on_its_way)
        return;
    self_thread.on_its_way = false;
    ASSERT(pd->on_their_way > 0);
    pd->on_their_way--;
    (void)pthread_cond_broadcast(&pd->settled);
}

void pd_give(void *self)
{
    struct pd *pd = self;
    bool main = in_main(pd);

    pd_flush(pd);
    pd_settle(pd);
    if (self_thread.on_its_way) {
        self_thread.has_stamp = true;
        self_thread.stamp_us = pd->now_us;
    }
    arrived(pd);
    (void)pthread_mutex_unlock(&pd->baton);
    if (main)
        atomic_fetch_sub(&pd->main_inside, 1);
}

void pd_settle(struct pd *pd)
{
    while (in_main(pd) && pd->on_their_way > 0)
        (void)pthread_cond_wait(&pd->settled, &pd->baton);
}

/* ---- time passes ---- */

uint64_t pd_next(const struct pd *pd)
{
    uint64_t next_us = ciao_next_deadline(pd->stack);

    if (pd->turn_us < next_us)
        next_us = pd->turn_us;
    for (const struct pd_sleeper *s = pd->sleepers; s; s = s->next) {
        if (!s->over && s->deadline_us < next_us)
            next_us = s->deadline_us;
    }
    return next_us;
}

static void end_sleep(struct pd *pd, struct pd_sleeper *sleeper)
{
    if (sleeper->over)
        return;
    sleeper->over = true;
    if (sleeper->second_thread)
        pd->on_their_way++;
    (void)pthread_cond_signal(&sleeper->awake);
}

void pd_step(struct pd *pd, uint64_t time_us)
{
    if (time_us > pd->now_us)
        pd->now_us = time_us;
    (void)ciao_advance(pd->stack, pd->now_us);
    pd->turn_us = ciao_sockets_turn(pd->sockets);
    pd_flush(pd);
    for (struct pd_sleeper *s = pd->sleepers; s; s = s->next) {
        if (s->deadline_us <= pd->now_us)
            end_sleep(pd, s);
    }
    pd_settle(pd);
}

void pd_advance_to(struct pd *pd, uint64_t target_us)
{
    unsigned steps = 0;

    for (uint64_t next_us = pd_next(pd); next_us <= target_us; next_us = pd_next(pd)) {
        uint64_t before_us = pd->now_us;
        pd_step(pd, next_us);
        steps = pd->now_us == before_us ? steps + 1 : 0;
        ASSERT(steps < STEPS_AT_ONE_US);
    }
    if (target_us > pd->now_us)
        pd->now_us = target_us;
}

int pd_usleep(void *self, useconds_t us)
{
    struct pd *pd = self;

    pd_suite_obey(pd);
    pd_take(pd);
    pd_advance_to(pd, pd->now_us + us);
    pd_give(pd);
    pd_suite_turn(pd);
    return 0;
}

/* It is the only clock, and who spins on it must get on: a microsecond a call. */
int pd_gettimeofday(void *self, struct timeval *now, struct timezone *zone)
{
    struct pd *pd = self;

    (void)zone;
    pd_suite_obey(pd);
    pd_take(pd);
    uint64_t time_us = self_thread.stamp_us;
    bool happens = !self_thread.has_stamp && pd_next(pd) <= pd->now_us + 1;
    if (self_thread.has_stamp) {
        self_thread.has_stamp = false;
    } else {
        pd_advance_to(pd, pd->now_us + 1);
        time_us = pd->now_us;
    }
    pd_give(pd);
    if (happens)
        pd_suite_turn(pd);
    now->tv_sec = (time_t)(time_us / 1000000);
    now->tv_usec = (suseconds_t)(time_us % 1000000);
    return 0;
}

/* ---- the socket layer's host ---- */

static uint64_t host_now_us(void *self)
{
    return ((struct pd *)self)->now_us;
}

static void host_wake(void *self, struct ciao_waiter *waiter)
{
    struct pd *pd = self;

    for (struct pd_sleeper *s = pd->sleepers; s; s = s->next) {
        if (s->waiter == waiter)
            end_sleep(pd, s);
    }
}

/* The kernel knows: it reads (and writes back) a byte at each end of the piece for us. */
static bool host_accessible(void *self, const void *at, size_t len, bool write)
{
    struct iovec here, there;
    uint8_t byte[2] = {0, 0};

    (void)self;
    if (len == 0)
        return true;
    here = (struct iovec){byte, 1};
    const uint8_t *ends[2] = {at, (const uint8_t *)at + len - 1};
    for (int i = 0; i < 2; i++) {
        there = (struct iovec){(void *)(uintptr_t)ends[i], 1};
        if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != 1)
            return false;
        if (write && process_vm_writev(getpid(), &here, 1, &there, 1, 0) != 1)
            return false;
    }
    return true;
}

/* A line of the main thread's /proc/self/task/TID/<name>; false when the host does not tell. */
static bool main_thread_tells(const struct pd *pd, const char *name, char text[512])
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)pd->main_tid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool read = fgets(text, 512, file) != NULL;
    (void)fclose(file);
    return read;
}

/*
 * How many looks like this one say that the main thread waits for the second one; 0: it does not.
 * Asleep in a futex, outside of our functions, it does.  It may also run a command of the script:
 * where the host does not tell which system call it is in, only patience can tell.
 */
static unsigned looks_needed(struct pd *pd)
{
    char text[512], *state;
    unsigned needed = 0;

    if (atomic_load(&pd->main_inside) != 0)
        return 0;
    if (main_thread_tells(pd, "syscall", text))
        needed = strtol(text, NULL, 10) == SYS_futex ? LOOKS : 0;
    else if (main_thread_tells(pd, "stat", text) && (state = strrchr(text, ')')))
        needed = strncmp(state, ") S", 3) == 0 ? LOOKS_UNSURE : 0;
    return atomic_load(&pd->main_inside) == 0 ? needed : 0;
}

/* Sleep a little of the host's time; with the baton, which is given up meanwhile. */
static void doze(struct pd *pd, struct pd_sleeper *sleeper)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&sleeper->awake, &pd->baton, &until);
}

/* The main thread moves the clock, unless it waits for us. */
static void sleep_in_second_thread(struct pd *pd, struct pd_sleeper *sleeper)
{
    unsigned looks = 0, seen = atomic_load(&pd->main_entries);

    while (!sleeper->over) {
        doze(pd, sleeper);
        unsigned entries = atomic_load(&pd->main_entries);
        unsigned needed = !sleeper->over && entries == seen ? looks_needed(pd) : 0;
        looks = needed ? looks + 1 : 0;
        seen = entries;
        uint64_t next_us = needed && looks >= needed ? pd_next(pd) : PD_NEVER;
        if (next_us != PD_NEVER)
            pd_step(pd, next_us);
    }
}

/* Nobody else moves the clock.  False: nothing will ever happen. */
static bool sleep_in_main_thread(struct pd *pd, struct pd_sleeper *sleeper)
{
    while (!sleeper->over) {
        uint64_t next_us = pd_next(pd);
        if (next_us == PD_NEVER)
            return false;
        pd_step(pd, next_us);
    }
    return true;
}

static void forget(struct pd *pd, const struct pd_sleeper *sleeper)
{
    struct pd_sleeper **at = &pd->sleepers;

    while (*at != sleeper)
        at = &(*at)->next;
    *at = sleeper->next;
}

static int host_wait(void *self, struct ciao_waiter *waiter, uint64_t deadline_us)
{
    struct pd *pd = self;
    struct pd_sleeper sleeper = {.waiter = waiter,
                                 .deadline_us = deadline_us,
                                 .second_thread = !in_main(pd),
                                 .next = pd->sleepers};
    bool happens = true;

    pd_flush(pd);
    arrived(pd);
    if (waiter->woken)
        return CIAO_WAIT_WOKEN;
    (void)pthread_cond_init(&sleeper.awake, NULL);
    pd->sleepers = &sleeper;
    if (sleeper.second_thread)
        sleep_in_second_thread(pd, &sleeper);
    else
        happens = sleep_in_main_thread(pd, &sleeper);
    forget(pd, &sleeper);
    (void)pthread_cond_destroy(&sleeper.awake);
    self_thread.on_its_way = sleeper.second_thread;
    if (!happens)
        return CIAO_WAIT_SIGNAL;
    return waiter->woken ? CIAO_WAIT_WOKEN : CIAO_WAIT_DEADLINE;
}

struct ciao_sockets_host pd_time_host(struct pd *pd)
{
    return (struct ciao_sockets_host){
        .self = pd,
        .now_us = host_now_us,
        .take = pd_take,
        .give = pd_give,
        .wait = host_wait,
        .wake = host_wake,
        .sigpipe = NULL, /* packetdrill ignores it */
        .accessible = host_accessible,
    };
}
