#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `ipw run` and `ipw export` write for other programs: usage export_test.py PROGRAMS_FOLDER."""
import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
import unittest

import pyarrow.ipc

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from simulated_run import PROGRAMS, SimulatedRun  # noqa: E402


class Exports(SimulatedRun):
    """One run of three tasks, read in every form."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prompts = ["ask ask", "ask wait:0.1", "ask"]
        cls.run_folder, cls.traces = cls().run_tasks(cls.prompts)

    def load(self, name):
        return json.loads((self.run_folder / name).read_text(encoding="utf-8"))

    def table(self):
        state = self.load("hf_dataset/state.json")
        (file,) = (row["filename"] for row in state["_data_files"])
        return pyarrow.ipc.open_stream(self.run_folder / "hf_dataset" / file).read_all()

    def test_X26_every_value_of_the_table_is_in_the_lines_under_the_same_name(self):
        table = self.table()
        self.assertEqual(table.num_rows, 3)
        for row, trace in zip(table.to_pylist(), self.traces):
            for name in set(row) - {"energy_per_token_joules", "score_metadata_json", "trace_json"}:
                self.assertEqual(row[name], trace[name], name)
            self.assertEqual(row["energy_per_token_joules"], trace["energy_per_output_token_joules"])
            self.assertEqual(json.loads(row["trace_json"]), trace)

    def test_X12_every_file_that_is_announced_is_there(self):
        for name in ("traces.jsonl", "hf_dataset/dataset_info.json", "subset_manifest.json", "artifacts_manifest.json", "summary.json",
                     "trajectories/q0000.json", "trajectories/q0002.json"):
            self.assertTrue((self.run_folder / name).is_file(), name)

    def test_a_trajectory_has_the_task_then_a_step_for_each_call(self):
        first = self.load("trajectories/q0000.json")
        self.assertEqual(first["schema_version"], "ATIF-v1.7")
        self.assertEqual([s["source"] for s in first["steps"]], ["user", "agent", "agent"])
        self.assertEqual([s["step_id"] for s in first["steps"]], [1, 2, 3])
        self.assertEqual(first["steps"][0]["message"], "ask ask")
        self.assertEqual(first["steps"][1]["message"], "Something.")
        total = first["final_metrics"]
        for key in ("prompt_tokens", "completion_tokens"):
            self.assertEqual(sum(s["metrics"][key] for s in first["steps"][1:]), total["total_" + key])
        stamps = [datetime.datetime.fromisoformat(s["timestamp"].replace("Z", "+00:00")) for s in first["steps"]]
        self.assertEqual(stamps, sorted(stamps))
        gpu = sum(s["extra"]["energy_joules"]["gpu-0"] for s in first["steps"][1:]) + first["extra"]["own_time_of_the_agent"]["energy_joules"]["gpu-0"]
        self.assertAlmostEqual(gpu, total["extra"]["energy_joules"]["gpu-0"], delta=1e-3 * gpu)

    def test_spans_of_open_telemetry_hang_together(self):
        done = subprocess.run([PROGRAMS / "ipw", "export", self.run_folder, "--format", " OTel "], capture_output=True, text=True, check=True)
        self.assertIn("3 tasks", done.stdout)
        traces = set()
        for line, trace in zip((self.run_folder / "otlp_traces.jsonl").read_text().splitlines(), self.traces):
            (resource,) = json.loads(line)["resourceSpans"]
            spans = resource["scopeSpans"][0]["spans"]
            self.assertEqual(len(spans), len(trace["spans"]))
            traces |= {span["traceId"] for span in spans}
            root = spans[0]
            self.assertEqual(root["name"], "invoke_agent command")
            for span in spans[1:]:
                self.assertEqual(span["parentSpanId"], root["spanId"])
                self.assertTrue(int(root["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]))
                values = {a["key"]: a["value"] for a in span["attributes"]}
                self.assertEqual(values["gen_ai.operation.name"], {"stringValue": "chat"})
                self.assertGreater(int(values["gen_ai.usage.output_tokens"]["intValue"]), 0)
                self.assertGreater(values["ipw.energy.gpu-0.joules"]["doubleValue"], 0)
        self.assertEqual(len(traces), 3)

    def test_the_manifest_s_hash_is_what_python_makes_of_its_records(self):
        manifest = self.load("subset_manifest.json")
        text = json.dumps(manifest["records"], sort_keys=True, separators=(",", ":"))
        self.assertEqual(manifest["subset_hash"], hashlib.sha256(text.encode()).hexdigest())
        self.assertEqual([r["query_hash"] for r in manifest["records"]], [hashlib.sha256(p.encode()).hexdigest() for p in self.prompts])
        self.assertEqual((manifest["start_index"], manifest["end_index"], manifest["subset_size"]), (0, 3, 3))

    def test_C3_an_unknown_format_is_an_error(self):
        done = subprocess.run([PROGRAMS / "ipw", "export", self.run_folder, "--format", "hf,parquet"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown export format 'parquet'", done.stderr)

    def test_a_run_without_tasks_is_an_error(self):
        empty = self.place.name + "/empty"
        pathlib.Path(empty).mkdir()
        done = subprocess.run([PROGRAMS / "ipw", "export", empty], capture_output=True, text=True)
        self.assertEqual((done.returncode, "holds no tasks" in done.stderr), (1, True), done.stderr)

    def test_a_task_that_has_used_its_tokens_is_refused_more(self):
        _, (trace,) = self.run_tasks(["ask ask ask ask"], "--max-task-tokens", "1", status=(0, 1))
        self.assertEqual(trace["num_turns"], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
