#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: http_fuzz.py PORT SECONDS

Send a server on loopback what no client sends: requests that are cut off, doubled, full of
other bytes, in pieces and several at a time.  Fails when it no longer answers what is right.
"""
import random
import socket
import sys
import time

SEEDS = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /debug/pprof/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD /pid/1/debug/pprof/heap?seconds=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /comm/x/debug/pprof/block?debug=1&focus=a.*b&hz=9&maxsamples=3 HTTP/1.1\r\nHost: [::1]:1\r\n\r\n",
    b"GET /pid/999999999/debug/pprof/symbol?0x401136+0xffffffff81000000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n0x1+0x22",
    b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\n0x1+2\r\n0\r\n\r\n",
    b"GET /processes HTTP/1.0\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n",
    b"DELETE /%00%ff/..%2f/debug/pprof/profile HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


def mutated(rng):
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randrange(6)):
        at, what = rng.randrange(len(data) + 1), rng.randrange(6)
        if what == 0:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 20)))
        elif what == 1 and data:
            del data[at : at + rng.randrange(1, 20)]
        elif what == 2:
            data[at:at] = rng.choice([b"\r\n", b"%", b"\x00", b"9" * 30, b": ", b"?", b"/../", b"A" * 5000])
        elif what == 3:
            data += rng.choice(SEEDS)
        elif what == 4:
            data[at:at] = data[: rng.randrange(200)]
        elif data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        data = data or bytearray(b"\n")
    return bytes(data)


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=10)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def is_well(port):
    with connect(port) as s:
        s.sendall(b"GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    return data.startswith(b"HTTP/1.1 200 ") and b"/debug/pprof/" in data


def main():
    port, end = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    rng = random.Random(seed)
    n = 0
    while time.monotonic() < end:
        sockets = []
        for _ in range(rng.randrange(1, 20)):
            data = mutated(rng)
            cut = rng.randrange(len(data) + 1) if rng.randrange(3) == 0 else len(data)
            s = connect(port)
            sockets.append(s)
            n += 1
            try:
                s.sendall(data[:cut])
                if rng.randrange(4) == 0:
                    s.sendall(data[cut:])
                s.setblocking(False)
                s.recv(4096)
            except OSError:
                pass
        for s in sockets:
            s.close()
        if not is_well(port):
            sys.exit(f"after {n} connections, seed {seed}, the server does not answer well")
    print(f"{n} connections, seed {seed}")


main()
