/*
 * The kernel's side of an interface, by rtnetlink(7) through libmnl.
 *
 * The kernel would by itself ask for routers (router solicitation), announce its multicast groups
 * and, on TUN, invent a link-local address; that is noise in every capture, and is switched off
 * where the kernel lets us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "driver/tap_netlink.h"

#define TX_QUEUE_DEFAULT 1000
#define MESSAGE_BYTES    1024
#define WAIT_MOST_MS     1000
#define MAPPED_BITS      96 /* what an IPv4 address has in front in struct ciao_addr */

struct netlink {
    struct mnl_socket *socket;
    unsigned sequence;
    unsigned interface;
    uint8_t message[MESSAGE_BYTES];
};

static bool is_v4(const struct ciao_addr *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(address->b, mapped, sizeof mapped) == 0;
}

static struct nlmsghdr *begin(struct netlink *netlink, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(netlink->message);

    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    message->nlmsg_seq = ++netlink->sequence;
    return message;
}

/* Send, and wait for the kernel's answer to it. */
static int ask(struct netlink *netlink, const struct nlmsghdr *message)
{
    uint8_t answer[4096];

    if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
        return -errno;
    ssize_t len = mnl_socket_recvfrom(netlink->socket, answer, sizeof answer);
    if (len < 0)
        return -errno;
    int done = mnl_cb_run(answer, (size_t)len, netlink->sequence,
                          mnl_socket_get_portid(netlink->socket), NULL, NULL);
    return done < 0 ? -errno : 0;
}

static struct nlmsghdr *begin_link(struct netlink *netlink)
{
    struct nlmsghdr *message = begin(netlink, RTM_NEWLINK, 0);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof *link);

    link->ifi_family = AF_UNSPEC;
    link->ifi_index = (int)netlink->interface;
    return message;
}

static int set_sizes(struct netlink *netlink, const struct tap_options *options)
{
    struct nlmsghdr *message = begin_link(netlink);

    mnl_attr_put_u32(message, IFLA_MTU, options->mtu);
    mnl_attr_put_u32(message, IFLA_TXQLEN,
                     options->tx_queue_len ? options->tx_queue_len : TX_QUEUE_DEFAULT);
    return ask(netlink, message);
}

/* A TUN needs no link-local address; without one the kernel asks for no routers. */
static int set_no_link_local(struct netlink *netlink)
{
    struct nlmsghdr *message = begin_link(netlink);
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *inet6 = mnl_attr_nest_start(message, AF_INET6);

    mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(message, inet6);
    mnl_attr_nest_end(message, families);
    return ask(netlink, message);
}

static int bring_up(struct netlink *netlink)
{
    struct nlmsghdr *message = begin_link(netlink);
    struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

    link->ifi_flags = IFF_UP;
    link->ifi_change = IFF_UP;
    return ask(netlink, message);
}

static int add_address(struct netlink *netlink, const struct tap_address *address)
{
    struct nlmsghdr *message = begin(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    bool v4 = is_v4(&address->address);
    const uint8_t *bytes = address->address.b + (v4 ? MAPPED_BITS / 8 : 0);
    size_t len = v4 ? 4 : 16;

    header->ifa_family = v4 ? AF_INET : AF_INET6;
    header->ifa_prefixlen = (uint8_t)address->prefix_len;
    header->ifa_scope = RT_SCOPE_UNIVERSE;
    header->ifa_index = netlink->interface;
    mnl_attr_put(message, IFA_LOCAL, len, bytes);
    mnl_attr_put(message, IFA_ADDRESS, len, bytes);
    if (!v4) /* usable at once: nobody else is on this link to have the same address */
        mnl_attr_put_u32(message, IFA_FLAGS, IFA_F_NODAD);
    return ask(netlink, message);
}

static int read_route_type(const struct nlmsghdr *message, void *context)
{
    const struct rtmsg *route = mnl_nlmsg_get_payload(message);

    *(uint8_t *)context = route->rtm_type;
    return MNL_CB_OK;
}

/* Would the kernel take a packet to that address as its own? */
static bool is_local(struct netlink *netlink, const struct ciao_addr *address)
{
    struct nlmsghdr *message = begin(netlink, RTM_GETROUTE, 0);
    struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof *route);
    uint8_t answer[4096], type = RTN_UNSPEC;

    message->nlmsg_flags = NLM_F_REQUEST;
    route->rtm_family = AF_INET6;
    route->rtm_dst_len = 128;
    mnl_attr_put(message, RTA_DST, sizeof address->b, address->b);
    if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
        return false;
    ssize_t len = mnl_socket_recvfrom(netlink->socket, answer, sizeof answer);
    if (len > 0)
        (void)mnl_cb_run(answer, (size_t)len, netlink->sequence,
                         mnl_socket_get_portid(netlink->socket), read_route_type, &type);
    return type == RTN_LOCAL;
}

/*
 * The kernel finishes an IPv6 address in a worker of its own, also without duplicate address
 * detection, and until then drops what comes for it.  Whoever goes on is not to meet that moment.
 */
static void wait_for_addresses(struct netlink *netlink, const struct tap_options *options)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    unsigned left = WAIT_MOST_MS;

    for (unsigned i = 0; i < options->n_addresses; i++) {
        const struct ciao_addr *address = &options->addresses[i].address;
        for (; left > 0 && !is_v4(address) && !is_local(netlink, address); left--)
            (void)nanosleep(&pause, NULL);
    }
}

/* Best effort: /proc may be read-only, or the kernel built without IPv6. */
static void write_sysctl(const char *name, const char *key, const char *value)
{
    char path[128];

    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, key);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t written = write(file, value, strlen(value));
    (void)written;
    close(file);
}

static int fault(char *error, int status, const char *name, const char *what)
{
    snprintf(error, TAP_ERROR_TEXT, "interface %s: cannot set %s: %s", name, what,
             strerror(-status));
    return status;
}

static int configure(struct netlink *netlink, const char *name, const struct tap_options *options,
                     char error[TAP_ERROR_TEXT])
{
    int status = set_sizes(netlink, options);

    if (status < 0)
        return fault(error, status, name, "its MTU");
    if (options->kind == CIAO_LINK_IP)
        (void)set_no_link_local(netlink); /* -EAFNOSUPPORT where there is no IPv6 */
    write_sysctl(name, "router_solicitations", "0");
    write_sysctl(name, "accept_ra", "0");
    for (unsigned i = 0; i < options->n_addresses; i++) {
        char what[32 + CIAO_ADDR_TEXT] = "the address ";
        ciao_addr_format(&options->addresses[i].address, what + strlen(what));
        status = add_address(netlink, &options->addresses[i]);
        if (status < 0)
            return fault(error, status, name, what);
    }
    status = bring_up(netlink);
    if (status < 0)
        return fault(error, status, name, "it up");
    wait_for_addresses(netlink, options);
    return 0;
}

int tap_configure(const char *name, const struct tap_options *options, char error[TAP_ERROR_TEXT])
{
    struct netlink netlink = {.sequence = (unsigned)time(NULL)};

    netlink.interface = if_nametoindex(name);
    if (netlink.interface == 0)
        return fault(error, -errno, name, "anything");
    netlink.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!netlink.socket)
        return fault(error, -errno, name, "anything by netlink");

    int status = -EADDRINUSE;
    if (mnl_socket_bind(netlink.socket, 0, MNL_SOCKET_AUTOPID) < 0)
        status = fault(error, -errno, name, "anything by netlink");
    else
        status = configure(&netlink, name, options, error);
    mnl_socket_close(netlink.socket);
    return status;
}
