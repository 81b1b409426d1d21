/*
 * What a suite of scripts agrees on by files, in the folder that PDSUITE_DIR names:
 *
 *   sysctl/<name>  a setting that a script has made
 *   sockets        we write: a line a socket, for scripts that ask sockstat(1)
 *   tcpdrop        a script writes: the four-tuple of a connection that is to be aborted, as
 *                  tcpdrop(8) takes it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packetdrill/pd.h"

#define LINE_TEXT 256
#define PATH_TEXT 600

static bool path_of(const struct pd *pd, const char *name, char path[PATH_TEXT])
{
    int n = snprintf(path, PATH_TEXT, "%s/%s", pd->suite, name);

    return n > 0 && n < PATH_TEXT;
}

static bool read_file(const char *path, char *text, size_t room)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    size_t n = fread(text, 1, room - 1, file);
    (void)fclose(file);
    text[n] = 0;
    return true;
}

bool pd_suite_setting(const struct pd *pd, const char *name, char *text, size_t room)
{
    char path[PATH_TEXT], file[128];

    if (!pd->suite)
        return false;
    (void)snprintf(file, sizeof file, "sysctl/%s", name);
    if (!path_of(pd, file, path) || !read_file(path, text, room))
        return false;
    text[strcspn(text, "\n")] = 0;
    return text[0] != 0;
}

/* ---- sockets ---- */

/* FreeBSD's spelling. */
static const char *state_name(enum ciao_state state)
{
    switch (state) {
    case CIAO_CLOSED: return "CLOSED";
    case CIAO_LISTEN: return "LISTEN";
    case CIAO_SYN_SENT: return "SYN_SENT";
    case CIAO_SYN_RECEIVED: return "SYN_RCVD";
    case CIAO_ESTABLISHED: return "ESTABLISHED";
    case CIAO_FIN_WAIT_1: return "FIN_WAIT_1";
    case CIAO_FIN_WAIT_2: return "FIN_WAIT_2";
    case CIAO_CLOSE_WAIT: return "CLOSE_WAIT";
    case CIAO_CLOSING: return "CLOSING";
    case CIAO_LAST_ACK: return "LAST_ACK";
    case CIAO_TIME_WAIT: return "TIME_WAIT";
    }
    return "CLOSED";
}

static bool is_v4(const struct ciao_endpoint *end)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(end->addr.b, mapped, sizeof mapped) == 0;
}

static void write_end(FILE *out, const struct ciao_endpoint *end)
{
    static const struct ciao_addr none;
    char addr[CIAO_ADDR_TEXT];

    ciao_addr_format(&end->addr, addr);
    if (memcmp(end->addr.b + (is_v4(end) ? 12 : 0), none.b, is_v4(end) ? 4 : 16) == 0)
        (void)strcpy(addr, "*");
    if (end->port)
        (void)fprintf(out, " %s:%u", addr, (unsigned)end->port);
    else
        (void)fprintf(out, " %s:*", addr);
}

/* Which descriptor owns which connection; collected before the baton is taken, since the layer's
 * calls take it themselves. */
struct owners {
    unsigned n;
    int fd[PD_FDS];
    ciao_conn conn[PD_FDS];
};

static void find_owners(struct pd *pd, struct owners *owners)
{
    owners->n = 0;
    for (int fd = 0; fd < pd->fd_end; fd++) {
        int layer = pd_layer_fd(pd, fd);
        ciao_conn conn = layer >= 0 ? ciao_socket_conn(pd->sockets, layer) : 0;
        if (!conn)
            continue;
        owners->fd[owners->n] = fd;
        owners->conn[owners->n++] = conn;
    }
}

/* The descriptor that owns a life; -1: nobody any more. */
static int owner_of(const struct pd *pd, const struct owners *owners, uint64_t life)
{
    struct ciao_info info;

    for (unsigned i = 0; i < owners->n; i++) {
        if (ciao_info(pd->stack, owners->conn[i], &info) == 0 && info.life == life)
            return owners->fd[i];
    }
    return -1;
}

static void write_line(FILE *out, const struct ciao_info *info, int fd)
{
    (void)fprintf(out, "packetdril ciao %ld ", (long)getpid());
    if (fd >= 0)
        (void)fprintf(out, "%d", fd);
    else
        (void)fputc('-', out);
    (void)fprintf(out, " %s", is_v4(&info->local) ? "tcp4" : "tcp6");
    write_end(out, &info->local);
    write_end(out, &info->remote);
    (void)fprintf(out, " %s\n", state_name(info->state));
}

static uint16_t read_port(const void *sockaddr)
{
    struct sockaddr_in in;

    memcpy(&in, sockaddr, sizeof in);
    return ntohs(in.sin_port); /* at one place in both families */
}

