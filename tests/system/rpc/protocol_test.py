# SPDX-License-Identifier: Apache-2.0
"""Our own calls by a client in another language, and a monitor among clients that misbehave."""
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

import grpc
import pytest
from grpc_tools import protoc

from running import BIN, SIMULATED, counting_package, monitor, report_goal

PROTO = pathlib.Path(__file__).parents[3] / "proto"
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def wire(tmp_path_factory):
    out = tmp_path_factory.mktemp("wire")
    assert protoc.main(["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}",
                        str(PROTO / "energy.proto")]) == 0
    sys.path.insert(0, str(out))
    import energy_pb2
    import energy_pb2_grpc
    return energy_pb2, energy_pb2_grpc


@pytest.fixture
def shared_folder():
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


@contextlib.contextmanager
def stub(wire, address):
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield wire[1].EnergyMonitorStub(channel)


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def alive(wire, address):
    """Whether the monitor still serves everybody else."""
    with stub(wire, address) as monitor_stub:
        return len([s for s, _ in zip(monitor_stub.StreamSamples(wire[0].SamplesRequest(), timeout=20), range(5))]) == 5


def test_P4_a_window_by_another_language(wire):
    pb, _ = wire
    with monitor(*SIMULATED) as (_, address), stub(wire, address) as calls:
        time.sleep(3.5)
        now = calls.Clock(pb.ClockRequest(), timeout=5).monotonic_ns
        request = pb.WindowRequest(begin_ns=now - 3_000_000_000, end_ns=now - 1_000_000_000, domains=["simulated-0"])
        answer = calls.Window(request, timeout=5)
        assert answer.settled
        (energy,) = answer.energies
        assert energy.domain == "simulated-0"
        assert abs(energy.joules - 100) <= max(energy.half_width_joules, 2)
        assert energy.coverage == 1 and energy.gap_seconds == 0
        assert energy.verdict in (pb.VERDICT_VALID, pb.VERDICT_LOW_CONFIDENCE)
        for bad in [dict(begin_ns=now, end_ns=now - 1), dict(begin_ns=now - 90_000 * 10**9, end_ns=now),
                    dict(begin_ns=now - 10**9, end_ns=now, domains=["nonsense"])]:
            with pytest.raises(grpc.RpcError):
                calls.Window(pb.WindowRequest(**bad), timeout=5)


def test_describe_carries_every_sensor_with_its_remedy(wire):
    pb, _ = wire
    with monitor() as (_, address):
        with stub(wire, address) as calls:
            sensors = calls.Describe(pb.DescribeRequest(), timeout=5).sensors
        doctor = subprocess.run([BIN / "ipw", "doctor", "--monitor", address, "--json"], capture_output=True, text=True)
    assert sensors and all(s.sensor and s.detail for s in sensors)
    assert [s["sensor"] for s in json.loads(doctor.stdout)] == [s.sensor for s in sensors]


def test_F19_a_client_that_never_reads_grows_no_memory(wire, tmp_path):
    pb, _ = wire
    where = ["--socket", str(tmp_path / "m.sock")]
    with monitor(*SIMULATED, "--collection-interval-ms", "1", where=where) as (process, address):
        with stub(wire, address) as calls:
            streams = [calls.StreamSamples(pb.SamplesRequest()) for _ in range(4)]
            for stream in streams:
                next(stream)
            time.sleep(3)
            before = resident(process.pid)
            time.sleep(5)
            grown = resident(process.pid) - before
            assert alive(wire, address)
            for stream in streams:
                stream.cancel()
    report_goal("F19", grown < 4 << 20, f"4 clients that never read a stream of 1 kHz: {grown / 2**20:.2f} MiB in 5 s")


