#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `gaia` with the official scorer on generated and mutated answers.

usage: compare_gaia.py SCORE_LINES SCORER_PY [COUNT]     SCORER_PY: the leaderboard's scorer.py, or inspect_evals/gaia/scorer.py
of the package inspect-evals, which carries it; 6000 answers by default. Exit status 1 when one is judged differently.
"""
import logging
import random
import re
import string
import sys
from typing import Any

import sides

REFERENCES = ["17", "3.14", "-5", "1e3", "0.5", "89706.00", "Sea Gull", "St. Petersburg", "a, b, c", "1; 2; 3", "Paris; 3.5, x", "seven", "100 000", "nan", "1_000",
              "A-B", "$12", "12%", "e=mc2", "caf\u00e9", "right, left", "inf", ".5", "5.", "Mc Donald's"]


def official_scorer(path):
    """The function question_scorer and those that it needs; the rest of the file needs packages that they do not."""
    names = {"re": re, "string": string, "Any": Any, "logger": logging.getLogger(), "warnings": logging}
    logging.disable(logging.CRITICAL)
    sides.functions_of(path, names, left_out=("gaia_scorer",))

    def judge(answer, reference):
        result = names["question_scorer"](answer, reference)
        return result[0] if isinstance(result, tuple) else result
    return judge


def mutate(text, rng):
    changes = [lambda t: t, lambda t: t, lambda t: t.upper(), lambda t: t + ".", lambda t: t.replace(" ", ""), lambda t: "$" + t, lambda t: t + "%",
               lambda t: t.replace(",", ";"), lambda t: t.replace(", ", ","), lambda t: t + ", x", lambda t: "the " + t, lambda t: t.replace("1", "2"),
               lambda t: t + "0", lambda t: t + ".0", lambda t: re.sub(r"(\d)(\d{3})$", r"\1,\2", t), lambda t: "(" + t + ")", lambda t: t + "\u00a0",
               lambda t: t.replace("a", "b"), lambda t: "+" + t, lambda t: rng.choice(REFERENCES), lambda t: t.replace(" ", "\t"), lambda t: t + "!"]
    for _ in range(rng.randrange(1, 3)):
        text = rng.choice(changes)(text)
    return text


def main():
    program, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 6000
    judge, rng = official_scorer(path), random.Random(1)
    rows = []
    while len(rows) < count:
        reference = rng.choice(REFERENCES)
        answer = mutate(reference, rng)
        if answer.strip():
            rows.append((reference, answer))
    lines = [{"scorer": "gaia", "answer": r, "response": "Some thoughts.\nFINAL ANSWER: " + a} for r, a in rows]
    differ = 0
    for (reference, answer), verdict in zip(rows, sides.verdicts(program, lines)):
        ours, theirs = verdict["correct"], judge(answer, reference)
        if ours != theirs:
            differ += 1
            print(f"the scorer says {theirs}, we {ours}: {reference!r} {answer!r}")
    print(f"{count - differ} of {count} agree: {100 * (1 - differ / count):.2f} %; right by the scorer: {sum(judge(a, r) for r, a in rows)}")
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
