# SPDX-License-Identifier: Apache-2.0
"""Vectors of a GGUF model in ipw are those that a real llama-server gives of it, and a search by them finds the text itself.

usage: embedding_test.py IPW_PROGRAM MODELS_FOLDER FIXTURES_FOLDER. Needs the Python package xllamacpp, which runs llama-server's HTTP endpoints.
"""
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import urllib.request

import xllamacpp

TEXTS = ["What is 647 + 182?", "Which rhymes with cat?", "the third text has a few words more than the others have", "Grüße, 東京 \U0001f600", "x"]


def serve(model, pooling):
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 512
    params.n_batch = params.n_ubatch = 512
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.embedding = True
    params.pooling_type = pooling
    return xllamacpp.Server(params)


def vectors_of_server(address, texts):
    request = urllib.request.Request(address + "/v1/embeddings", json.dumps({"model": "m", "input": texts}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        rows = json.load(response)["data"]
    return [row["embedding"] for row in sorted(rows, key=lambda row: row["index"])]


def search(program, cache, options, query):
    """One call of search_dense, in a process of its own."""
    server = {"command": program, "args": ["mcp", "serve", "--tool", "search_dense=" + json.dumps(options)], "env": {"IPW_CACHE": str(cache)}}
    done = subprocess.run([program, "mcp", "call", json.dumps(server), "search_dense", json.dumps({"query": query, "top_k": 2})],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def vectors_of_index(cache):
    """The numbers of the one index that is kept (docs/reference/retrieval.md)."""
    [path] = (cache / "indexes").glob("*.dense")
    data = path.read_bytes()
    assert data[:8] == b"IPW-DNSE", data[:8]
    chunks, dimensions = struct.unpack_from("<QQ", data, 80)
    numbers = struct.unpack_from(f"<{chunks * dimensions}f", data, 96)
    return [numbers[i * dimensions:(i + 1) * dimensions] for i in range(chunks)], data


def cosine(a, b):
    assert len(a) == len(b), (len(a), len(b))
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def check(program, scratch, model, pooling):
    documents = scratch / "documents.jsonl"
    documents.write_text("".join(json.dumps({"id": f"d{i}", "content": text}) + "\n" for i, text in enumerate(TEXTS)), encoding="utf-8")
    cache, other = scratch / (model.stem + "-1"), scratch / (model.stem + "-2")
    options = {"path": str(documents), "embedding_gguf": str(model)}
    for i, text in enumerate(TEXTS):
        found = search(program, cache, options, text)
        assert found.startswith(f"[1] d{i}#1 (score: 1.0000)"), (model.stem, text, found)
    ours, kept = vectors_of_index(cache)
    search(program, other, options, TEXTS[0])
    assert vectors_of_index(other)[1] == kept, f"{model.stem}: a second index has other bytes"
    server = serve(model, pooling)
    try:
        theirs = vectors_of_server(server.listening_address, TEXTS)
    finally:
        del server
    cosines = [cosine(a, b) for a, b in zip(ours, theirs)]
    print(model.stem, len(ours[0]), "numbers, cosines with llama-server's from", min(cosines), flush=True)
    assert min(cosines) > 0.9999, cosines
    assert max(cosine(ours[0], vector) for vector in ours[1:]) < 0.9999, f"{model.stem}: different texts have one vector"


def main() -> int:
    program, models, fixtures = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    mean, own = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_UNSPECIFIED
    home = pathlib.Path(os.environ.get("IPW_CACHE") or pathlib.Path.home() / ".cache" / "ipw")
    smollm2 = home / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert smollm2.is_file(), "SmolLM2 is not among ipw's models: fetch it with `ipw models fetch smollm2-135m-instruct`"
    with tempfile.TemporaryDirectory() as scratch:
        for model, pooling in ((models / "tiny-360k.gguf", mean), (smollm2, mean), (fixtures / "models" / "bert-tiny.gguf", own)):
            check(program, pathlib.Path(scratch), model, pooling)
    return 0


if __name__ == "__main__":
    sys.exit(main())
