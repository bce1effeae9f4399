#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mini-swe-agent, unchanged, through the proxy: its own token counts equal ours.

usage: third_party.py PROGRAMS_FOLDER MINI     MINI: the program `mini` of an environment with mini-swe-agent 2.4
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import scripted_model

COMMANDS = ["echo hello >note.txt", "cat note.txt", "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat note.txt"]


def main():
    programs, mini = pathlib.Path(sys.argv[1]), sys.argv[2]
    model = scripted_model.ScriptedModel(COMMANDS)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "tasks.jsonl").write_text("".join(
            json.dumps({"id": f"t{i}", "problem": "Write hello into note.txt.", "answer": "hello"}) + "\n" for i in range(2)))
        kwargs = {"argv": [mini, "-t", "{prompt}", "-m", "openai/{model}", "-y", "--exit-immediately", "-l", "0", "-o", "{workspace}/run.traj.json"],
                  "env": {"MSWEA_CONFIGURED": "true", "MSWEA_COST_TRACKING": "ignore_errors", "HOME": "{workspace}"}}
        done = subprocess.run([programs / "ipw", "run", "--agent", "command", "--sandbox", "none", "--agent-kwargs", json.dumps(kwargs), "--model", "scripted",
                               "--client-base-url", model.url, "--dataset", "local", "--dataset-param", f"path={folder}/tasks.jsonl",
                               "--dataset-param", "options=none", "--output-dir", folder + "/runs", "--monitor", "none", "--collector",
                               "simulated:watts=50", "--idle-seconds", "0", "--concurrency", "2", "--quiet"], capture_output=True, text=True, timeout=300)
        (run,) = pathlib.Path(folder, "runs").iterdir()
        traces = [json.loads(line) for line in (run / "traces.jsonl").read_text().splitlines()]
        for trace in traces:
            assert trace["completed"], (trace["failure"], done.stderr)
            (trajectory,) = run.glob(f"artifacts/{trace['query_id']}_*/workspace/run.traj.json")
            messages = json.loads(trajectory.read_text())["messages"]
            usages = [m["extra"]["response"]["usage"] for m in messages if m.get("extra", {}).get("response")]
            own = [sum(usage[key] for usage in usages) for key in ("prompt_tokens", "completion_tokens")]
            ours = [trace["total_input_tokens"], trace["total_output_tokens"]]
            assert own == ours and trace["num_turns"] == len(usages) == len(COMMANDS), (own, ours, trace["num_turns"])
            print(f"{trace['query_id']}: {len(usages)} calls, {own[0]} tokens in and {own[1]} out, for mini-swe-agent and for ipw alike")


if __name__ == "__main__":
    main()
