# SPDX-License-Identifier: Apache-2.0
"""A model with OpenAI's chat completions that calls the tool `bash` with given commands, one an answer, for each conversation anew."""
import http.server
import json
import threading


class ScriptedModel:
    """Serve on a free loopback port. Token counts differ from call to call, so that a lost call shows in the sums."""

    def __init__(self, commands):
        outer = self
        self.commands, self.calls = commands, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.reply({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.calls += 1
                turn = sum(message["role"] == "assistant" for message in body["messages"])
                command = outer.commands[min(turn, len(outer.commands) - 1)]
                call = {"id": f"call_{turn}", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": command})}}
                usage = {"prompt_tokens": 100 + 7 * turn, "completion_tokens": 11 + turn, "total_tokens": 111 + 8 * turn}
                message = {"role": "assistant", "content": f"Step {turn}.", "tool_calls": [call]}
                self.reply({"id": f"c{outer.calls}", "object": "chat.completion", "created": 0, "model": "scripted", "usage": usage,
                            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]})

            def reply(self, value):
                data = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
