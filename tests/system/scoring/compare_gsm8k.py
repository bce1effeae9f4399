#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `gsm8k` with lm-evaluation-harness: its filters and its exact_match, as its own task file sets them.

usage: compare_gsm8k.py SCORE_LINES [COUNT]     needs the packages lm-eval, numpy and pyyaml; 6000 answers by default.
Exit status 1 when one is judged differently by either filter.
"""
import pathlib
import random
import re
import string
import sys

import lm_eval.filters.extraction
import numpy
import yaml

import sides

HARNESS = pathlib.Path(lm_eval.__file__).parent


def official_filters():
    """Name -> a function that judges an answer to a reference."""
    task = yaml.safe_load((HARNESS / "tasks/gsm8k/gsm8k.yaml").read_text())
    metric = {key: value for key, value in task["metric_list"][0].items() if key not in ("metric", "aggregation", "higher_is_better")}
    names = sides.functions_of(HARNESS / "api/metrics.py", {"np": numpy, "re": re, "string": string}, only=("exact_match_hf_evaluate",))

    def judge_with(options):
        extract = lm_eval.filters.extraction.RegexFilter(**options)

        def judge(response, reference):
            extracted = next(iter(extract.apply([[response]], [{}])))[0]
            return bool(names["exact_match_hf_evaluate"]([extracted], [reference], **metric)["exact_match"])
        return judge

    out = {}
    for entry in task["filter_list"]:
        options = {key: value for key, value in entry["filter"][0].items() if key != "function"}
        out[entry["name"].replace("-", "_")] = judge_with(options)
    return out


def number(rng):
    return rng.choice([str(rng.randrange(100)), f"{rng.randrange(1000, 10**6):,}", f"{rng.randrange(1000) / 100}", f"-{rng.randrange(50)}", "0.5", "18", "1,000"])


def answer(rng, right):
    """An answer like those of models, of the right number or another one."""
    shown = right if rng.random() < 0.7 else number(rng)
    shown = rng.choice([shown, "$" + shown, shown + ".", shown + ".00", "$" + shown + ".00.", shown + "%", "**" + shown + "**", "\\boxed{" + shown + "}", shown.replace(",", "")])
    steps = " ".join(f"So {number(rng)} + {number(rng)} = {number(rng)}." for _ in range(rng.randrange(3)))
    end = rng.choice(["#### " + shown, "####" + shown, "The answer is " + shown, shown, f"#### {shown} apples", f"It is {shown} ...", f"#### {shown}\n#### {number(rng)}",
                      "no number at all", f"#### about {shown}", f"{shown}\n\nQ: another", "$", "3 , 4", f"#### {shown}\n"])
    return f"{steps}\n{end}"


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6000
    filters, rng, rows = official_filters(), random.Random(1), []
    for _ in range(count):
        right = number(rng)
        rows.append((f"Some steps.\n#### {right}", answer(rng, right)))
    verdicts = sides.verdicts(program, [{"scorer": "gsm8k", "answer": reference, "response": text} for reference, text in rows])
    differ = 0
    for (reference, text), verdict in zip(rows, verdicts):
        for name, judge in filters.items():
            ours, theirs = bool(verdict["metadata"].get(name)), judge(text, reference)
            if ours != theirs:
                differ += 1
                print(f"{name}: the harness says {theirs}, we {ours}: {reference!r} {text!r}")
    print(f"{2 * count - differ} of {2 * count} verdicts of two filters agree: {100 * (1 - differ / (2 * count)):.2f} %")
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
