#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `mmlu-pro`, and the official figure of `ipw score`, with the functions of the official script.

usage: compare_mmlu_pro.py SCORE_LINES IPW COMPUTE_ACCURACY_PY [PUBLISHED.json ...]

6000 generated answers, and the published answers of each further file (eval_results of github.com/TIGER-AI-Lab/MMLU-Pro, unpacked). Exit
status 1 when one answer is read differently or a figure differs.
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import sides

LEADS = ["The answer is ", "the answer is (", "The answer is **", "Answer: ", "answer:", "ANSWER: ", "**Answer:** ", "Answer:\n", "So it must be ", "", "(",
         "answer is: ", "The correct answer is (", "Answer:\u00a0", "I choose option "]
TAILS = ["", ".", ")", "**", ").", " because", "\n", "\n\nI hope this helps.", "x", "\u00e9", " or A", ": yes"]
FILLERS = ["", "Let us think.\n", "Option A is wrong. Option C may hold.\n", "Answer: D\n", "The answer is unclear.\n", "I am not sure.\n", "\u00e9t\u00e9\n", "A\n", "B_1\n"]


def generated(count, rng):
    for i in range(count):
        text = "".join(rng.choice(FILLERS) for _ in range(rng.randrange(3)))
        yield {"question_id": i, "answer": rng.choice("ABCDEFGHIJ"),
               "model_outputs": text + rng.choice(LEADS) + rng.choice(list("ABCDEFGHIJKaj") + ["", "none"]) + rng.choice(TAILS)}


def official_figure(extract, rows):
    """As the script computes it, both levels one after another from one generator."""
    draw = random.Random(12345)
    for level in ("l1", "l2"):
        letters = [extract(row["model_outputs"], level) or draw.choice("ABCDEFGHIJ") for row in rows]
    return sum(letter == row["answer"] for letter, row in zip(letters, rows)) / len(rows)


def our_figure(ipw, rows):
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        (at / "q.jsonl").write_text("".join(json.dumps({"id": str(r["question_id"]), "problem": f"Question {r['question_id']}?", "answer": r["answer"]}) + "\n"
                                            for r in rows))
        (at / "a.jsonl").write_text("".join(json.dumps({"id": str(r["question_id"]), "response": r["model_outputs"]}) + "\n" for r in rows))
        start = time.monotonic()
        done = subprocess.run([ipw, "score", "--dataset", "local", "--dataset-param", f"path={at}/q.jsonl", "--dataset-param", "options=none", "--scorer",
                               "mmlu-pro", "--answers", str(at / "a.jsonl"), "--json", "--quiet"], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["accuracy_official"], time.monotonic() - start


def letters_that_differ(program, extract, rows):
    """The API script drops `**` before it reads an answer; so does the rule."""
    lines = [{"scorer": "mmlu-pro", "answer": "A", "response": row["model_outputs"]} for row in rows]
    differing = 0
    for row, verdict in zip(rows, sides.verdicts(program, lines)):
        theirs = extract(row["model_outputs"].replace("**", ""), "l2") or ""
        if verdict["extracted"] != theirs:
            differing += 1
            print(f"the script reads {theirs!r}, we {verdict['extracted']!r}: {row['model_outputs'][-200:]!r}")
    return differing


def main():
    program, ipw, script, *files = sys.argv[1:]
    extract = sides.functions_of(script, {"re": re})["extract_answer"]
    failed = False
    answers = {"generated": list(generated(6000, random.Random(1)))}
    for name in files:
        rows = json.loads(pathlib.Path(name).read_text(encoding="utf-8"))
        answers[pathlib.Path(name).name] = [row | {"model_outputs": row.get("model_outputs") or row["generated_text"]} for row in rows]
    for name, rows in answers.items():
        differing = letters_that_differ(program, extract, rows)
        (ours, seconds), theirs = our_figure(ipw, rows), official_figure(extract, rows)
        print(f"{name}: {len(rows) - differing} of {len(rows)} letters agree; official figure {theirs!r}, ours {ours!r} in {seconds:.2f} s")
        failed |= differing > 0 or ours != theirs
    return failed


if __name__ == "__main__":
    sys.exit(main())
