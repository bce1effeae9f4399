// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/run_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/records/rows.h"
#include "sample_record.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;
const std::string kModel = "org/llama3.2:1b";
const fs::path kOriginal = IPW_SOURCE_DIR "/tests/fixtures/original-run";

FinishOptions options() {
  FinishOptions o;
  o.model = kModel;
  o.machine = {"Debian", "12", "6.1", "host", "Some CPU", 8, "NVIDIA H200 x1", "NVIDIA", "NVML", "H200x1"};
  return o;
}

std::vector<QueryRecord> read_all(RunReader& run) {
  std::vector<QueryRecord> out;
  for (QueryRecord r; run.next(r);) out.push_back(r);
  return out;
}

Json first_metrics(const fs::path& folder) {
  Json row;
  open_rows(folder)->next(row);
  return row["model_metrics"][kModel];
}

Json metrics_of(const fs::path& folder, const QueryRecord& record) {
  Journal(folder).append_query(record);
  finish_dataset(folder, options());
  return first_metrics(folder);
}

TEST(FinishedDataset, gives_back_the_records_of_the_journal) {
  const auto folder = empty_folder();
  for (const int i : {3, 1, 2}) Journal(folder).append_query(sample_record(i));
  EXPECT_EQ(finish_dataset(folder, options()), 3u);
  fs::remove(folder / "journal.jsonl");
  const auto run = open_run(folder);
  const auto records = read_all(*run);
  EXPECT_EQ(run->model(), kModel);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(dump_json(to_json(records[0])), dump_json(to_json(sample_record(1))));
}

TEST(FinishedDataset, of_agents_is_read_with_the_spans_of_its_journal) {
  const auto folder = empty_folder();
  auto record = sample_record(1);
  record.spans.push_back({.id = 1, .kind = "task"});
  Journal(folder).append_query(record);
  finish_dataset(folder, options());
  write_traces(folder);
  write_config(folder, {{"model", kModel}});
  EXPECT_EQ(read_all(*open_run(folder)).at(0).spans.size(), 1u);
}

TEST(FinishedDataset, keeps_what_is_absent_absent) {
  const auto folder = empty_folder();
  QueryRecord bare;
  bare.query_id = "q0000";
  bare.failure = RecordFailure{"connect", "refused", 0};
  Journal(folder).append_query(bare);
  finish_dataset(folder, options());
  fs::remove(folder / "journal.jsonl");
  EXPECT_EQ(dump_json(to_json(read_all(*open_run(folder)).at(0))), dump_json(to_json(bare)));
}

void collect(const Json& json, const std::string& prefix, std::set<std::string>& paths) {
  paths.insert(prefix);
  if (json.is_object())
    for (const auto& [key, value] : json.items()) collect(value, prefix + "/" + key, paths);
  if (json.is_array() && !json.empty()) collect(json[0], prefix + "/0", paths);
}

TEST(FinishedDataset, has_a_column_for_every_field_of_a_record) {
  auto record = sample_record(0);
  record.failure = RecordFailure{"http", "bad gateway", 502};
  record.evaluation->reason = "why";
  record.energy[0].reason = "why";
  const auto folder = empty_folder();
  Journal(folder).append_query(record);
  finish_dataset(folder, options());
  Json row;
  open_rows(folder)->next(row);
  std::set<std::string> wanted, columns;
  Json fields = to_json(record);
  fields.erase("response");  // stands in model_answers
  fields.erase("dataset_metadata");
  collect(fields, "", wanted);
  collect(row, "", columns);
  for (const auto& path : wanted) EXPECT_TRUE(columns.contains(path)) << path;
}

TEST(FinishedDataset, begins_with_the_columns_of_the_original) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(0));
  finish_dataset(folder, options());
  const auto ours = open_rows(folder);
  const auto theirs = open_rows(kOriginal);
  for (std::size_t c = 0; c < theirs->columns().size(); ++c)
    EXPECT_EQ(ours->columns().at(c).name, theirs->columns().at(c).name);
}

/// Names and types of the original must be found again; a null type there is any type here.
void expect_contains(const Column& ours, const Column& theirs, const std::string& path) {
  EXPECT_TRUE(theirs.type == RowType::Null || ours.type == theirs.type) << path;
  for (const auto& child : theirs.children) {
    const auto it = std::ranges::find(ours.children, child.name, &Column::name);
    ASSERT_NE(it, ours.children.end()) << path << "/" << child.name;
    expect_contains(*it, child, path + "/" + child.name);
  }
}

