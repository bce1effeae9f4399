# SPDX-License-Identifier: Apache-2.0
"""A server that behaves badly: liar_server.py WAY. It speaks the old revision and has one tool, `t`."""
import json
import os
import signal
import subprocess
import sys
import time

WAY = sys.argv[1]
TOOL = {"name": "t", "inputSchema": {"type": "object"}}
TOOLS = {"twice": [TOOL, TOOL], "schema": [{"name": "t", "inputSchema": 7}]}.get(WAY, [TOOL])


def say(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def called(number):
    """What the one tool does."""
    if WAY == "wrong-id":
        return say({"id": 4711, "result": {"content": []}})
    if WAY == "long-line":
        for _ in range(100):
            sys.stdout.write("x" * (1 << 20))
        return print(flush=True)
    if WAY == "malformed":
        return say({"id": number, "result": {"content": "text"}})
    if WAY == "crash":
        print("division by zero", file=sys.stderr)
        os._exit(4)
    if WAY == "asks":
        say({"id": "r", "method": "roots/list"})
        answer = json.loads(sys.stdin.readline())
        return say({"id": number, "result": {"content": [{"type": "text", "text": str(answer["error"]["code"])}]}})
    if WAY == "stall":
        return None
    return say({"id": number, "result": {"content": [{"type": "text", "text": "fine"}]}})


def main():
    if WAY == "at-once":
        sys.exit("no such database")
    if WAY == "babble":
        print("Welcome!\nlistening on stdio", flush=True)
    if WAY == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL)
        print(f"{os.getpid()} {child.pid}", file=sys.stderr)
    for line in sys.stdin:
        message = json.loads(line)
        if message["method"] == "initialize":
            say({"id": message["id"], "result": {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "liar", "version": "0"}}})
        elif message["method"] == "tools/list":
            say({"id": message["id"], "result": {"tools": TOOLS}})
        elif message["method"] == "tools/call":
            called(message["id"])
        elif message["method"] == "notifications/cancelled":
            with open(os.environ["CANCELLED"], "w", encoding="utf-8") as file:
                json.dump(message["params"], file)
        elif "id" in message:
            say({"id": message["id"], "error": {"code": -32601, "message": "no such method"}})
    while WAY == "stubborn":
        time.sleep(1)


main()
