#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `gpqa` with simple-evals: the pattern of its common.py, read from there, and its comparison.

usage: compare_gpqa.py SCORE_LINES COMMON_PY [COUNT]     COMMON_PY of a checkout of github.com/openai/simple-evals; 6000 answers
by default. Exit status 1 when one is judged differently.
"""
import ast
import random
import re
import sys

import sides


def official_pattern(path):
    """The constant ANSWER_PATTERN_MULTICHOICE; the file as a whole needs packages that it does not."""
    with open(path, encoding="utf-8") as file:
        for node in ast.parse(file.read()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ANSWER_PATTERN_MULTICHOICE":
                return ast.literal_eval(node.value)
    sys.exit(f"{path} has no ANSWER_PATTERN_MULTICHOICE")


def answer(rng):
    letter = rng.choice("ABCD" if rng.random() < 0.8 else "abcdEFe1")
    lead = rng.choice(["Answer", "answer", "ANSWER", "Final answer", "The answer is", "**Answer**", "Answer\t", "Answers", "My Answer ", "Answer\n"])
    mark = rng.choice([":", " :", ": ", ":\t ", ":\n", "", ":  $", " is ", ":**", "："])
    end = rng.choice([letter, f"${letter}$", f"{letter}.", f"({letter})", f"{letter}ecause", f"\\boxed{{{letter}}}", f"{letter}) the first", f" {letter} or C"])
    before = rng.choice(["", "Some thoughts.\n", "Answer: see below.\n", "answer: d\n", "First A, then B.\n", "\n\n"])
    after = rng.choice(["", "\n", "\nAnswer: A", " That is all.", "\n\nAnswer : $C$"])
    return before + lead + mark + end + after


def main():
    program, pattern, count = sys.argv[1], official_pattern(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 6000
    rng = random.Random(1)
    rows = [(rng.choice("ABCD"), answer(rng)) for _ in range(count)]
    lines = [{"scorer": "gpqa", "answer": reference, "response": text, "choices": ["w", "x", "y", "z"]} for reference, text in rows]
    differ = 0
    for (reference, text), verdict in zip(rows, sides.verdicts(program, lines)):
        match = re.search(pattern, text)
        theirs = bool(match) and match.group(1) == reference
        if verdict["correct"] != theirs:
            differ += 1
            print(f"simple-evals says {theirs}, we {verdict['correct']}: {reference!r} {text!r}")
    print(f"{count - differ} of {count} agree: {100 * (1 - differ / count):.2f} %; right: {sum(v for v in (bool(re.search(pattern, t)) and re.search(pattern, t).group(1) == r for r, t in rows))}")
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