TEST(FinishedDataset, has_every_metric_of_the_original_with_its_type) {
  const auto folder = empty_folder();
  Journal(folder).append_query(QueryRecord{});
  finish_dataset(folder, options());
  expect_contains(open_rows(folder)->columns().at(5).children.at(0),
                  open_rows(kOriginal)->columns().at(5).children.at(0), "");
}

TEST(FinishedDataset, M47_repeats_the_per_query_energy_as_the_total) {
  const auto m = metrics_of(empty_folder(), sample_record(0));
  EXPECT_EQ(m["energy_metrics"]["per_query_joules"], 100.0);
  EXPECT_EQ(m["energy_metrics"]["total_joules"], 100.0);
  EXPECT_EQ(m["energy_metrics"]["cpu_per_query_joules"], 30.0);
  EXPECT_EQ(m["power_metrics"]["gpu"]["total_watts"], m["power_metrics"]["gpu"]["per_query_watts"]);
}

TEST(FinishedDataset, M41_derives_everything_from_one_basis) {
  auto record = sample_record(0);
  auto m = metrics_of(empty_folder(), record);
  EXPECT_EQ(m["energy_metrics"]["basis"], "gpu");
  EXPECT_EQ(m["power_metrics"]["basis"], "gpu");
  EXPECT_DOUBLE_EQ(m["energy_metrics"]["energy_per_output_token_joules"], 5.0);
  EXPECT_DOUBLE_EQ(m["energy_metrics"]["energy_per_total_token_joules"], 100.0 / 30);
  EXPECT_DOUBLE_EQ(m["efficiency"]["throughput_per_watt"], 0.2);
  record.energy.erase(record.energy.begin());
  m = metrics_of(empty_folder(), record);
  EXPECT_EQ(m["energy_metrics"]["basis"], "cpu");
  EXPECT_DOUBLE_EQ(m["energy_metrics"]["energy_per_output_token_joules"], 1.5);
  EXPECT_TRUE(m["energy_metrics"]["per_query_joules"].is_null());
}

TEST(FinishedDataset, puts_a_modelled_cpu_where_no_package_was_measured) {
  auto record = sample_record(0);
  record.energy = {{"cpu-modelled", "host", 9.0, 3.0, "modelled", "interpolated", 1, {}, ""}};
  EXPECT_EQ(metrics_of(empty_folder(), record)["energy_metrics"]["cpu_per_query_joules"], 9.0);
}

TEST(FinishedDataset, computes_latency_figures_as_the_original) {
  const auto l = metrics_of(empty_folder(), sample_record(0))["latency_metrics"];
  EXPECT_DOUBLE_EQ(l["per_token_ms"], 100.0);
  EXPECT_DOUBLE_EQ(l["throughput_tokens_per_sec"], 10.0);
  EXPECT_DOUBLE_EQ(l["time_to_first_token_seconds"], 0.25);
  EXPECT_DOUBLE_EQ(l["median_itl_ms"], 25.0);
  EXPECT_NEAR(l["p90_itl_ms"].get<double>(), 44.0, 1e-9);
  EXPECT_NEAR(l["p99_itl_ms"].get<double>(), 49.4, 1e-9);
  EXPECT_NEAR(l["itl_std_ms"].get<double>(), 17.078251276599, 1e-9);
}

TEST(FinishedDataset, computes_the_phases) {
  const auto p = metrics_of(empty_folder(), sample_record(0))["phase_metrics"];
  EXPECT_DOUBLE_EQ(p["prefill_duration_ms"], 250.0);
  EXPECT_DOUBLE_EQ(p["prefill_power_avg_w"], 80.0);
  EXPECT_DOUBLE_EQ(p["prefill_energy_per_input_token_j"], 2.0);
  EXPECT_DOUBLE_EQ(p["decode_energy_per_output_token_j"], 4.0);
}

