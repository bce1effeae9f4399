#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `supergpqa` with the functions of the official script on generated answers.

usage: compare_supergpqa.py SCORE_LINES EVAL_PY [COUNT]     EVAL_PY: eval/eval.py of github.com/SuperGPQA/SuperGPQA; 6000 answers by default

Exit status 1 when one answer is read differently.
"""
import random
import re
import sys

import sides

OPTIONS = ["red", "green (dark)", "3.5 m/s", "a + b", "$x^2$", "The Treaty", "none of these", "B", "all", "42%"]
LEADS = ["The answer is ", "the correct answer is: ", "The final answer is **", "Answer: ", "ANSWER:", "**Answer**: ", "answer : ", "The best option is ",
         "So the option i: ", "", "$", "(", "[", "I think ", "The answer\n is ", "Therefore the answers is ", "The answer is \\boxed{", "Answer: $\\boxed{\\text{",
         "The  correct\u00a0answer is ", "Die Antwort: ", "The richtige answer is ", "- ", "> ", "1. "]
TAILS = ["", ".", ")", "**", "}$.", "}}$", "]", ":", " because", "\n", "\n\nI hope this helps.", ", obviously", "\u3002", "x", "})", "\\)", "\\}"]
FILLERS = ["", "Let us think.\n", "Option A is wrong. Option C may hold.\n", "Answer: D\n", "The answer is unclear.\nSo:\n", "A\n", "\u00e9t\u00e9\n", "Question: x\n"]


def official_functions(path):
    """The two extraction functions; the rest of the script needs packages that they do not."""
    names = {"re": re, "safe_regex_search": lambda pattern, text, flags=0: re.search(pattern, text, flags)}
    names = sides.functions_of(path, names, left_out=("safe_regex_search",))
    return names["extract_option_labels"], names["extract_option_content"]


def official(functions, response, options):
    labels, content = functions
    found = labels(response, "ABCDEFGHIJ")
    if found is None:
        text = content(response, options)
        found = chr(options.index(text) + 65) if text else None
    return found or ""


def responses(count, rng):
    for _ in range(count):
        answer = rng.choice(list("ABCDEFGHIJKaj") + OPTIONS)
        yield "".join(rng.choice(FILLERS) for _ in range(rng.randrange(3))) + rng.choice(LEADS) + answer + rng.choice(TAILS)


def main():
    program, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 6000
    functions, rows = official_functions(path), list(responses(count, random.Random(1)))
    lines = [{"scorer": "supergpqa", "answer": "A", "choices": OPTIONS, "response": r} for r in rows]
    differ = 0
    for response, verdict in zip(rows, sides.verdicts(program, lines)):
        ours, theirs = verdict["extracted"], official(functions, response, OPTIONS)
        if ours != theirs:
            differ += 1
            print(f"the script reads {theirs!r}, we {ours!r}: {response!r}")
    print(f"{count - differ} of {count} agree: {100 * (1 - differ / count):.2f} %")
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
