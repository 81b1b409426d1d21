/*
 * Makes the interface that a TUN or TAP driver stands behind; see tap.h.
 *
 * Whatever goes wrong here is the user's to mend, so each failure has a sentence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/if_tun.h>

#include "driver/tap_device.h"
#include "driver/tap_netlink.h"

#define MTU_DEFAULT 1500
#define MTU_LEAST   576
#define MTU_MOST    65535

static void explain_permission(char error[TAP_ERROR_TEXT])
{
    struct stat file;
    unsigned mode = stat("/dev/net/tun", &file) == 0 ? (unsigned)file.st_mode & 0777 : 0;

    if ((mode & 06) == 06)
        snprintf(error, TAP_ERROR_TEXT,
                 "opening /dev/net/tun is forbidden, though its mode is %04o: this container or a "
                 "security module hides it",
                 mode);
    else
        snprintf(error, TAP_ERROR_TEXT,
                 "no permission to open /dev/net/tun, whose mode is %04o: run as root, or open it "
                 "to all (as root: chmod 0666 /dev/net/tun)",
                 mode);
}

static int open_file(struct tap *tap, char error[TAP_ERROR_TEXT])
{
    tap->file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap->file >= 0)
        return 0;
    int status = -errno;
    if (status == -EPERM || status == -EACCES)
        explain_permission(error);
    else if (status == -ENOENT || status == -ENODEV || status == -ENXIO)
        snprintf(error, TAP_ERROR_TEXT,
                 "there is no /dev/net/tun: the kernel's tun module is missing (modprobe tun), or "
                 "this container hides it");
    else
        snprintf(error, TAP_ERROR_TEXT, "cannot open /dev/net/tun: %s", strerror(-status));
    return status;
}

static int explain_interface(int status, const char *name, char error[TAP_ERROR_TEXT])
{
    if (status == -EPERM)
        snprintf(error, TAP_ERROR_TEXT,
                 "making interface %s needs CAP_NET_ADMIN: run as root, or with --with 'COMMAND', "
                 "which makes a network of its own",
                 name);
    else if (status == -EBUSY)
        snprintf(error, TAP_ERROR_TEXT, "interface %s is in use by another program", name);
    else if (status == -EINVAL)
        snprintf(error, TAP_ERROR_TEXT,
                 "interface %s exists already and is of another kind, or its name is not allowed",
                 name);
    else
        snprintf(error, TAP_ERROR_TEXT, "cannot make interface %s: %s", name, strerror(-status));
    return status;
}

/*
 * Make the interface, with headers before each frame if the kernel knows them.
 *
 * IFF_NAPI is not asked for: what we send is super-segments already, which the kernel's merging
 * only handles once more (`ciao bench tun-from-ciao`: a tenth slower with it).
 */
static int make_interface(struct tap *tap, const struct tap_options *options,
                          char error[TAP_ERROR_TEXT])
{
    const char *name = options->name ? options->name : "ciao%d";
    short kind = options->kind == CIAO_LINK_ETHERNET ? IFF_TAP : IFF_TUN;
    struct ifreq request = {0};

    if (strlen(name) >= sizeof request.ifr_name) {
        snprintf(error, TAP_ERROR_TEXT, "an interface's name has at most %d letters: %s",
                 IFNAMSIZ - 1, name);
        return -EINVAL;
    }
    strcpy(request.ifr_name, name);
    tap->has_header = !options->no_offload;
    request.ifr_flags = (short)(kind | IFF_NO_PI | (tap->has_header ? IFF_VNET_HDR : 0));
    int status = ioctl(tap->file, TUNSETIFF, &request) < 0 ? -errno : 0;
    if (status == -EINVAL && tap->has_header) {
        tap->has_header = false;
        request.ifr_flags = (short)(kind | IFF_NO_PI);
        status = ioctl(tap->file, TUNSETIFF, &request) < 0 ? -errno : 0;
    }
    if (status < 0)
        return explain_interface(status, name, error);
    strcpy(tap->name, request.ifr_name); /* the kernel has put the number in */
    return 0;
}

/* What the kernel may hand us unfinished: super-segments and checksums, or less, or nothing. */
static void set_offload(const struct tap *tap)
{
    static const unsigned long wishes[] = {
        TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
        TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
        TUN_F_CSUM,
        0,
    };

    if (!tap->has_header)
        return;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        if (ioctl(tap->file, TUNSETOFFLOAD, wishes[i]) == 0)
            return;
}

/* Our address on a TAP: the kernel's own, which is random and local, with its last bit turned. */
static int set_mac(struct tap *tap, char error[TAP_ERROR_TEXT])
{
    struct ifreq request = {0};

    if (tap->driver.link.kind != CIAO_LINK_ETHERNET)
        return 0;
    if (ioctl(tap->file, SIOCGIFHWADDR, &request) < 0) {
        int status = -errno;
        snprintf(error, TAP_ERROR_TEXT, "interface %s: cannot read its address: %s", tap->name,
                 strerror(-status));
        return status;
    }
    memcpy(tap->driver.link.mac, request.ifr_hwaddr.sa_data, sizeof tap->driver.link.mac);
    tap->driver.link.mac[5] ^= 1;
    return 0;
}

static int set_up(struct tap *tap, const struct tap_options *options, char error[TAP_ERROR_TEXT])
{
    int status = open_file(tap, error);

    if (status == 0)
        status = make_interface(tap, options, error);
    if (status < 0)
        return status;
    tap->driver.link = (struct ciao_link){
        .kind = options->kind,
        .mtu = options->mtu,
        .gso_bytes = tap->has_header ? MTU_MOST : 0,
        .tx_csum = tap->has_header,
        .rx_csum = tap->has_header,
    };
    set_offload(tap);
    status = set_mac(tap, error);
    return status < 0 ? status : tap_configure(tap->name, options, error);
}

int tap_open(struct ciao_driver **driver, const struct tap_options *options,
             char error[TAP_ERROR_TEXT])
{
    struct tap_options filled = *options;

    error[0] = 0;
    if (filled.mtu == 0)
        filled.mtu = MTU_DEFAULT;
    if (filled.mtu < MTU_LEAST || filled.mtu > MTU_MOST) {
        snprintf(error, TAP_ERROR_TEXT, "an interface's MTU is from %d to %d, not %u", MTU_LEAST,
                 MTU_MOST, filled.mtu);
        return -EINVAL;
    }
    struct tap *tap = calloc(1, sizeof *tap);
    if (!tap) {
        snprintf(error, TAP_ERROR_TEXT, "no memory for an interface");
        return -ENOMEM;
    }
    tap->file = -1;
    tap->pool = filled.pool;
    tap->driver.ops = &tap_ops;
    int status = set_up(tap, &filled, error);
    if (status < 0) {
        tap_ops.close(&tap->driver);
        return status;
    }
    *driver = &tap->driver;
    return 0;
}
