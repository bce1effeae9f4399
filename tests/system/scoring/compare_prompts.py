#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare our prompts with those that the benchmarks' own code builds of the same rows, byte by byte.

usage: compare_prompts.py IPW CHECKOUTS

CHECKOUTS holds SuperGPQA, MMLU-Pro, LiveCodeBench and simple-evals, each a checkout of that repository; the Python needs lm-eval (for
gsm8k) and pyarrow. The rows are those of tests/fixtures/datasets.
"""
import ast
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import types

import pyarrow.parquet
import sides
import yaml

ROWS = pathlib.Path(__file__).parents[2] / "fixtures/datasets"


def ours(program, dataset, *params):
    """Our prompts in the order of the rows."""
    with tempfile.TemporaryDirectory() as folder:
        words = [program, "datasets", "sample", dataset, "--count", "1000", "--out", folder + "/rows.jsonl"]
        for param in params:
            words += ["--dataset-param", param]
        subprocess.run(words, check=True, capture_output=True)
        return [json.loads(line)["problem"] for line in open(folder + "/rows.jsonl", encoding="utf-8")]


def constant(path, name):
    """The value of a module's or a class's constant; f-strings without fields are strings."""
    for node in ast.walk(ast.parse(pathlib.Path(path).read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return eval(compile(ast.Expression(node.value), str(path), "eval"))
    raise KeyError(name)


def lines(path):
    return [json.loads(line) for line in open(ROWS / path, encoding="utf-8")]


def table(path):
    return pyarrow.parquet.read_table(ROWS / path).to_pylist()


def supergpqa(program, at):
    names = {"read_json_or_jsonl": lambda *_: lines("m-a-p/SuperGPQA/SuperGPQA-all.jsonl"),
             "read_yaml": lambda config: yaml.safe_load((at / "SuperGPQA/config/prompt" / (config + ".yaml")).read_text())}
    load = sides.functions_of(at / "SuperGPQA/infer/data_loader.py", names)["load_data"]
    return ours(program, "supergpqa", f"path={ROWS}/m-a-p/SuperGPQA/SuperGPQA-all.jsonl"), [p for p, _ in load("SuperGPQA-all", "zero-shot")]


def mmlu_pro(program, at):
    def rows(split):
        found = table(f"TIGER-Lab/MMLU-Pro/data/{split}-00000-of-00001.parquet")
        return [row | {"options": [o for o in row["options"] if o != "N/A"]} for row in found]
    names = {"choices": "ABCDEFGHIJ", "select_by_category": lambda df, subject: [r for r in df if r["category"] == subject]}
    build = sides.functions_of(at / "MMLU-Pro/evaluate_from_local.py", names, only={"format_cot_example", "generate_cot_prompt"})
    os.chdir(at / "MMLU-Pro")
    shots = rows("validation")
    return (ours(program, "mmlu-pro", f"path={ROWS}/TIGER-Lab/MMLU-Pro"),
            [build["generate_cot_prompt"](shots, row, 5) for row in rows("test")])


def livecodebench(program, at):
    source = at / "LiveCodeBench/lcb_runner/prompts/code_generation.py"
    named = {name: constant(source, name) for name in
             ("SYSTEM_MESSAGE_GENERIC", "FORMATTING_MESSAGE_WITH_STARTER_CODE", "FORMATTING_WITHOUT_STARTER_CODE")}
    build = sides.functions_of(source, {"PromptConstants": types.SimpleNamespace(**named), "CodeGenerationProblem": object},
                               only={"get_generic_question_template_answer"})["get_generic_question_template_answer"]
    path = next((ROWS / "livecodebench").rglob("test.jsonl"))
    return (ours(program, "livecodebench", f"path={path}"),
            [named["SYSTEM_MESSAGE_GENERIC"] + "\n\n" + build(types.SimpleNamespace(**row)) for row in lines(path)])


def math500(program, at):
    template = constant(at / "simple-evals/math_eval.py", "QUERY_TEMPLATE")
    path = "HuggingFaceH4/MATH-500/test.jsonl"
    return ours(program, "math500", f"path={ROWS}/{path}"), [template.format(Question=row["problem"]) for row in lines(path)]


def gpqa(program, at):
    import csv
    template = constant(at / "simple-evals/common.py", "QUERY_TEMPLATE_MULTICHOICE")
    rng, expected = random.Random(0), []
    path = ROWS / "Idavidrein/gpqa/gpqa_diamond.csv"
    for row in csv.DictReader(open(path, encoding="utf-8", newline="")):
        choices = [row[k] for k in ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")]
        order = rng.sample(range(4), 4)
        expected.append(template.format(Question=row["Question"], **{"ABCD"[i]: choices[k] for i, k in enumerate(order)}))
    return ours(program, "gpqa", f"path={path}"), expected


def gsm8k(program, _):
    import lm_eval
    task = yaml.safe_load((pathlib.Path(lm_eval.__file__).parent / "tasks/gsm8k/gsm8k-cot.yaml").read_text())
    before = "".join(f"Q: {s['question']}\nA: {s['target']}\n\n" for s in task["fewshot_config"]["samples"])
    path = "openai/gsm8k/main/test-00000-of-00001.parquet"
    return ours(program, "gsm8k", f"path={ROWS}/{path}"), [before + f"Q: {row['question']}\nA:" for row in table(path)]


def browsecomp(program, at):
    """The form of the answer alone: the rows are encrypted."""
    template = constant(at / "simple-evals/browsecomp_eval.py", "QUERY_TEMPLATE")
    (path,) = (p for p in (ROWS / "openai/browsecomp").rglob("*") if p.is_file())
    got = ours(program, "browsecomp", f"path={path}")
    return got, [template.format(Question=prompt.split("\n\nYour response")[0]) for prompt in got]


def main():
    program, at = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
    differing = 0
    for compare in (supergpqa, mmlu_pro, livecodebench, math500, gpqa, gsm8k, browsecomp):
        got, expected = compare(program, at)
        equal = got == expected and len(got) > 0
        differing += not equal
        print(f"{compare.__name__}: {len(got)} prompts, {'equal' if equal else 'DIFFERENT'}")
        for mine, theirs in [pair for pair in zip(got, expected) if pair[0] != pair[1]][:1]:
            print(f"--- ours\n{mine!r}\n--- theirs\n{theirs!r}")
    return differing > 0


if __name__ == "__main__":
    sys.exit(main())
