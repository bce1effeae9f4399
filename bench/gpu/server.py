#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An OpenAI-compatible server whose model has the shape of Llama 3.2 1B and random weights, for energy checks.

The work of prefill and decode is real, the answers are noise. Needs PyTorch and transformers; nothing is downloaded.

usage: server.py [PORT] [--device cpu] [--layers N]
Prints "listening on PORT" when the model is loaded.
"""
import argparse
import http.server
import json
import threading
import zlib

import torch
import transformers

WORDS = 32000


def load_model(device, layers):
    config = transformers.LlamaConfig(
        vocab_size=WORDS, hidden_size=2048, intermediate_size=8192, num_hidden_layers=layers,
        num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=8192)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        return transformers.LlamaForCausalLM(config).eval()


class Engine:
    """Steps of several requests take turns on the device."""

    def __init__(self, model, device):
        self.model, self.device, self.turn = model, device, threading.Lock()

    @torch.inference_mode()
    def step(self, tokens, cache):
        with self.turn:
            out = self.model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
            token = out.logits[:, -1].argmax(dim=-1, keepdim=True)
            return token, out.past_key_values, int(token)

    def generate(self, prompt, count):
        ids = [zlib.crc32(word.encode()) % WORDS for word in prompt.split()] or [0]
        tokens, cache = torch.tensor([ids], device=self.device), None
        for _ in range(count):
            tokens, cache, number = self.step(tokens, cache)
            yield number


def make_handler(engine):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, body, kind="application/json"):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(json.dumps({"object": "list", "data": [{"id": "random-1b", "object": "model"}]}).encode())

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = " ".join(str(message["content"]) for message in request["messages"])
            count = request.get("max_completion_tokens") or request.get("max_tokens") or 64
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for number in engine.generate(prompt, count):
                self.event({"choices": [{"index": 0, "delta": {"content": f" w{number}"}}]})
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
            used = {"prompt_tokens": len(prompt.split()), "completion_tokens": count}
            self.event({"choices": [], "usage": {**used, "total_tokens": sum(used.values())}})
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

        def event(self, fields):
            fields = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "model": "random-1b", **fields}
            self.wfile.write(b"data: " + json.dumps(fields).encode() + b"\n\n")
            self.wfile.flush()

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--layers", type=int, default=16)
    options = parser.parse_args()
    engine = Engine(load_model(options.device, options.layers), options.device)
    for _ in engine.generate("a b c", 8):
        pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), make_handler(engine))
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
