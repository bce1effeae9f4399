# SPDX-License-Identifier: Apache-2.0
"""Profile a real llama-server with `ipw profile` and compare with its own counts and with the in-process client.

usage: profile_test.py IPW_PROGRAM MODELS_FOLDER. Needs the Python package xllamacpp and SmolLM2 among ipw's models.
"""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

import run

QUESTIONS = 240
# What the model card says: percent right, and how many greedy answers must be the recorded ones. One question of the
# smallest model is nearly a tie between two tokens.
MODEL_CARD = {"tiny-36k": (43.8, 239), "tiny-360k": (85.4, 240), "tiny-840k": (87.1, 240)}
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
FEW = 6


def check(failures, holds, *message):
    """Note a failure and go on, so that one run shows all of them."""
    if not holds:
        failures.append(" ".join(map(str, message)))


@contextlib.contextmanager
def served(model, parallel, context=512):
    """A llama-server with its metrics on; yields its address."""
    server = run.serve(model, parallel, context, metrics=True)
    try:
        yield server.listening_address
    finally:
        del server


def profile(program, folder, *options):
    """Run `ipw profile` into a folder; return its journal's queries by index."""
    command = [program, "profile", *options, "--output-dir", str(folder), "--temperature", "0", "--warmup-queries", "0",
               "--idle-seconds", "0", "--monitor", "none", "--collector", "simulated:watts=50", "--quiet", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        raise RuntimeError(f"ipw profile ended with {result.returncode}: {result.stderr}")
    [journal] = folder.glob("profile_*/journal.jsonl")
    records = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    queries = [record for record in records if record["type"] == "query"]
    by_index = {query["index"]: query for query in queries}
    assert len(by_index) == len(queries), "a question is twice in the journal"
    return by_index


def over_http(program, folder, address, name, concurrency, *options):
    """Profile a model behind a server; no probe, so that the server's totals are those of the questions alone."""
    return profile(program, folder, "--client", "openai", "--client-base-url", address, "--model", name,
                   "--client-param", "probe=false", "--concurrency", str(concurrency), *options)


def in_process(program, folder, model, *options):
    """Profile the same file inside ipw, with as many threads as the server has and, like it, without flash attention."""
    return profile(program, folder, "--client", "llamacpp", "--model", str(model), "--client-param", "threads=1",
                   "--client-param", "flash_attention=false", *options)


def server_totals(address):
    """The prompt and completion tokens that the server has counted since it started."""
    with urllib.request.urlopen(address + "/metrics", timeout=30) as answer:
        text = answer.read().decode()
    names = ("llamacpp:prompt_tokens_total", "llamacpp:tokens_predicted_total")
    return tuple(int(float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])) for name in names)


def check_finished(failures, label, queries, count):
    """Every question has an answer and none failed."""
    check(failures, sorted(queries) == list(range(count)), label, "has", len(queries), "of", count, "questions")
    for query in queries.values():
        good = not query.get("failure") and query.get("finish_reason") in ("stop", "length") and query.get("response")
        check(failures, good, label, "question", query["index"], "did not finish:", query)


def check_server_counts(failures, label, queries, totals):
    """Each question's tokens are those of the server's last message; their sums are those of its metrics."""
    for query in queries.values():
        server, tokens = json.loads(query["server_timings"]), query["tokens"]
        ours, usage, timings = (tokens["input"], tokens["output"]), server["usage"], server["timings"]
        theirs = (usage["prompt_tokens"], usage["completion_tokens"])
        timed = (timings["prompt_n"] + timings["cache_n"], timings["predicted_n"])
        check(failures, ours == theirs == timed and tokens["source"] == "server", label, "question", query["index"],
              "tokens", tokens, "usage", theirs, "timings", timed)
    sums = tuple(sum(query["tokens"][kind] for query in queries.values()) for kind in ("input", "output"))
    check(failures, sums == totals, label, "token sums", sums, "and the server's metrics", totals)


