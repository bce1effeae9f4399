#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time `ipw score` beside the Python that people use: lm-evaluation-harness' filter for MMLU-Pro, Math-Verify for mathematics.

usage: scoring_beside.py IPW      with a Python that has lm-eval and math-verify

ipw is timed as a whole process: start, reading, judging, figures, output. The Python side reads the same two files and judges, inside
a process that has loaded its modules. Rounds alternate; medians and their ratio are printed, never asserted.
"""
import json
import logging
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

logging.disable(logging.CRITICAL)
ROUNDS = 5
REASONING = ("Let me think about this step by step. The first option contradicts what the question says, and the second one holds only "
             "in a special case. We compute $3 \\cdot 4 = 12$ and compare with the given value. ") * 5


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_lines(folder):
    """Pairs of question and answer."""
    both = ([json.loads(line) for line in open(folder / name, encoding="utf-8")] for name in ("questions.jsonl", "answers.jsonl"))
    return list(zip(*both))


def ipw_side(program, folder, scorer, questions, answers):
    """A function that scores all answers by one run of the program."""
    write_lines(folder / "questions.jsonl", questions)
    write_lines(folder / "answers.jsonl", answers)
    words = [program, "score", "--dataset", "local", "--dataset-param", f"path={folder}/questions.jsonl", "--dataset-param",
             "options=none", "--scorer", scorer, "--answers", str(folder / "answers.jsonl"), "--json", "--quiet"]
    return lambda: json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)["correct"]


def beside(what, ours, theirs, peer):
    """Alternate the two sides and print the row."""
    times, right = ([], []), [0, 0]
    for _ in range(ROUNDS):
        for side, judge in enumerate((ours, theirs)):
            start = time.monotonic()
            right[side] = judge()
            times[side].append(time.monotonic() - start)
    mine, other = map(statistics.median, times)
    print(f"{what:<44} ipw {mine:7.3f} s   {peer} {other:7.3f} s   {other / mine:5.1f} times   right: {right[0]} and {right[1]}", flush=True)


def multiple_choice(program, folder):
    from lm_eval.filters.extraction import RegexFilter
    draw = random.Random(1)
    questions, answers = [], []
    for i in range(14_042):
        questions.append({"id": str(i), "problem": f"Question {i}?", "answer": draw.choice("ABCDEFGHIJ")})
        answers.append({"id": str(i), "response": REASONING + f"The answer is ({draw.choice('ABCDEFGHIJ')})."})
    extract = RegexFilter(regex_pattern=r"answer is \(?([ABCDEFGHIJ])\)?")

    def theirs():
        rows = read_lines(folder)
        letters = extract.apply([[a["response"]] for _, a in rows], [q for q, _ in rows])
        return sum(letter[0] == q["answer"] for letter, (q, _) in zip(letters, rows))
    beside("14,042 answers of MMLU-Pro's form", ipw_side(program, folder, "mmlu-pro", questions, answers), theirs, "lm-eval")


PAIRS = [("420", "420"), ("\\frac{3}{4}", "0.75"), ("x^2 - 1", "(x+1)(x-1)"), ("\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"),
         ("(-\\infty, 2) \\cup (3, \\infty)", "(3,\\infty)\\cup(-\\infty,2)"), ("2x + 2y = 4", "x + y = 2"), ("17", "18"),
         ("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"), ("\\frac{1}{3}", "0.5")]


def mathematics(program, folder):
    from math_verify import parse, verify
    rows = [PAIRS[i % len(PAIRS)] for i in range(450)]
    questions = [{"id": str(i), "problem": f"Question {i}?", "answer": reference} for i, (reference, _) in enumerate(rows)]
    answers = [{"id": str(i), "response": f"{REASONING}So the answer is $\\boxed{{{answer}}}$."} for i, (_, answer) in enumerate(rows)]

    def theirs():
        return sum(verify(parse(f"${q['answer']}$"), parse(a["response"])) for q, a in read_lines(folder))
    beside("450 answers in mathematics", ipw_side(program, folder, "math", questions, answers), theirs, "Math-Verify")


def main():
    with tempfile.TemporaryDirectory() as folder:
        for compare in (multiple_choice, mathematics):
            compare(sys.argv[1], pathlib.Path(folder))


if __name__ == "__main__":
    main()
