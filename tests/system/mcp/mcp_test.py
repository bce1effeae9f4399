#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ipw mcp` with the official package on the other side, and with servers that lie: usage mcp_test.py PROGRAMS_FOLDER."""
import asyncio
import contextlib
import http.client
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

HERE = pathlib.Path(__file__).parent
PROGRAM = str(pathlib.Path(sys.argv[1]).absolute() / "ipw")
OFFICIAL = [sys.executable, str(HERE / "official_server.py")]
LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
MODERN = "2026-07-28"


def command(*words):
    return shlex.join(words)


def ipw(*words, status=0, **more):
    done = subprocess.run([PROGRAM, "mcp", *words], capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def spec(version="", **fields):
    """The official server as a program, or at an address, in a revision."""
    where = fields or {"command": OFFICIAL[0], "args": [OFFICIAL[1], "stdio"]}
    return json.dumps({**where, **({"version": version} if version else {})})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def official(kind, path="/mcp"):
    port = free_port()
    with subprocess.Popen([*OFFICIAL, kind, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}{path}"
        finally:
            server.kill()


@contextlib.contextmanager
def serving(*words):
    """Our server over HTTP; it must end by Ctrl-C."""
    with subprocess.Popen([PROGRAM, "mcp", "serve", *words, "--http", "0"], stderr=subprocess.PIPE, text=True) as server:
        url = server.stderr.readline().strip()
        try:
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=20) in (0, 130), server.stderr.read()


def post(url, body, **headers):
    host, path = url.removeprefix("http://").split("/", 1)
    with contextlib.closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request("POST", "/" + path, json.dumps(body), {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        text = response.read().decode()
    return response, json.loads(text) if text else None


class OurClient(unittest.TestCase):
    """Their server."""

    def check(self, where, version):
        listed = json.loads(ipw("tools", where, "--json").stdout)
        self.assertEqual(listed["protocol"], version)
        self.assertEqual(listed["server"], {"name": "official", "version": "7.1"})
        self.assertEqual(listed["instructions"], "Be exact.")
        (add,) = [t for t in listed["tools"] if t["name"] == "add"]
        self.assertEqual(add["inputSchema"]["required"], ["a", "b"])
        self.assertEqual(ipw("call", where, "add", '{"a": 40, "b": 2}').stdout, "42\n")
        self.assertIn("Error executing tool fail", ipw("call", where, "fail", status=1).stdout)
        self.assertIn("[image, image/png, 99 bytes", ipw("call", where, "picture").stdout)

    def test_A17_lists_and_calls_tools_of_a_program_in_every_revision(self):
        self.check(command(*OFFICIAL, "stdio"), MODERN)
        for version in [*LEGACY, MODERN]:
            with self.subTest(version):
                self.check(spec(version), version)

    def test_A17_lists_and_calls_tools_over_http_in_every_revision(self):
        for kind, versions in (("streamable-http", LEGACY), ("json", LEGACY[-1:])):
            with official(kind) as url:
                self.check(url, MODERN)
                for version in versions:
                    with self.subTest(kind + " " + version):
                        self.check(spec(version, url=url), version)

    def test_A17_speaks_with_servers_over_http_of_the_first_revision(self):
        with official("sse", "/sse") as url:
            self.check(url, LEGACY[-1])
            self.check(spec(LEGACY[0], url=url), LEGACY[0])
            done = ipw("call", url, "wait", '{"seconds": 20}', "--timeout", "0.5", status=1)
            self.assertIn("no answer within 0.5 s", done.stdout)

    def test_a_message_that_is_no_request_is_taken(self):
        with serving("--tool", "calculator") as url:
            hello = {"protocolVersion": LEGACY[-1], "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
            response, _ = post(url, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}, Accept="application/json, text/event-stream")
            headers = {"Mcp-Session-Id": response.getheader("Mcp-Session-Id"), "Accept": "application/json, text/event-stream"}
            response, _ = post(url, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "x"}}, **headers)
            self.assertEqual(response.status, 202)

    @unittest.skipIf(os.geteuid() != 0, "only root could take a folder from its owner")
    def test_a_workspace_of_somebody_else_stays_his(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chown(folder, 12345, 12345)
            done = ipw("serve", "--tool", "bash", "--workspace", folder, status=2)
            self.assertIn("is not a folder of root's own", done.stderr)
            self.assertEqual(os.stat(folder).st_uid, 12345)
        self.assertIn("is not a folder of root's own", ipw("serve", "--tool", "bash", "--workspace", "/", status=2).stderr)

    def test_a_server_gets_none_of_our_keys(self):
        names = ipw("call", spec(), "environment", env={**os.environ, "OPENAI_API_KEY": "sk-secret"}).stdout.split()
        self.assertNotIn("OPENAI_API_KEY", names)
        self.assertIn("PATH", names)
        given = spec(command=OFFICIAL[0], args=[OFFICIAL[1], "stdio"], env={"TOKEN": "x"})
        self.assertIn("TOKEN", ipw("call", given, "environment").stdout.split())

    def test_a_server_that_dies_in_a_call_is_said_to_have_and_the_call_is_not_repeated(self):
        done = ipw("call", spec(), "die", "--json", status=1)
        result = json.loads(done.stdout)
        self.assertTrue(result["failed"])
        self.assertIn("it ended with status 3", result["text"])

    def test_wrong_arguments_are_told(self):
        self.assertIn("validation error", ipw("call", spec(), "add", '{"a": "x"}', status=1).stdout)
        self.assertIn("must be a JSON object", ipw("call", spec(), "add", "[1]", status=1).stdout)
        self.assertIn("did you mean add", ipw("call", spec(), "ad", status=2).stderr)

    def test_over_http_a_time_out_and_an_absent_server_are_said(self):
        with official("streamable-http") as url:
            for version in (LEGACY[-1], MODERN):
                began = time.monotonic()
                done = ipw("call", spec(version, url=url), "wait", '{"seconds": 20}', "--timeout", "0.5", status=1)
                self.assertIn("no answer within 0.5 s", done.stdout)
                self.assertLess(time.monotonic() - began, 15)
            self.assertIn("HTTP 404", ipw("tools", url + "/elsewhere", status=1).stderr)
        self.assertIn("connect", ipw("tools", url, status=1).stderr)


class Liars(unittest.TestCase):
    """Servers that lie, crash and stall."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)

    def where(self, way):
        return json.dumps({"command": sys.executable, "args": [str(HERE / "liar_server.py"), way],
                           "env": {"CANCELLED": self.place.name + "/cancelled"}})

    def call(self, way, *more, status=1):
        return ipw("call", self.where(way), "t", "{}", *more, status=status).stdout

    def test_text_on_the_stream_of_messages_is_passed_over(self):
        self.assertEqual(self.call("babble", status=0), "fine\n")

    def test_requests_that_we_cannot_serve_are_refused(self):
        self.assertEqual(self.call("asks", status=0), "-32601\n")

    def test_an_answer_to_what_nobody_asked_is_named(self):
        self.assertIn("it answered 4711, which nobody had asked", self.call("wrong-id", "--timeout", "0.5"))

    def test_a_line_without_end_is_refused(self):
        self.assertIn("a line of more than 32 MiB", self.call("long-line"))

    def test_a_malformed_result_is_a_failure(self):
        self.assertIn("has no content", self.call("malformed"))

    def test_a_crash_is_told_with_the_last_words(self):
        self.assertIn("division by zero; it ended with status 4", self.call("crash"))

    def test_a_call_that_is_given_up_is_cancelled(self):
        self.assertIn("no answer within 0.5 s", self.call("stall", "--timeout", "0.5"))
        cancelled = json.loads(pathlib.Path(self.place.name, "cancelled").read_text())
        self.assertEqual(cancelled["reason"], "it took too long")

    def test_ctrl_c_cancels_the_call_and_ends_the_command(self):
        words = [PROGRAM, "mcp", "call", self.where("stall"), "t"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130)
        self.assertIn("stop", pathlib.Path(self.place.name, "cancelled").read_text())

    def test_lists_that_are_wrong_are_refused(self):
        self.assertIn("two tools are named 't'", ipw("tools", self.where("twice"), status=1).stderr)
        self.assertIn("inputSchema of 't'", ipw("tools", self.where("schema"), status=1).stderr)

    def test_a_server_that_does_not_start_is_an_error_with_its_own_words(self):
        self.assertIn("no such database", ipw("tools", self.where("at-once"), status=1).stderr)
        self.assertIn("cannot start /nowhere", ipw("tools", "/nowhere", status=1).stderr)
        self.assertIn("has no 'kommand'", ipw("tools", '{"kommand": "x"}', status=2).stderr)

    def test_nothing_is_left_of_a_server_that_will_not_end(self):
        log = self.place.name + "/pids"
        script = f"exec {shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'liar_server.py'))} stubborn 2>{shlex.quote(log)}"
        self.assertEqual(ipw("call", json.dumps({"command": "sh", "args": ["-c", script]}), "t").stdout, "fine\n")
        for pid in pathlib.Path(log).read_text().split():
            status = pathlib.Path("/proc", pid, "stat")
            self.assertTrue(not status.exists() or ") Z " in status.read_text(), pid)


class OurServer(unittest.IsolatedAsyncioTestCase):
    """Their client; the tools are those of their server, passed on by ours."""

    async def check(self, where, mode, version):
        async with Client(where, mode=mode) as client:
            self.assertEqual(client.protocol_version, version)
            names = [tool.name for tool in (await client.list_tools()).tools]
            self.assertIn("add", names)
            self.assertEqual((await client.call_tool("add", {"a": 1, "b": 2})).content[0].text, "3")
            self.assertTrue((await client.call_tool("fail", {})).is_error)
            with self.assertRaises(MCPError):
                await client.call_tool("absent", {})
            many = await asyncio.gather(*(client.call_tool("shout", {"text": f"n{i}"}) for i in range(50)))
            self.assertEqual([one.content[0].text for one in many], [f"N{i}" for i in range(50)])
            with self.assertRaises(MCPError):
                await client.call_tool("wait", {"seconds": 30}, read_timeout_seconds=0.3)
            self.assertEqual((await client.call_tool("add", {"a": 2, "b": 2})).content[0].text, "4")
            if mode == "legacy":
                await client.send_ping()

    async def test_A17_serves_tools_over_its_streams(self):
        parameters = StdioServerParameters(command=PROGRAM, args=["mcp", "serve", command(*OFFICIAL, "stdio")])
        for mode, version in (("legacy", LEGACY[-1]), ("auto", MODERN), (MODERN, MODERN)):
            with self.subTest(mode):
                await self.check(stdio_client(parameters), mode, version)

    async def test_A17_serves_tools_of_ours(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ["--tool", "calculator", "--tool", "bash", "--workspace", folder]
            with serving(*words) as url:
                for where in (url, stdio_client(StdioServerParameters(command=PROGRAM, args=["mcp", "serve", *words]))):
                    async with Client(where) as client:
                        self.assertEqual([tool.name for tool in (await client.list_tools()).tools], ["calculator", "bash"])
                        self.assertEqual((await client.call_tool("calculator", {"expression": "2^10"})).content[0].text, "1024")
                        self.assertTrue((await client.call_tool("calculator", {"expression": "2 +"})).is_error)
                        self.assertFalse((await client.call_tool("bash", {"command": "echo one >>kept"})).is_error)
            self.assertEqual(pathlib.Path(folder, "kept").read_text(), "one\none\n")

    async def test_A17_serves_tools_over_http(self):
        with serving(command(*OFFICIAL, "stdio")) as url:
            for mode, version in (("legacy", LEGACY[-1]), ("auto", MODERN), (MODERN, MODERN)):
                with self.subTest(mode):
                    await self.check(url, mode, version)


class Wire(unittest.TestCase):
    """What our server says, byte by byte."""

    INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}}
    META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}

    def test_the_streams_carry_nothing_but_messages_and_end_with_the_input(self):
        lines = [self.INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, "no message",
                 {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1, "b": 1}}}]
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        done = ipw("serve", command(*OFFICIAL, "stdio"), input=text)
        replies = {reply["id"]: reply for reply in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(replies[1]["result"]["protocolVersion"], "2025-06-18")
        self.assertEqual(replies[None]["error"]["code"], -32700)
        self.assertEqual(replies[2]["result"]["content"], [{"type": "text", "text": "2"}])

    def test_ctrl_c_ends_it(self):
        words = [PROGRAM, "mcp", "serve", command(*OFFICIAL, "stdio")]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(json.dumps(self.INITIALIZE).encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=10), 0)

    def test_web_pages_of_others_are_refused(self):
        with serving(command(*OFFICIAL, "stdio")) as url:
            for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
                response, _ = post(url, self.INITIALIZE, **headers)
                self.assertEqual(response.status, 403, headers)
            response, _ = post(url, self.INITIALIZE, Origin="http://localhost:3000")
            self.assertEqual(response.status, 200)

    def test_Z8_it_listens_on_loopback_unless_asked_otherwise(self):
        with serving(command(*OFFICIAL, "stdio")) as url:
            self.assertTrue(url.startswith("http://127.0.0.1:"), url)
            port = f"{int(url.split(':')[2].split('/')[0]):04X}"
            rows = [row.split() for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            self.assertEqual([row[1] for row in rows if row[1].endswith(":" + port) and row[3] == "0A"], ["0100007F:" + port])

    def test_a_session_begins_with_a_handshake_and_ends_when_it_is_deleted(self):
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        with serving(command(*OFFICIAL, "stdio")) as url:
            self.assertEqual(post(url, ping)[0].status, 400)
            self.assertEqual(post(url, ping, **{"Mcp-Session-Id": "guess"})[0].status, 404)
            response, _ = post(url, self.INITIALIZE)
            session = {"Mcp-Session-Id": response.getheader("Mcp-Session-Id")}
            self.assertEqual(post(url, ping, **session)[1], {"jsonrpc": "2.0", "id": 2, "result": {}})
            self.assertEqual(post(url, {"jsonrpc": "2.0", "method": "notifications/initialized"}, **session)[0].status, 202)
            self.assertEqual(post(url, ping, **session, **{"MCP-Protocol-Version": "1.0"})[0].status, 400)
            with contextlib.closing(http.client.HTTPConnection(url.split("/")[2])) as connection:
                for method, status in (("GET", 405), ("DELETE", 200), ("DELETE", 404)):
                    connection.request(method, "/mcp", headers=session)
                    response = connection.getresponse()
                    response.read()
                    self.assertEqual(response.status, status, method)
            self.assertEqual(post(url, ping, **session)[0].status, 404)

    def test_modern_headers_must_agree_with_the_body(self):
        ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1, "b": 2}, "_meta": self.META}}
        good = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "add"}
        with serving(command(*OFFICIAL, "stdio")) as url:
            response, body = post(url, ask, **good)
            self.assertEqual((response.status, body["result"]["resultType"]), (200, "complete"))
            for wrong in ({"Mcp-Name": "shout"}, {"Mcp-Method": "tools/list"}, {"MCP-Protocol-Version": "2025-06-18"}):
                response, body = post(url, ask, **{**good, **wrong})
                self.assertEqual((response.status, body["error"]["code"]), (400, -32020), wrong)
            response, body = post(url, {**ask, "method": "prompts/list"}, **{**good, "Mcp-Method": "prompts/list"})
            self.assertEqual((response.status, body["error"]["code"]), (404, -32601))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
