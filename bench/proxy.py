#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the metering proxy adds: milliseconds to the first byte, and CPU for each streamed event with 200 streams at once.

usage: proxy.py BIN      goals: 0.2 ms to the first byte, 20 us of a core for an event

The same is measured of bench_relay_floor, which hands bytes on and does nothing else: machines differ, the ratio to it does less. Direct and
proxied requests alternate; the difference of their medians is the proxy's. CPU is that of the proxy's process, sensors and all.
"""
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time

STREAMS, EVENTS, PERIOD = 200, 200, 0.02
EVENT = b'data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"m","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}\n\n'
END = (b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
       b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":200,"total_tokens":205}}\n\ndata: [DONE]\n\n')
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(reader, writer):
    """Answer each request with the number of events that its model's name says."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            body = await reader.readexactly(length)
            count = EVENTS if b"many" in body else 1
            writer.write(HEAD + chunk(EVENT))
            for _ in range(count - 1):
                await asyncio.sleep(PERIOD)
                writer.write(chunk(EVENT))
            writer.write(chunk(END) + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def request(model):
    body = b'{"model":"%s","stream":true,"messages":[{"role":"user","content":"hi"}]}' % model
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def ask(streams, model):
    """Seconds to the first byte of the body; read to the end."""
    reader, writer = streams
    start = time.perf_counter()
    writer.write(request(model))
    head = await reader.readuntil(b"data: ")
    first = time.perf_counter() - start
    assert head.startswith(b"HTTP/1.1 200"), head
    await reader.readuntil(b"0\r\n\r\n")
    return first


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(port, process, proxied):
    """(milliseconds added to the first byte, microseconds of a core for an event) of what listens at `proxied`."""
    sides = [await asyncio.open_connection("127.0.0.1", p) for p in (port, proxied)]
    times = ([], [])
    for _ in range(400):
        for side, streams in enumerate(sides):
            times[side].append(await ask(streams, b"one"))
    direct, through = (statistics.median(t) * 1e3 for t in times)
    connections = [await asyncio.open_connection("127.0.0.1", proxied) for _ in range(STREAMS)]
    before = cpu_seconds(process.pid)
    await asyncio.gather(*(ask(c, b"many") for c in connections))
    return through - direct, (cpu_seconds(process.pid) - before) / (STREAMS * (EVENTS + 3)) * 1e6


async def measure_both(programs):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    floor = subprocess.Popen([programs + "/bench_relay_floor", str(port)], stdout=subprocess.PIPE, text=True)
    proxy = subprocess.Popen([programs + "/ipw", "proxy", "--upstream", f"http://127.0.0.1:{port}/v1", "--port", "0", "--monitor", "none", "--collector",
                              "simulated:watts=50"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    figures = []
    for process, told in ((floor, floor.stdout), (proxy, proxy.stderr)):
        line = await asyncio.to_thread(told.readline)
        figures.append(await measure(port, process, int(line.strip().rsplit(":", 1)[1].split("/")[0])))
    (floor_ms, floor_us), (ms, us) = figures
    print(f"to the first byte: {ms:.3f} ms added (goal 0.2); a relay of bytes adds {floor_ms:.3f} ms: {ms / floor_ms:.1f} times")
    print(f"{STREAMS} streams: {us:.1f} us of a core for an event (goal 20); a relay of bytes takes {floor_us:.1f} us: {us / floor_us:.1f} times")
    floor.kill()
    proxy.send_signal(signal.SIGINT)
    proxy.wait(20)
    sys.stdout.flush()
    os._exit(0)  # the open connections are nobody's any more


if __name__ == "__main__":
    asyncio.run(measure_both(sys.argv[1]))