/* Sockets without a connection: closed, perhaps bound. */
static void write_unconnected(struct pd *pd, FILE *out)
{
    struct sockaddr_storage name;
    struct ciao_info info = {.state = CIAO_CLOSED};

    for (int fd = 0; fd < pd->fd_end; fd++) {
        int layer = pd_layer_fd(pd, fd);
        uint32_t len = sizeof name;
        if (layer < 0 || ciao_socket_conn(pd->sockets, layer)
            || ciao_getsockname(pd->sockets, layer, &name, &len) < 0
            || !pd_read_sockaddr(&name, len, &info.local.addr))
            continue;
        info.local.port = read_port(&name);
        info.remote.addr = (struct ciao_addr){.b = {0}};
        if (name.ss_family == AF_INET)
            info.remote.addr.b[10] = info.remote.addr.b[11] = 0xff;
        write_line(out, &info, fd);
    }
}

/* All sockets, to be freed; NULL without memory. */
static char *all_lines(struct pd *pd)
{
    struct owners owners;
    char *text = NULL;
    size_t len = 0;
    struct ciao_info info;
    uint64_t cursor = 0;

    find_owners(pd, &owners);
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    pd_take(pd);
    while (ciao_next_connection(pd->stack, &cursor, &info))
        write_line(out, &info, owner_of(pd, &owners, info.life));
    pd_give(pd);
    write_unconnected(pd, out);
    (void)fclose(out);
    return text;
}

/* Whole or not at all: a script may read it at any time. */
static void replace(const struct pd *pd, const char *text)
{
    char path[PATH_TEXT], fresh[PATH_TEXT];

    if (!path_of(pd, "sockets", path) || !path_of(pd, "sockets.new", fresh))
        return;
    FILE *out = fopen(fresh, "we");
    if (!out)
        return;
    bool whole = fputs(text, out) >= 0;
    if (fclose(out) == 0 && whole)
        (void)rename(fresh, path);
}

static void write_sockets(struct pd *pd)
{
    char *text = all_lines(pd);

    if (!text || (pd->suite_said && strcmp(text, pd->suite_said) == 0)) {
        free(text);
        return;
    }
    replace(pd, text);
    free(pd->suite_said);
    pd->suite_said = text;
}

/* ---- tcpdrop ---- */

/* "addr port" or "addr:port"; moves on behind it. */
static bool read_end(char **rest, struct ciao_endpoint *end)
{
    char *word = strtok_r(NULL, " \t\n", rest);

    if (!word)
        return false;
    char *port = NULL;
    if (!ciao_addr_parse(word, &end->addr)) {
        port = strrchr(word, ':');
        if (!port)
            return false;
        *port++ = 0;
    } else {
        port = strtok_r(NULL, " \t\n", rest);
    }
    if (!port || !ciao_addr_parse(word, &end->addr))
        return false;
    end->port = (uint16_t)strtoul(port, NULL, 10);
    return true;
}

static bool same_end(const struct ciao_endpoint *a, const struct ciao_endpoint *b)
{
    return a->port == b->port && memcmp(&a->addr, &b->addr, sizeof a->addr) == 0;
}

static void drop(struct pd *pd, const struct ciao_endpoint *local,
                 const struct ciao_endpoint *remote)
{
    struct owners owners;
    struct ciao_info info;

    find_owners(pd, &owners);
    for (unsigned i = 0; i < owners.n; i++) {
        pd_take(pd);
        bool same = ciao_info(pd->stack, owners.conn[i], &info) == 0 && same_end(&info.local, local)
                    && same_end(&info.remote, remote);
        pd_give(pd);
        int layer = same ? pd_layer_fd(pd, owners.fd[i]) : -1;
        if (layer >= 0)
            (void)!ciao_socket_drop(pd->sockets, layer);
    }
}

static void obey_drop(struct pd *pd)
{
    char path[PATH_TEXT], text[LINE_TEXT];
    struct ciao_endpoint local, remote;

    if (!path_of(pd, "tcpdrop", path) || access(path, F_OK) < 0
        || !read_file(path, text, LINE_TEXT))
        return;
    (void)unlink(path);
    char *rest = text;
    if (read_end(&rest, &local) && read_end(&rest, &remote))
        drop(pd, &local, &remote);
}

void pd_suite_obey(struct pd *pd)
{
    if (pd->suite)
        obey_drop(pd);
}

void pd_suite_turn(struct pd *pd)
{
    if (!pd->suite)
        return;
    int error = errno;
    write_sockets(pd);
    errno = error;
}

void pd_suite_end(struct pd *pd)
{
    free(pd->suite_said);
    pd->suite_said = NULL;
}
