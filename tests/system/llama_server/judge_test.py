# SPDX-License-Identifier: Apache-2.0
"""A real llama-server answers questions in the shapes of mmlu-pro, math500 and simpleqa, and judges those that need it.

usage: judge_test.py IPW_PROGRAM MODELS_FOLDER. Needs the Python package xllamacpp and SmolLM2 among ipw's models.
Checked is the path, not the verdicts: a judge of this size knows little.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import run

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"

MMLU_PRO = [{"question_id": i, "question": f"What is {i} + {i}?", "options": [str(2 * i + k) for k in range(4)], "answer": "A", "answer_index": 0,
             "cot_content": "", "category": "math", "src": "made"} for i in range(1, 4)]
MATH = [{"problem": f"What is ${i}^2$?", "answer": str(i * i), "subject": "Algebra", "level": 1, "unique_id": f"made/{i}"} for i in range(2, 5)]
SIMPLEQA = [("What is the capital of France?", "Paris"), ("Which planet is the third from the Sun?", "Earth"), ("Who wrote Hamlet?", "Shakespeare")]


def tables(folder):
    """The three tables in their published schemas."""
    paths = {"mmlu-pro": folder / "mmlu_pro.jsonl", "math500": folder / "math.jsonl", "simpleqa": folder / "simple_qa.csv"}
    paths["mmlu-pro"].write_text("".join(json.dumps(row) + "\n" for row in MMLU_PRO), encoding="utf-8")
    paths["math500"].write_text("".join(json.dumps(row) + "\n" for row in MATH), encoding="utf-8")
    lines = [f"\"{{'topic': 'made'}}\",{question},{answer}\n" for question, answer in SIMPLEQA]
    paths["simpleqa"].write_text("metadata,problem,answer\n" + "".join(lines), encoding="utf-8")
    return paths


def profile(program, folder, address, dataset, table):
    """Profile and judge with the same server; the summary and the queries' last verdicts."""
    extra = ["--dataset-param", "shots=0"] if dataset == "mmlu-pro" else []
    command = [program, "profile", "--client", "openai", "--client-base-url", address, "--model", "judge", "--dataset", dataset,
               "--dataset-param", f"path={table}", *extra, "--eval-client", "openai", "--eval-base-url", address + "/v1", "--eval-model", "judge",
               "--max-tokens", "64", "--temperature", "0", "--warmup-queries", "0", "--idle-seconds", "0", "--monitor", "none",
               "--collector", "simulated:watts=50", "--prices", str(table.parent / "prices.json"), "--output-dir", str(folder), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, (dataset, done.stdout, done.stderr)
    [run_folder] = folder.glob("profile_*")
    summary = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    verdicts = {}
    for line in (run_folder / "journal.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("evaluation"):
            verdicts[record["index"]] = record["evaluation"]
    return summary, verdicts


def check(program, server, scratch):
    paths = tables(scratch)
    prices = {"as_of": "2026-01-01", "currency": "USD", "models": [{"model": "judge", "input": 1.0, "output": 2.0}]}
    (scratch / "prices.json").write_text(json.dumps(prices), encoding="utf-8")
    for dataset, table in paths.items():
        summary, verdicts = profile(program, scratch / dataset, server.listening_address, dataset, table)
        assert len(verdicts) == 3, (dataset, verdicts)
        judged = (summary.get("scoring") or {}).get("judge")
        print(dataset, json.dumps(summary.get("scoring")), {i: (v.get("correct"), v.get("reason")) for i, v in verdicts.items()}, flush=True)
        if dataset != "simpleqa":
            assert not judged, (dataset, "asked a judge", judged)
            assert all(v["correct"] is not None for v in verdicts.values()), verdicts
            continue
        assert judged["judgements"] == 3 and judged["cached"] == 0 and judged["failed"] < 3, judged
        assert judged["prompt_tokens"] > 0 and judged["cost_usd"] > 0, judged
        graded = [v for v in verdicts.values() if v["correct"] is not None]
        assert len(graded) == 3 - judged["failed"], (judged, verdicts)  # a failed judge is no wrong answer
    summary, again = profile(program, scratch / "again", server.listening_address, "simpleqa", paths["simpleqa"])
    judged = summary["scoring"]["judge"]
    assert judged["judgements"] == 3 and judged["cached"] == len(graded), judged
    assert all(again[i]["correct"] == v["correct"] for i, v in verdicts.items() if v in graded), (again, verdicts)
    print("the second run took its verdicts from the cache", flush=True)


def main() -> int:
    program, models = sys.argv[1], pathlib.Path(sys.argv[2])
    cache = pathlib.Path(os.environ.get("IPW_CACHE") or pathlib.Path.home() / ".cache" / "ipw")
    found = cache / "models" / SMOLLM2
    assert found.is_file(), f"{SMOLLM2} is not among ipw's models: fetch it with `ipw models fetch smollm2-135m-instruct`"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["IPW_CACHE"] = scratch + "/cache"
        model = pathlib.Path(scratch) / "judge.gguf"
        model.symlink_to(found)
        server = run.serve(model, 2, 2048, penalty_repeat=1.3)  # else so small a model repeats itself to the limit
        try:
            check(program, server, pathlib.Path(scratch))
        finally:
            del server
    return 0


if __name__ == "__main__":
    sys.exit(main())
