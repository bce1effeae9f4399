# SPDX-License-Identifier: Apache-2.0
"""Stands in for `vllm` and `ollama`: checks the arguments that it is started with and speaks their API. Started by ipw from a folder on PATH.

STAND_IN_LOG: a file that gets a line of JSON for each start and each model that is asked.
STAND_IN_MODE: dies (says why and ends), silent (never listens), deaf (silent, and ignores SIGTERM), other (serves another model).
"""
import argparse
import http.server
import json
import os
import pathlib
import signal
import sys
import time


def log(what):
    with open(os.environ["STAND_IN_LOG"], "a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


def arguments(name, argv):
    """(host, port, model) as the real program would read them; a word that it does not know ends it."""
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    parser.add_argument("action", choices=["serve"])
    if name == "vllm":
        parser.add_argument("model")
        parser.add_argument("--host")
        parser.add_argument("--port", type=int)
        parser.add_argument("--gpu-memory-utilization", type=float)
        for number in ("--tensor-parallel-size", "--max-model-len", "--max-num-seqs"):
            parser.add_argument(number, type=int)
        given = parser.parse_args(argv)
        return given.host, given.port, given.model
    parser.parse_args(argv)
    host, port = os.environ["OLLAMA_HOST"].rsplit(":", 1)
    return host, int(port), None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    models = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/v1/models":
            self.send(200, json.dumps({"object": "list", "data": [{"id": m, "object": "model"} for m in self.models]}))
        elif self.path == "/api/version":
            self.send(200, json.dumps({"version": "0.0"}))
        else:
            self.send(404, "{}")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        log({"path": self.path, "model": body["model"]})
        if self.path == "/api/pull":
            self.models.append(body["model"])
            self.send(200, '{"status": "pulling", "total": 10, "completed": 10}\n{"status": "success"}\n')
        elif body["model"] not in self.models:
            self.send(404, json.dumps({"error": {"message": f"no model {body['model']}"}}))
        elif self.path == "/api/generate":
            self.send(200, json.dumps({"response": "Hi"}))
        elif self.path == "/v1/chat/completions":
            self.chat(body)
        else:
            self.send(404, "{}")

    def chat(self, body):
        """An agent's model asks its sub-model first, then repeats what that said."""
        results = [m["content"] for m in body["messages"] if m["role"] == "tool"]
        deltas = [{"role": "assistant"}, {"content": f"{results[-1]} it is" if results else "42"}]
        if body.get("tools") and not results:
            call = {"name": "ask_model", "arguments": json.dumps({"prompt": "How many?"})}
            deltas[1] = {"tool_calls": [{"index": 0, "id": "c0", "type": "function", "function": call}]}
        usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
        if not body.get("stream"):
            self.send(200, json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}], "usage": usage}))
            return
        events = [{"choices": [{"index": 0, "delta": d}]} for d in deltas]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        events.append({"choices": [], "usage": usage})
        self.send(200, "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n", "text/event-stream")

    def send(self, status, text, kind="application/json"):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    name = pathlib.Path(sys.argv[0]).name
    host, port, model = arguments(name, sys.argv[1:])
    mode = os.environ.get("STAND_IN_MODE", "")
    log({"started": name, "argv": sys.argv[1:], "host": host, "port": port, "pid": os.getpid()})
    if mode == "dies":
        print("loading weights\nRuntimeError: out of memory", flush=True)
        sys.exit(7)
    if mode == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode in ("silent", "deaf"):
        print("still loading", flush=True)
        if os.fork() == 0:  # a worker of its own, which must not stay behind
            log({"worker": os.getpid()})
        while True:
            time.sleep(1)
    Handler.models = ["org/other"] if mode == "other" else [model] if model else []
    http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()

