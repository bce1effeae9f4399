#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `ipw run` itself takes of a core while 64 scripted tasks run at once, beyond the tasks' own programs.

usage: agent_harness.py IPW      goal: 5 % of a core

Each task asks its model once a second, as an agent does that mostly waits. The CPU is that of the ipw process alone, sensors and proxy and all;
its children, the tasks' programs, are not in it.
"""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

TASKS, ROUNDS, SETTLE, WINDOW = 64, 20, 4, 12
SCRIPT = f"""for i in $(seq {ROUNDS}); do sleep 1
curl -s -o /dev/null "$OPENAI_BASE_URL/chat/completions" -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \
-d '{{"model":"m","messages":[{{"role":"user","content":"go on"}}]}}'; done; echo done"""


class Model(http.server.BaseHTTPRequestHandler):
    """Answers every question at once."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}],
                     "usage": {"prompt_tokens": 9, "completion_tokens": 2}})

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def cpu_seconds(pid):
    """User and system time of a process without its children (proc(5))."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        tasks = pathlib.Path(folder, "tasks.jsonl")
        tasks.write_text("".join(json.dumps({"id": f"t{i}", "problem": "x", "answer": "done"}) + "\n" for i in range(TASKS)))
        words = ["run", "--agent", "command", "--sandbox", "none", "--agent-kwargs", json.dumps({"argv": ["sh", "-c", SCRIPT]}), "--model", "m",
                 "--client-base-url", f"http://127.0.0.1:{server.server_address[1]}/v1", "--dataset", "local", "--dataset-param", f"path={tasks}",
                 "--dataset-param", "options=none", "--concurrency", str(TASKS), "--max-turns", "100", "--output-dir", folder + "/runs", "--monitor", "none",
                 "--collector", "simulated:watts=50", "--idle-seconds", "0", "--quiet"]
        ipw = subprocess.Popen([sys.argv[1], *words], stdout=subprocess.DEVNULL)
        time.sleep(SETTLE)
        before, began = cpu_seconds(ipw.pid), time.monotonic()
        time.sleep(WINDOW)
        share = (cpu_seconds(ipw.pid) - before) / (time.monotonic() - began)
        if ipw.wait() != 0:
            sys.exit("the run failed")
    print(f"{TASKS} tasks at once, each a call a second: ipw itself took {100 * share:.1f} % of a core (goal 5 %)")


if __name__ == "__main__":
    main()
