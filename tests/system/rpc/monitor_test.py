# SPDX-License-Identifier: Apache-2.0
"""Our monitor read by a client of the original's protocol, and a monitor of the original read by our client."""
import concurrent.futures
import contextlib
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import time

import grpc
import pytest
from grpc_tools import protoc

from running import BIN, SIMULATED, counting_package, monitor

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="session")
def wire(tmp_path_factory):
    """The modules generated from the original's messages."""
    out = tmp_path_factory.mktemp("wire")
    assert protoc.main(["protoc", f"-I{HERE}", f"--python_out={out}", f"--grpc_python_out={out}",
                        str(HERE / "original.proto")]) == 0
    sys.path.insert(0, str(out))
    import original_pb2
    import original_pb2_grpc
    return original_pb2, original_pb2_grpc


def readings(wire, address, count):
    pb, services = wire
    with grpc.insecure_channel(address) as channel:
        stream = services.EnergyMonitorStub(channel).StreamTelemetry(pb.StreamRequest(), timeout=60)
        return [next(stream) for _ in range(count)]


def health(wire, address):
    pb, services = wire
    with grpc.insecure_channel(address) as channel:
        return services.EnergyMonitorStub(channel).Health(pb.HealthRequest(), timeout=10)


def test_a_client_of_the_original_reads_power_and_energy(wire):
    with monitor(*SIMULATED) as (_, address):
        got = readings(wire, address, 60)
        assert health(wire, address).healthy
    first, last = got[20], got[-1]
    seconds = (last.timestamp_nanos - first.timestamp_nanos) * 1e-9
    assert (last.energy_joules - first.energy_joules) / seconds == pytest.approx(50, rel=0.03)
    assert abs(last.timestamp_nanos * 1e-9 - time.time()) < 10
    assert all(b.energy_joules >= a.energy_joules >= 0 for a, b in zip(got, got[1:]) if a.energy_joules != -1)


def test_unknown_is_minus_one_and_never_nan(wire):
    with monitor(*SIMULATED) as (_, address):
        last = readings(wire, address, 10)[-1]
    for name in ["cpu_power_watts", "cpu_energy_joules", "ane_power_watts", "ane_energy_joules",
                 "gpu_tensor_core_utilization_pct", "temperature_celsius"]:
        assert getattr(last, name) == -1, name
    numbers = [value for field, value in last.ListFields() if field.type == field.TYPE_DOUBLE]
    assert all(math.isfinite(value) for value in numbers)


def test_M28_M29_the_processor_is_named_and_host_memory_reported(wire):
    with monitor("--collector", "host") as (_, address):
        last = readings(wire, address, 20)[-1]
        assert not health(wire, address).healthy
    assert last.platform == "null"
    assert last.cpu_memory_usage_mb > 1
    assert last.system_info.cpu_brand not in ("", "Unknown CPU")
    assert last.system_info.cpu_count == os.cpu_count()


def test_M11_rapl_without_an_accelerator(wire, tmp_path):
    with counting_package(tmp_path, 30), monitor("--sysfs-root", str(tmp_path), "--collector", "rapl") as (_, address):
        got = readings(wire, address, 50)
        state = health(wire, address)
    assert (state.healthy, state.platform) == (True, "rapl")
    seconds = (got[-1].timestamp_nanos - got[20].timestamp_nanos) * 1e-9
    assert (got[-1].cpu_energy_joules - got[20].cpu_energy_joules) / seconds == pytest.approx(30, rel=0.1)
    assert got[-1].energy_joules == -1


def test_M16_two_clients_see_the_same_series(wire):
    with monitor(*SIMULATED) as (_, address), concurrent.futures.ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: readings(wire, address, 40), range(2))
    energy = {reading.timestamp_nanos: reading.energy_joules for reading in one}
    common = [reading for reading in other if reading.timestamp_nanos in energy]
    assert len(common) > 20
    assert all(reading.energy_joules == energy[reading.timestamp_nanos] for reading in common)


def test_C20_the_interval_sets_the_rate(wire, tmp_path):
    for interval in (20, 100):
        where = ["--socket", str(tmp_path / "m.sock")]
        with monitor(*SIMULATED, "--collection-interval-ms", str(interval), where=where) as (_, address):
            got = readings(wire, address, 21)
        milliseconds = (got[-1].timestamp_nanos - got[0].timestamp_nanos) * 1e-6 / 20
        assert milliseconds == pytest.approx(interval, rel=0.25)