TEST(FinishedDataset, M45_has_the_cost_of_a_query_in_the_originals_columns) {
  const auto folder = empty_folder();
  {
    Journal journal(folder);
    journal.append_query(sample_record(0));
    auto free = sample_record(1);
    free.cost.reset();
    journal.append_query(free);
  }
  finish_dataset(folder, {.model = "m"});
  const auto reader = open_rows(folder);
  Json row;
  ASSERT_TRUE(reader->next(row));
  const Json known = row["model_metrics"]["m"]["cost"];
  EXPECT_DOUBLE_EQ(known["input_cost_usd"], 7e-6) << "cached ones included";
  EXPECT_DOUBLE_EQ(known["output_cost_usd"], 40e-6) << "reasoning included";
  EXPECT_DOUBLE_EQ(known["total_cost_usd"], 47e-6);
  EXPECT_TRUE(known["tool_cost_usd"].is_null());
  ASSERT_TRUE(reader->next(row));
  EXPECT_TRUE(row["model_metrics"]["m"]["cost"]["total_cost_usd"].is_null()) << "null, not 0.0";
}

TEST(FinishedDataset, M35_fills_reasoning_and_cached_tokens_dram_and_memory) {
  auto record = sample_record(0);
  record.energy[2].joules = 3;
  const auto folder = empty_folder();
  const auto m = metrics_of(folder, record);
  Json row;
  open_rows(folder)->next(row);
  EXPECT_EQ(row["tokens"]["reasoning"], 5);
  EXPECT_EQ(row["tokens"]["cached"], 4);
  EXPECT_EQ(row["energy"][2]["joules"], 3.0);
  EXPECT_EQ(m["hardware_utilization"]["gpu"]["memory_used_gb"], 2.0);
  EXPECT_EQ(m["hardware_utilization"]["gpu"]["memory_total_gb"], 8.0);
}

TEST(FinishedDataset, S38_has_no_verdict_before_a_query_is_scored) {
  auto record = sample_record(0);
  record.evaluation.reset();
  const auto m = metrics_of(empty_folder(), record);
  EXPECT_TRUE(m["lm_correctness"].is_null());
  EXPECT_TRUE(m["evaluation"].is_null());
}

TEST(FinishedDataset, M48_has_no_time_to_first_token_when_none_came) {
  auto record = sample_record(0);
  record.latency.ttft_seconds.reset();
  record.tokens.output.reset();
  const auto l = metrics_of(empty_folder(), record)["latency_metrics"];
  EXPECT_TRUE(l["time_to_first_token_seconds"].is_null());
  EXPECT_TRUE(l["per_token_ms"].is_null());
}

TEST(FinishedDataset, unites_metadata_of_different_shapes) {
  const auto folder = empty_folder();
  Journal journal(folder);
  auto record = sample_record(0);
  for (const char* metadata :
       {R"({"a":1})", R"({"a":2.5,"e":{},"l":[]})", R"({"a":"x","n":null})", "plain text", ""}) {
    record.dataset_metadata = metadata;
    journal.append_query(record);
    ++record.index;
  }
  EXPECT_EQ(finish_dataset(folder, options()), 5u);
  fs::remove(folder / "journal.jsonl");
  const auto records = read_all(*open_run(folder));
  EXPECT_EQ(records.at(1).dataset_metadata, R"({"a":"2.5","e":{},"l":[]})");
  EXPECT_EQ(records.at(3).dataset_metadata, R"({"dataset_metadata":"plain text"})");
}

TEST(FinishedDataset, stands_metadata_nested_beyond_reason) {
  const auto folder = empty_folder();
  auto record = sample_record(0);
  record.dataset_metadata = R"({"a":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  Journal(folder).append_query(record);
  EXPECT_EQ(finish_dataset(folder, options()), 1u);
}

TEST(FinishedDataset, is_cut_into_shards_that_read_as_one) {
  const auto folder = empty_folder();
  Journal journal(folder);
  for (int i = 0; i < 50; ++i) journal.append_query(sample_record(i));
  auto small = options();
  small.max_shard_bytes = 20'000;
  finish_dataset(folder, small);
  const auto state = read_json_file((folder / "state.json").string());
  EXPECT_GT(state["_data_files"].size(), 1u);
  EXPECT_EQ(read_all(*open_run(folder)).size(), 50u);
}

TEST(FinishedDataset, removes_the_shards_of_an_earlier_finish) {
  const auto folder = empty_folder();
  Journal journal(folder);
  for (int i = 0; i < 50; ++i) journal.append_query(sample_record(i));
  auto small = options();
  small.max_shard_bytes = 20'000;
  finish_dataset(folder, small);
  std::ofstream(folder / ".data-00009.arrow.tmp") << "left by a killed run";
  finish_dataset(folder, options());
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"journal.jsonl", "data-00000-of-00001.arrow", "dataset_info.json",
                                          "state.json"}));
}

