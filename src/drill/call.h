/*
 * What the calls of a script share: their arguments, and how they end.
 */
#ifndef DRILL_CALL_H
#define DRILL_CALL_H

#include "drill/run.h"

struct calling {
    struct run *run;
    const struct due *due;
    const struct call *call;
    int64_t result; /* of the call: -errno, or what it returned */
    bool wrong;     /* an argument made no sense: the run has failed, nothing was called */
};

/* The value of an argument or a result; an unknown word fails the run. */
int64_t call_number(struct calling *c, const struct value *value);
/* An argument by its place, from 0.  Never NULL: there are as many as the call needs. */
const struct value *call_arg(const struct calling *c, unsigned i);
int64_t call_int(struct calling *c, unsigned i);
int call_fd(struct calling *c, unsigned i);          /* the live one; -1 for what is none */
int64_t call_in_list(struct calling *c, unsigned i); /* [n] */
/* A member of a struct; NULL: there is none of that name. */
const struct value *call_member(const struct value *group, const char *name);
/* Memory of that many zeros for a buffer; NULL for the script's 0.  The caller's to free(). */
void *call_buffer(struct calling *c, const struct value *value, int64_t len);
/* The address of an argument into out[128]: ... is the script's own, a number only a family, a
 * struct what it says.  Returns the length. */
enum call_side { CALL_OURS, CALL_PEERS };
uint32_t call_address(struct calling *c, const struct value *value, enum call_side side, void *out);

/* Compare what the call returned with what the script says.  False: another, the run has failed. */
bool call_ends(struct calling *c);
/* It returned a descriptor: as call_ends(), and the script's number is known from here on. */
bool call_ends_fd(struct calling *c);
__attribute__((format(printf, 2, 3))) void call_wrong(struct calling *c, const char *format, ...);

/* The connection behind a script's descriptor; NULL: none. */
struct talk *call_talk(struct run *run, int script_fd);
struct talk *call_new_talk(struct run *run, int script_fd, int live_fd);

/* ---- call_open.c ---- */
void call_socket(struct calling *c);
void call_bind(struct calling *c);
void call_listen(struct calling *c);
void call_accept(struct calling *c);
void call_connect(struct calling *c);
void call_close(struct calling *c);
void call_shutdown(struct calling *c);
/* An address given to connect() or sendto(): the connection begins. */
void call_connects(struct calling *c, const void *address);

/* ---- call_bytes.c ---- */
void call_read(struct calling *c);
void call_write(struct calling *c);
void call_readv(struct calling *c);
void call_writev(struct calling *c);
void call_recv(struct calling *c);
void call_send(struct calling *c);
void call_recvfrom(struct calling *c);
void call_sendto(struct calling *c);
void call_recvmsg(struct calling *c);
void call_sendmsg(struct calling *c);

/* ---- call_option.c ---- */
void call_getsockopt(struct calling *c);
void call_setsockopt(struct calling *c);
void call_fcntl(struct calling *c);
void call_ioctl(struct calling *c);

/* ---- call_ready.c ---- */
void call_poll(struct calling *c);
void call_epoll_create(struct calling *c);
void call_epoll_ctl(struct calling *c);
void call_epoll_wait(struct calling *c);

#endif