def test_F20_clients_that_vanish_in_mid_frame(wire):
    with monitor(*SIMULATED) as (process, address):
        host, port = address.split(":")
        for i in range(10):
            reader = subprocess.Popen([BIN / "read_monitor", address, "60"], stdout=subprocess.DEVNULL)
            raw = socket.create_connection((host, int(port)))
            raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\x06\x04\0\0\0\0\0" + b"\0\x03\0")
            time.sleep(0.2)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.close()
            reader.kill()
            reader.wait()
        good = alive(wire, address) and process.poll() is None
        time.sleep(1)
        left = len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))
    report_goal("F20", good and left < 40, f"20 clients killed in mid-frame: the monitor serves, {left} descriptors")


def storm(wire, address, seconds, clients):
    """Clients that come and go at random: visits and failures."""
    pb, _ = wire
    end, visits, failures = time.monotonic() + seconds, [], []

    def one(seed):
        dice = random.Random(seed)
        while time.monotonic() < end:
            try:
                with stub(wire, address) as calls:
                    stream = calls.StreamSamples(pb.SamplesRequest(), timeout=30)
                    for _ in range(dice.randint(1, 6)):
                        next(stream)
                    if dice.random() < 0.5:
                        stream.cancel()
                visits.append(1)
            except grpc.RpcError as error:
                failures.append(str(error))

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(visits), failures


def test_F21_64_clients_come_and_go(wire):
    seconds = float(os.environ.get("IPW_STORM_SECONDS", "20"))
    with monitor(*SIMULATED) as (process, address):
        storm(wire, address, 2, 16)
        before = resident(process.pid)
        visits, failures = storm(wire, address, seconds, 64)
        good = alive(wire, address) and not failures
        grown = resident(process.pid) - before
        descriptors = len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))
    report_goal("F21", good and grown < 16 << 20,
                f"{visits} visits of 64 clients in {seconds:.0f} s, {len(failures)} failed, {grown / 2**20:.1f} MiB "
                f"and {descriptors} descriptors at the end")


