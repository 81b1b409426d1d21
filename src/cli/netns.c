/*
 * A network namespace for --with: see netns.h, namespaces(7), user_namespaces(7).
 */
#include "cli/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        error = -errno;
    (void)close(fd);
    return error;
}

/* This user becomes root in there, and nobody else exists. */
static int map_ids(unsigned uid, unsigned gid)
{
    char line[64];
    int error;

    error = write_file("/proc/self/setgroups", "deny");
    if (error < 0 && error != -ENOENT)
        return error;
    (void)snprintf(line, sizeof line, "0 %u 1", uid);
    error = write_file("/proc/self/uid_map", line);
    if (error < 0)
        return error;
    (void)snprintf(line, sizeof line, "0 %u 1", gid);
    return write_file("/proc/self/gid_map", line);
}

static int loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

    if (fd < 0)
        return -errno;
    request.ifr_flags = IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        error = -errno;
    (void)close(fd);
    return error;
}

static int become_separate(void)
{
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();

    if (unshare(CLONE_NEWNET) == 0)
        return 0;
    if (errno != EPERM)
        return -errno;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return -errno;
    return map_ids(uid, gid);
}

int netns_enter(char error[NETNS_ERROR_TEXT])
{
    int result = become_separate();

    if (result < 0) {
        (void)snprintf(error, NETNS_ERROR_TEXT,
                       "this kernel makes no network namespace for this user (%s); run it as root, "
                       "or allow user namespaces (sysctl user.max_user_namespaces, "
                       "kernel.unprivileged_userns_clone)",
                       strerror(-result));
        return result;
    }
    result = loopback_up();
    if (result < 0)
        (void)snprintf(error, NETNS_ERROR_TEXT, "the loopback interface does not come up (%s)",
                       strerror(-result));
    return result;
}
