"""What bench/compare compares: a row of `ciao bench`, the peers' same work, and what is wanted.

Where the best peer is not lwIP but one that is not run (smoltcp, FreeBSD), its figure is reckoned
from one of lwIP's of the same run: times what the two had to each other when all were measured on
one machine (2 virtual cores of the Sapphire Rapids class, two stacks in one process, medians).
"""

from dataclasses import dataclass

# What lwIP did on that machine.
LWIP_BULK, LWIP_OPEN_CLOSE, LWIP_TRIP = 47, 1.33e6, 262


@dataclass(frozen=True)
class Other:
    """A peer that is not run: its figure there, and lwIP's at the row that it is scaled by."""
    name: str
    figure: float
    lwip_row: str
    lwip_figure: float


@dataclass(frozen=True)
class Row:
    name: str              # of `ciao bench`
    unit: str
    more_is_better: bool
    lwip: tuple = ()       # MTU, window in bytes, lwip-bench's row
    linux: str = ""        # linux-peer's row
    other: Other = None
    factor: float = 2      # so many times the best peer is wanted; 0: that is not asked
    ceiling: float = 0     # or: this part of data movement alone
    limit: float = 0       # or: this, whoever the peer is
    beats: bool = False    # and: more than the best peer
    heavy: bool = False    # takes long: one round, and only when its name is given

    @property
    def movement(self):
        """The row of `ciao bench` that says what is possible."""
        first, _, window = self.name.split("/")
        return f"{first}/data-movement-alone/{window}"


def bulk(frames, mtu, window, window_bytes, **more):
    return Row(f"bulk-{frames}/ipv4/{window}", "Gbit/s", True, (mtu, window_bytes, "bulk"),
               linux="bulk" if window == "64k" else "", **more)


def costs(name, lwip_row, **more):
    return Row(f"{name}/ipv4", "ns", False, (1500, 65536, lwip_row), **more)


def freebsd(figure, lwip_row="round-trip", lwip_figure=LWIP_TRIP):
    return Other("FreeBSD", figure, lwip_row, lwip_figure)


FREEBSD_OPEN_CLOSE = freebsd(229e3, "open-close-16", LWIP_OPEN_CLOSE)

ROWS = [
    bulk("1500", 1500, "64k", 65536, other=Other("smoltcp", 48, "bulk", LWIP_BULK), ceiling=0.65),
    bulk("1500", 1500, "256k", 262144),
    bulk("1500", 1500, "1m", 1048576, factor=0, ceiling=0.65),
    bulk("9000", 9000, "64k", 65536),
    bulk("64k", 65535, "64k", 65536, ceiling=0.80),
    bulk("64k", 65535, "256k", 262144, ceiling=0.80),
    bulk("64k", 65535, "1m", 1048576, factor=0, ceiling=0.80),
    Row("open-close-16/ipv4", "connections/s", True, (1500, 65536, "open-close-16"),
        linux="open-close-16"),
    Row("open-close-1k/ipv4", "connections/s", True, (1500, 65536, "open-close-1k"),
        linux="open-close-1k", other=FREEBSD_OPEN_CLOSE),
    Row("open-close-10k/ipv4", "connections/s", True, (1500, 65536, "open-close-10k"),
        linux="open-close-10k", other=FREEBSD_OPEN_CLOSE),
    Row("open-close-1m/ipv4", "connections/s", True, other=FREEBSD_OPEN_CLOSE, factor=8,
        heavy=True),
    costs("round-trip", "round-trip", linux="round-trip"),
    costs("request-10", "request-10"),
    costs("request-1k", "request-1k", other=freebsd(1180)),
    costs("request-10k", "request-10k", other=freebsd(5000)),
    costs("request-100k", "request-100k", other=freebsd(8900)),
    costs("request-1m", "request-1m", other=freebsd(45000), factor=0, limit=1500, heavy=True),
    Row("second-1m/ipv4", "ms", False, (1500, 65536, "second-1m"), factor=0, limit=1, heavy=True),
    Row("hold-10m/ipv4", "GB", False, factor=0, limit=8, heavy=True),
    # The kernel at the other end, and nobody sums: what it gives itself is to be beaten.
    Row("tun-to-ciao/ipv4", "Gbit/s", True, linux="bulk", factor=0, limit=60, beats=True),
    Row("tun-from-ciao/ipv4", "Gbit/s", True, linux="bulk", factor=0, limit=65, beats=True),
    Row("bytes-idle/ipv4", "bytes", False, (1500, 65536, "bytes-idle"), factor=0, limit=320),
    Row("bytes-idle/ipv6", "bytes", False, factor=0, limit=352),
    Row("bytes-used/ipv4", "bytes", False, factor=0, limit=448),
    Row("bytes-time-wait/ipv4", "bytes", False, (1500, 65536, "bytes-time-wait"), factor=0,
        limit=96),
    Row("bytes-time-wait/ipv6", "bytes", False, factor=0, limit=128),
]


@dataclass(frozen=True)
class Count:
    """Instructions for a unit of work: the difference of two runs of these lengths."""
    name: str
    lwip: tuple
    unit: str
    less: int
    more: int


COUNTS = [
    Count("bulk-1500/ipv4/64k", (1500, 65536, "bulk"), "byte", 20_000_000, 60_000_000),
    Count("bulk-1500/ipv4/256k", (1500, 262144, "bulk"), "byte", 20_000_000, 60_000_000),
    Count("open-close-16/ipv4", (1500, 65536, "open-close-16"), "connection", 6400, 19200),
    Count("round-trip/ipv4", (1500, 65536, "round-trip"), "round trip", 10_000, 30_000),
]