TEST(FinishedDataset, may_be_empty) {
  const auto folder = empty_folder();
  Journal(folder).append_note({{"type", "resume"}});
  EXPECT_EQ(finish_dataset(folder, options()), 0u);
  EXPECT_TRUE(read_all(*open_run(folder)).empty());
}

TEST(OpenRun, reads_the_journal_where_it_is_newer_than_the_dataset) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(0));
  finish_dataset(folder, options());
  Journal(folder).append_query(sample_record(1));
  EXPECT_EQ(read_all(*open_run(folder)).size(), 2u);
}

TEST(OpenRun, takes_the_model_of_a_journal_from_the_config) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(0));
  write_config(folder, {{"model", kModel}});
  EXPECT_EQ(open_run(folder)->model(), kModel);
  EXPECT_THROW(open_run(folder, "other"), Error);
}

TEST(OpenRun, reads_the_folder_of_the_original) {
  const auto run = open_run(kOriginal);
  const auto records = read_all(*run);
  ASSERT_EQ(records.size(), 50u);
  EXPECT_EQ(run->model(), "llama3.2:1b");
  double joules = 0, watts = 0, seconds = 0;
  for (const auto& r : records) {
    joules += headline_energy(r.energy).joules.value();
    watts += r.gpu_power_watts->avg;
    seconds += r.latency.total_seconds;
  }
  EXPECT_NEAR(joules / 50, 19.5541, 1e-9);
  EXPECT_NEAR(watts / 50, 125.91666666666669, 1e-9);
  EXPECT_NEAR(seconds / 50, 0.15756821632385254, 1e-12);
}

TEST(OpenRun, S38_takes_no_verdict_from_an_unscored_folder_of_the_original) {
  EXPECT_FALSE(read_all(*open_run(kOriginal)).at(0).evaluation.has_value());
}

/// Write one row as a dataset folder, as another program would.
fs::path foreign_folder(const char* row) {
  const auto folder = empty_folder();
  const auto json = *parse_json(row);
  Column root{"", RowType::Struct, {}};
  widen(root, json);
  const auto writer = write_arrow_stream(folder / "data-00000-of-00001.arrow", root.children);
  writer->append(json);
  writer->close();
  write_file_atomic(folder / "state.json", R"({"_data_files":[{"filename":"data-00000-of-00001.arrow"}]})");
  return folder;
}

TEST(OpenRun, stands_null_leaves_missing_keys_and_text_metadata) {
  const auto folder = foreign_folder(
      R"({"problem":"p","answer":null,"dataset_metadata":"text","model_answers":{"m":"r"},
          "model_metrics":{"m":{"token_metrics":{"output":3,"input":null},"energy_metrics":{"per_query_joules":null}}}})");
  const auto r = read_all(*open_run(folder)).at(0);
  EXPECT_EQ(r.response, "r");
  EXPECT_EQ(r.tokens.output, 3);
  EXPECT_FALSE(r.tokens.input.has_value());
  EXPECT_TRUE(r.energy.empty());
  EXPECT_EQ(r.dataset_metadata, R"({"dataset_metadata":"text"})");
}

TEST(OpenRun, M41_takes_the_soc_where_the_original_chose_it) {
  const auto folder = foreign_folder(
      R"({"model_metrics":{"m":{"energy_metrics":{"basis":"soc","soc_per_query_joules":9.5,"per_query_joules":2.0}}}})");
  const auto h = headline_energy(read_all(*open_run(folder)).at(0).energy);
  EXPECT_EQ(h.scope, "module");
  EXPECT_EQ(h.joules, 9.5);
}

TEST(OpenRun, lists_the_models_when_the_wanted_one_is_not_there) {
  const auto folder =
      foreign_folder(R"({"model_answers":{"a":"x","b":null},"model_metrics":{"a":{"t":1},"b":{"t":2}}})");
  EXPECT_EQ(open_run(folder, "b")->model(), "b");
  for (const char* wanted : {"", "c"}) {
    try {
      open_run(folder, wanted);
      FAIL() << "nothing was thrown";
    } catch (const Error& e) {
      EXPECT_EQ(e.hint(), "models in it: a, b");
    }
  }
}

TEST(OpenRun, says_when_a_folder_is_no_run) {
  EXPECT_THROW(open_run(empty_folder()), Error);
  EXPECT_THROW(open_run("/no/such/folder"), Error);
}

}  // namespace
}  // namespace ipw::records
