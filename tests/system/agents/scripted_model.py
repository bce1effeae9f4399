# SPDX-License-Identifier: Apache-2.0
"""Models with OpenAI's chat completions that say what a test wants, whole or streamed as they are asked."""
import http.server
import json
import threading


class Model:
    """Serve on a free loopback port; `answer(turn, body)` gives a message, where `turn` counts the replies that the conversation has.

    Token counts differ from call to call, so that a lost call shows in the sums.
    """

    def __init__(self, answer):
        outer = self
        self.answer, self.calls = answer, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.reply(json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.calls += 1
                turn = sum(message["role"] == "assistant" for message in body["messages"])
                message = {"role": "assistant", **outer.answer(turn, body)}
                usage = {"prompt_tokens": 100 + 7 * turn, "completion_tokens": 11 + turn, "total_tokens": 111 + 8 * turn}
                (self.stream if body.get("stream") else self.whole)(message, usage)

            def whole(self, message, usage):
                reason = "tool_calls" if message.get("tool_calls") else "stop"
                self.reply(json.dumps({"id": f"c{outer.calls}", "object": "chat.completion", "created": 0, "model": "scripted", "usage": usage,
                                       "choices": [{"index": 0, "finish_reason": reason, "message": message}]}))

            def stream(self, message, usage):
                text = message.get("content") or ""
                deltas = [{"content": text[i:i + 16]} for i in range(0, len(text), 16)]
                for i, call in enumerate(message.get("tool_calls", [])):
                    deltas.append({"tool_calls": [{"index": i, **call}]})
                events = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
                events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if message.get("tool_calls") else "stop"}]})
                events.append({"choices": [], "usage": usage})
                self.reply("".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n", "text/event-stream")

            def reply(self, text, kind="application/json"):
                data = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class ScriptedModel(Model):
    """Calls the tool `bash` with given commands, one an answer; then says `answer`, or repeats the last command where there is none."""

    def __init__(self, commands, answer=None):
        def next_message(turn, _):
            if answer and turn >= len(commands):
                return {"content": answer}
            command = commands[min(turn, len(commands) - 1)]
            call = {"id": f"call_{turn}", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": command})}}
            return {"content": f"Step {turn}.", "tool_calls": [call]}

        super().__init__(next_message)


class TalkingModel(Model):
    """Says one text after another, the last one for ever."""

    def __init__(self, texts):
        super().__init__(lambda turn, _: {"content": texts[min(turn, len(texts) - 1)]})