def test_M25_a_client_that_does_not_read_grows_no_memory(wire):
    pb, services = wire

    def resident(pid):
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    with monitor(*SIMULATED, "--collection-interval-ms", "1") as (process, address):
        with grpc.insecure_channel(address) as channel:
            stream = services.EnergyMonitorStub(channel).StreamTelemetry(pb.StreamRequest())
            next(stream)
            time.sleep(3)
            before = resident(process.pid)
            time.sleep(6)
            assert resident(process.pid) - before < 4 << 20
            assert len(readings(wire, address, 10)) == 10
            stream.cancel()


def test_the_monitor_ends_cleanly_and_says_what_went_wrong(tmp_path):
    for end in (signal.SIGTERM, signal.SIGINT):
        with monitor(*SIMULATED) as (process, address):
            process.send_signal(end)
            assert process.wait(10) == 0
    with monitor(*SIMULATED) as (_, address):
        taken = subprocess.run([BIN / "ipw-monitor", "--port", address.split(":")[1], *SIMULATED],
                               capture_output=True, text=True, timeout=20)
    assert taken.returncode == 1 and "hint:" in taken.stderr
    assert subprocess.run([BIN / "ipw-monitor", "--port", "x"], capture_output=True).returncode == 2
    bad = subprocess.run([BIN / "ipw-monitor", "--collector", "nonsense"], capture_output=True, text=True)
    assert bad.returncode == 2 and "nonsense" in bad.stderr


def read_with_ipw(address, seconds):
    done = subprocess.run([BIN.parent / "bin" / "read_monitor", address, str(seconds)], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_our_client_reads_our_monitor_over_a_socket(tmp_path):
    process = subprocess.Popen([BIN / "ipw-monitor", "--socket", tmp_path / "m.sock", *SIMULATED],
                               stderr=subprocess.PIPE, text=True)
    try:
        while "listening" not in process.stderr.readline():
            pass
        got = read_with_ipw(f"unix:{tmp_path}/m.sock", 2)
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()
    assert got["domains"]["simulated-0"]["joules"] == pytest.approx(100, rel=0.02)
    assert got["problems"] == []


@contextlib.contextmanager
def original_monitor(wire, reading_at, readings_per_stream=10**9):
    """A monitor that knows the original's messages only; it sends 100 W and what `reading_at` adds."""
    pb, services = wire
    start = time.time()

    class Service(services.EnergyMonitorServicer):
        def Health(self, request, context):
            return pb.HealthResponse(healthy=True, platform="nvidia")

        def StreamTelemetry(self, request, context):
            for i in range(readings_per_stream):
                if not context.is_active():
                    return
                now = time.time()
                reading = pb.TelemetryReading(
                    platform="nvidia", timestamp_nanos=int(now * 1e9), power_watts=100, energy_joules=(now - start) * 100,
                    cpu_power_watts=-1, cpu_energy_joules=-1, temperature_celsius=-1, cpu_memory_usage_mb=2048)
                reading.system_info.host_name = "elsewhere"
                reading_at(i, reading)
                yield reading
                time.sleep(0.05)

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    services.add_EnergyMonitorServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0)


def test_our_client_reads_a_monitor_of_the_original(wire):
    with original_monitor(wire, lambda i, reading: None) as address:
        got = read_with_ipw(address, 3)
    assert list(got["domains"]) == ["gpu"]
    assert got["domains"]["gpu"]["joules"] == pytest.approx(300, rel=0.03)
    assert got["domains"]["gpu"]["scope"] == "accelerator"
    assert got["host"] == "elsewhere"
    assert got["cpu_memory_mb"] == 2048
    assert "temperature" not in got


def test_M22_nan_of_an_original_monitor_enters_no_figure(wire):
    def poison(i, reading):
        if i % 3 == 1:
            reading.energy_joules = math.nan
            reading.temperature_celsius = math.inf
        else:
            reading.temperature_celsius = 60

    with original_monitor(wire, poison) as address:
        got = read_with_ipw(address, 3)
    assert got["domains"]["gpu"]["joules"] == pytest.approx(300, rel=0.05)
    assert got["temperature"] == 60
    assert any("sends no value" in problem for problem in got["problems"])


def test_M21_a_stream_that_ends_is_told_and_opened_again(wire):
    with original_monitor(wire, lambda i, reading: None, readings_per_stream=20) as address:
        got = read_with_ipw(address, 3)
    assert any("lost" in problem for problem in got["problems"])
    assert got["domains"]["gpu"]["joules"] == pytest.approx(300, rel=0.05)
