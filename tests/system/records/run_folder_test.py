# SPDX-License-Identifier: Apache-2.0
"""Our run folder through datasets, pandas and pyarrow; a folder of the original through our reader."""
import json
import os
import pathlib
import subprocess

import datasets
import pandas
import pyarrow
import pytest

TOOL = os.environ["IPW_RUN_FOLDER_TOOL"]
ORIGINAL = pathlib.Path(os.environ["IPW_SOURCE_DIR"]) / "tests/fixtures/original-run"
MODEL = "org/llama3.2:1b"
STATS = dict.fromkeys(["avg", "max", "median", "min"], "double")
COMPONENT = {"per_query_watts": STATS, "total_watts": STATS}
DOUBLES = {
    "latency_metrics": "per_token_ms throughput_tokens_per_sec time_to_first_token_seconds total_query_seconds median_itl_ms "
    "p90_itl_ms p95_itl_ms p99_itl_ms itl_std_ms",
    "efficiency": "throughput_per_watt flops_per_joule flops_per_watt",
    "cost": "input_cost_usd output_cost_usd tool_cost_usd total_cost_usd",
}
METRICS = {name: dict.fromkeys(fields.split(), "double") for name, fields in DOUBLES.items()} | {
    "compute_metrics": {"flops_per_request": "double", "macs_per_request": "double", "total_flops": "int64",
                        "flops_per_token": "double"},
    "energy_metrics": dict.fromkeys(
        "per_query_joules total_joules cpu_per_query_joules cpu_total_joules judge_gpu_joules judge_cpu_joules "
        "total_task_gpu_joules total_task_cpu_joules ane_per_query_joules ane_total_joules soc_per_query_joules "
        "soc_total_joules energy_per_output_token_joules energy_per_total_token_joules".split(), "double")
    | {"basis": "string"},
    "memory_metrics": {"cpu_mb": STATS, "gpu_mb": STATS},
    "power_metrics": {"gpu": COMPONENT, "cpu": COMPONENT, "ane": COMPONENT, "soc": COMPONENT, "basis": "string"},
    "temperature_metrics": STATS,
    "token_metrics": dict.fromkeys(["input", "output", "total"], "int64"),
    "phase_metrics": dict.fromkeys(
        "prefill_energy_j decode_energy_j prefill_duration_ms decode_duration_ms prefill_power_avg_w decode_power_avg_w "
        "prefill_energy_per_input_token_j decode_energy_per_output_token_j".split(), "double")
    | {"prefill_energy_components_j": "null", "decode_energy_components_j": "null"},
    "hardware_utilization": {
        "gpu": dict.fromkeys("compute_utilization_pct memory_bandwidth_utilization_pct tensor_core_utilization_pct "
                             "memory_used_gb memory_total_gb".split(), "double"),
        "derived": dict.fromkeys(["mfu", "mbu", "arithmetic_intensity"], "double")},
    "gpu_info": {"name": "string", "vendor": "string", "device_id": "int64", "device_type": "string", "backend": "string"},
    "system_info": dict.fromkeys(["os_name", "os_version", "kernel_version", "host_name", "cpu_brand"], "string")
    | {"cpu_count": "int64"},
    "lm_correctness": "bool",
    "lm_response": "string",
    "evaluation": {"is_correct": "bool", "metadata": "string", "config": "null"},
}


def tree(kind):
    if pyarrow.types.is_struct(kind):
        return {field.name: tree(field.type) for field in kind}
    return str(kind)


def tool(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "profile_x_v1.5"
    assert tool("write", path, 2500).strip() == "2500"
    return path


def test_datasets_opens_our_folder_with_the_columns_of_the_original_first(folder):
    data = datasets.load_from_disk(str(folder))
    assert len(data) == 2500
    assert data.column_names[:6] == ["problem", "answer", "dataset_metadata", "subject", "model_answers", "model_metrics"]
    assert data[3]["model_answers"][MODEL] == "r" * 1200
    assert data[3]["energy"][0]["joules"] == 30.0
    assert data[1]["dataset_metadata"] == {"level": 2.5, "tags": None, "none": None, "note": "x"}


def test_every_metric_of_the_original_has_its_name_and_type(folder):
    schema = datasets.load_from_disk(str(folder)).data.schema
    assert tree(schema.field("model_answers").type) == {MODEL: "string"}
    assert tree(schema.field("model_metrics").type)[MODEL] == METRICS
    assert list(tree(schema.field("model_metrics").type)[MODEL])[:2] == ["compute_metrics", "energy_metrics"]


def test_unknown_is_null_and_known_is_there(folder):
    metrics = datasets.load_from_disk(str(folder))[0]["model_metrics"][MODEL]
    assert metrics["energy_metrics"]["per_query_joules"] is None
    assert metrics["energy_metrics"]["cpu_per_query_joules"] == 30.0
    assert metrics["lm_correctness"] is None
    assert metrics["memory_metrics"]["gpu_mb"] == dict.fromkeys(["avg", "max", "median", "min"])


def test_pandas_and_pyarrow_read_the_shard(folder):
    with pyarrow.ipc.open_stream(folder / "data-00000-of-00001.arrow") as stream:
        batches = list(stream)
    assert [batch.num_rows for batch in batches] == [1000, 1000, 500]
    frame = pyarrow.Table.from_batches(batches).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["index"].tolist() == list(range(2500))


def test_a_loaded_folder_can_be_saved_again_and_read_by_us(folder, tmp_path):
    datasets.load_from_disk(str(folder)).save_to_disk(str(tmp_path / "again"), num_shards=3)
    assert json.loads(tool("read", tmp_path / "again")) == json.loads(tool("read", folder))


def test_we_read_a_dict_of_splits(folder, tmp_path):
    data = datasets.load_from_disk(str(folder))
    datasets.DatasetDict(test=data.select(range(7))).save_to_disk(str(tmp_path / "splits"))
    assert json.loads(tool("read", tmp_path / "splits"))["rows"] == 7


def test_we_read_the_folder_of_the_original():
    sums = json.loads(tool("read", ORIGINAL))
    theirs = datasets.load_from_disk(str(ORIGINAL))
    metrics = [row["llama3.2:1b"] for row in theirs["model_metrics"]]
    assert sums["rows"] == len(theirs) == 50
    assert sums["model"] == "llama3.2:1b"
    assert sums["joules"] == pytest.approx(sum(m["energy_metrics"]["per_query_joules"] for m in metrics))
    assert sums["seconds"] == pytest.approx(sum(m["latency_metrics"]["total_query_seconds"] for m in metrics))
    assert sums["output_tokens"] == sum(m["token_metrics"]["output"] for m in metrics)
