# SPDX-License-Identifier: Apache-2.0
"""Start `ipw profile` against a server and read the journal it leaves."""
import json
import pathlib


def write_questions(path, count):
    """Write a question file whose prompts are all different."""
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            file.write(json.dumps({"problem": f"question number {i}", "answer": "42", "subject": f"s{i % 3}"}) + "\n")


def command(program, server, folder, *more):
    """The command line that profiles the questions of a folder."""
    return [program, "profile", "--client", "openai", "--client-base-url", server.url, "--model", "fake",
            "--dataset", "local", "--dataset-param", f"path={folder}/questions.jsonl", "--output-dir", f"{folder}/runs",
            "--warmup-queries", "0", "--idle-seconds", "0", "--monitor", "none", "--collector", "simulated:watts=50",
            "--resume", "--quiet", *more]


def run_folder(folder):
    """The only run folder below a folder, or None."""
    found = list(pathlib.Path(folder, "runs").glob("profile_*"))
    assert len(found) <= 1, found
    return found[0] if found else None


def finished(folder):
    """The prompts of the journal's query lines; a half line at the end does not count."""
    run = run_folder(folder)
    prompts = []
    if run and (run / "journal.jsonl").exists():
        for line in (run / "journal.jsonl").read_bytes().split(b"\n")[:-1]:
            record = json.loads(line)
            if record["type"] == "query":
                prompts.append(record["problem"])
    return prompts


def verdicts(folder):
    """The verdicts of the journal, without those that still wait for their judge."""
    lines = (run_folder(folder) / "journal.jsonl").read_text().splitlines()
    found = [json.loads(line)["evaluation"] for line in lines if '"type":"evaluation"' in line]
    return [verdict for verdict in found if verdict.get("correct") is not None]