def check_card(failures, label, queries, name):
    """Accuracy and greedy answers are those of the model card."""
    percent, least = MODEL_CARD[name]
    right = 100 * sum(query["evaluation"]["correct"] for query in queries.values()) / QUESTIONS
    check(failures, abs(right - percent) <= 0.5, label, "accuracy", right, "but the model card says", percent)
    equal = sum(query["response"] == json.loads(query["dataset_metadata"])["greedy"][name]
                for query in queries.values())
    check(failures, equal >= least, label, "only", equal, "answers are those recorded")
    print(f"{label}: accuracy {right:.2f} %, {equal} greedy answers as recorded", flush=True)


def check_same(failures, label, queries, local, least):
    """The server's prompts are as long as the in-process ones, and at least some number of answers are equal."""
    both = [(query, local[index]) for index, query in queries.items() if index in local]
    for query, other in both:
        check(failures, query["tokens"]["input"] == other["tokens"]["input"], label, "question", query["index"],
              "prompt tokens", query["tokens"], "in-process", other["tokens"])
        if query["response"] == other["response"]:
            check(failures, query["tokens"]["output"] == other["tokens"]["output"], label, "question", query["index"],
                  "same answer, other length", query["tokens"], other["tokens"])
    equal = sum(query["response"] == other["response"] for query, other in both)
    check(failures, equal >= least, label, "only", equal, "answers are those of the in-process client")
    print(f"{label}: {equal} of {len(both)} answers as in-process", flush=True)


def check_tiny(failures, program, model, questions, folder):
    """One tiny model on all of its questions: in-process, and over HTTP with concurrency 1 and 8."""
    name = model.stem
    options = ("--dataset", "local", "--dataset-param", f"path={questions}")
    local = in_process(program, folder / "local", model, *options)
    check_finished(failures, f"{name} in-process", local, QUESTIONS)
    check_card(failures, f"{name} in-process", local, name)
    for concurrency in (1, 8):
        label = f"{name} concurrency {concurrency}"
        with served(model, concurrency) as address:
            queries = over_http(program, folder / f"c{concurrency}", address, name, concurrency, *options)
            totals = server_totals(address)
        check_finished(failures, label, queries, QUESTIONS)
        check_server_counts(failures, label, queries, totals)
        check_card(failures, label, queries, name)
        check_same(failures, label, queries, local, QUESTIONS - 1)


def check_smollm2(failures, program, folder):
    """A few questions of ipw-mini with a model of ordinary make; its quantised arithmetic need not give equal texts."""
    cache = pathlib.Path(os.environ.get("IPW_CACHE") or pathlib.Path.home() / ".cache" / "ipw")
    model = cache / "models" / SMOLLM2
    if not model.exists():
        failures.append(f"{SMOLLM2} is not among ipw's models: fetch it with `ipw models fetch smollm2-135m-instruct`")
        return
    options = ("--dataset", "ipw-mini", "--max-queries", str(FEW), "--max-tokens", "32")
    local = in_process(program, folder / "local", model, *options)
    with served(model, 1, 2048) as address:
        queries = over_http(program, folder / "c1", address, model.stem, 1, *options)
        totals = server_totals(address)
    check_finished(failures, "SmolLM2 in-process", local, FEW)
    check_finished(failures, "SmolLM2", queries, FEW)
    check_server_counts(failures, "SmolLM2", queries, totals)
    check_same(failures, "SmolLM2", queries, local, 0)


def main():
    """Run everything; print what failed."""
    program, models = sys.argv[1], pathlib.Path(sys.argv[2])
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for name in MODEL_CARD:
            check_tiny(failures, program, models / f"{name}.gguf", models / "questions.jsonl",
                       pathlib.Path(folder, name))
        check_smollm2(failures, program, pathlib.Path(folder, "smollm2"))
    for failure in failures[:50]:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