def test_F22_garbage_and_oversized_requests(wire):
    pb, _ = wire
    dice = random.Random(1)
    with monitor(*SIMULATED) as (process, address):
        host, port = address.split(":")
        for prefix in [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                       b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\0\0\0\0\0\1", b"\x16\x03\x01\x02\0\1\0"]:
            for _ in range(20):
                with socket.create_connection((host, int(port))) as raw, contextlib.suppress(OSError):
                    raw.sendall(prefix + dice.randbytes(dice.randint(0, 20_000)))
        with stub(wire, address) as calls:
            with pytest.raises(grpc.RpcError) as error:
                calls.Window(pb.WindowRequest(domains=["x" * 1000] * 1000), timeout=10)
        refused = error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        with grpc.insecure_channel(address) as channel:
            for path in ("Describe", "Window", "StreamSamples", "Nonsense"):
                call = channel.unary_stream(f"/energy.EnergyMonitor/{path}")
                with pytest.raises(grpc.RpcError):
                    for _, _ in zip(call(b"\xff" * 50, timeout=5), range(3)):
                        pass
        good = alive(wire, address) and process.poll() is None
    report_goal("F22", good and refused, "100 connections of noise, a request of 1 MB and malformed messages: refused")


def test_F23_port_in_use_is_a_clear_error(wire):
    with monitor(*SIMULATED) as (_, address):
        taken = subprocess.run([BIN / "ipw-monitor", "--port", address.split(":")[1], *SIMULATED], capture_output=True,
                               text=True, timeout=20)
        good = alive(wire, address)
    report_goal("F23", good and taken.returncode == 1 and "cannot listen" in taken.stderr and "hint:" in taken.stderr,
                "a second monitor on the port ends with status 1, cause and hint")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_F29_the_monitor_is_killed_and_comes_back(wire, tmp_path):
    where = ["--port", free_port()]
    options = ["--sysfs-root", str(tmp_path), "--collector", "rapl"]
    with counting_package(tmp_path, watts=30):
        with monitor(*options, where=where) as (process, address):
            reader = subprocess.Popen([BIN / "read_monitor", address, "6"], stdout=subprocess.PIPE, text=True)
            time.sleep(2.5)
            process.send_signal(signal.SIGKILL)
            killed = time.monotonic()
            process.wait()
        time.sleep(0.5)
        with monitor(*options, where=where):
            away = time.monotonic() - killed
            text, _ = reader.communicate(timeout=30)
    got = json.loads(text)
    package = got["domains"]["package-0"]
    resumed = got["longest_gap_seconds"] - away
    good = (resumed <= 2 and abs(package["joules"] - 180) <= max(3, package["half_width"])
            and "monitor-lost" in package["validity"] and "away" in package["reason"]
            and any("lost 1 time" in problem for problem in got["problems"]))
    report_goal("F29", good, f"killed for {away:.1f} s, resumed {resumed:.2f} s later; {package['joules']:.1f} J of 180 "
                f"recovered, marked: {package['reason']}")


def test_P8_token_and_rate_cap(wire, tmp_path):
    pb, _ = wire
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    secret.chmod(0o600)
    fast = [*SIMULATED, "--collection-interval-ms", "5"]
    with monitor(*fast, "--token-file", str(secret)) as (process, address), stub(wire, address) as calls:
        for metadata in ([], [("authorization", "Bearer wrong")]):
            with pytest.raises(grpc.RpcError) as error:
                calls.Clock(pb.ClockRequest(), timeout=5, metadata=metadata)
            assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
        stream = calls.StreamSamples(pb.SamplesRequest(), timeout=20, metadata=[("authorization", "Bearer " + TOKEN)])
        ticks = [sample.tick_ns for sample, _ in zip(stream, range(40))]
        assert (ticks[-1] - ticks[0]) / 39e6 == pytest.approx(5, rel=0.3)
        assert TOKEN not in pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
    with monitor(*fast) as (_, address), stub(wire, address) as calls:
        stream = calls.StreamSamples(pb.SamplesRequest(), timeout=20)
        ticks = [sample.tick_ns for sample, _ in zip(stream, range(20))]
        assert min(b - a for a, b in zip(ticks, ticks[1:])) >= 45e6
    refused = subprocess.run([BIN / "ipw-monitor", "--bind", "0.0.0.0", "--port", "0"], capture_output=True, text=True,
                             timeout=20)
    assert refused.returncode == 2 and "--token-file" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_P8_another_user_of_the_socket_is_capped(wire, shared_folder):
    path = shared_folder / "m.sock"
    with monitor(*SIMULATED, "--collection-interval-ms", "5", where=["--socket", str(path)]) as (_, address):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(0o666)
        connection = socket.socket(socket.AF_UNIX)
        os.seteuid(65534)
        try:
            connection.connect(str(path))
        finally:
            os.seteuid(0)
        # A connection that somebody else made; a relay brings our client to it.
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=relay_bytes, args=(listener, connection), daemon=True).start()
        with stub(wire, f"127.0.0.1:{listener.getsockname()[1]}") as calls:
            stream = calls.StreamSamples(wire[0].SamplesRequest(), timeout=20)
            ticks = [sample.tick_ns for sample, _ in zip(stream, range(20))]
        with stub(wire, address) as calls:
            stream = calls.StreamSamples(wire[0].SamplesRequest(), timeout=20)
            own_ticks = [sample.tick_ns for sample, _ in zip(stream, range(20))]
    theirs_ms = min(b - a for a, b in zip(ticks, ticks[1:])) * 1e-6
    own_ms = (own_ticks[-1] - own_ticks[0]) / 19e6
    report_goal("P8", mode == 0o660 and theirs_ms >= 45 and own_ms < 10,
                f"socket 0660; sampled every 5 ms, another user gets {theirs_ms:.0f} ms and its own user {own_ms:.0f} ms")


def relay_bytes(listener, inner):
    outer, _ = listener.accept()

    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)

    threading.Thread(target=copy, args=(inner, outer), daemon=True).start()
    copy(outer, inner)
