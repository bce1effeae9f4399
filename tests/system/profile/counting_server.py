# SPDX-License-Identifier: Apache-2.0
"""An OpenAI-compatible server that gives one answer to all and remembers every prompt it was asked."""
import http.server
import json
import threading
import time


class CountingServer:
    """Serve on a free loopback port; `asked` holds the prompts in order of arrival, `seeds` each with its seed."""

    def __init__(self, delay_seconds=0.0, answer="42"):
        self.answer = answer
        self.asked, self.seeds, self.delay_seconds, self.dead = [], [], delay_seconds, False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.reply("application/json", json.dumps({"object": "list", "data": [{"id": "fake", "object": "model"}]}))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.seeds.append((body["messages"][-1]["content"], body.get("seed")))
                outer.asked.append(body["messages"][-1]["content"])
                time.sleep(outer.delay_seconds)
                if outer.dead:
                    self.close_connection = True
                    return
                chunks = [
                    {"choices": [{"index": 0, "delta": {"content": outer.answer}}]},
                    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}},
                ]
                self.reply("text/event-stream", "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n")

            def reply(self, kind, text):
                data = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                """A client that was killed in mid-request is what the test is about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def die(self):
        """Take no more connections and break those that are open at their next request."""
        self.dead = True
        self.server.shutdown()
        self.server.server_close()
