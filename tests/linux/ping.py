#!/usr/bin/env python3
"""ping.py ADDRESS [BYTES]: one echo request, as root; fails unless the same bytes come back."""

import socket
import struct
import sys


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ping(address, size):
    v6 = ":" in address
    request, answer = (128, 129) if v6 else (8, 0)
    body = bytes(i % 251 for i in range(size))
    packet = struct.pack("!BBHHH", request, 0, 0, 4711, 1) + body
    if v6:
        raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    else:
        packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.settimeout(2)
    raw.sendto(packet, (address, 0))
    while True:
        data, sender = raw.recvfrom(70000)
        if not v6:
            data = data[(data[0] & 15) * 4:]
        if sender[0] == address and data[0] == answer:
            return data[8:] == body


sys.exit(0 if ping(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 56) else 1)
