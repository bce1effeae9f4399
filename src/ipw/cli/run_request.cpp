// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/run_request.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ipw/analysis/analysis.h"
#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/cli/judge_options.h"
#include "ipw/records/run_folder.h"
#include "ipw/report/report.h"
#include "ipw/telemetry/attribution.h"

namespace ipw::cli {
namespace {

constexpr std::size_t kDemoQueries = 60;

execution::ShardChoice parse_shard(const std::string& text) {
  const auto parts = split(text, '/');
  const auto index = parse_int(parts[0]), count = parts.size() == 2 ? parse_int(parts[1]) : std::nullopt;
  if (!index || !count || *count < 1 || *index < 1 || *index > *count)
    throw Error(ErrorCode::Usage, fmt::format("--shard {} is not I/N with 1 <= I <= N", text));
  return {static_cast<std::size_t>(*index), static_cast<std::size_t>(*count)};
}

template <class Field>
void take(std::optional<std::int64_t> given, Field& field) {
  if (given) field = static_cast<Field>(*given);  // Values::integer keeps within the range of an int
}
template <class Field>
void take(std::optional<std::int64_t> given, std::optional<Field>& field) {
  if (given) field = static_cast<Field>(*given);
}
void take(std::optional<double> given, double& field) {
  if (given) field = *given;
}
void take(std::optional<std::string> given, std::string& field) {
  if (given) field = std::move(*given);
}

void merge(const Params& given, Params& into) {
  for (const auto& [key, value] : given.all()) into.set(key, value);
}

void take_engine_options(const Values& values, execution::ProfileConfig& c) {
  take(values.text("--client"), c.client);
  take(values.text("--model"), c.model);
  take(values.text("--client-base-url"), c.client_base_url);
  merge(values.params("--client-param"), c.client_params);
  take(values.number("--temperature", 0), c.temperature);
  take(values.integer("--max-tokens", 1), c.max_tokens);
  take(values.number("--query-timeout", 0.001), c.query_timeout_seconds);
  for (const char* name : {"IPW_API_KEY", "OPENAI_API_KEY"})
    if (const char* key = std::getenv(name); key && c.api_key.empty()) c.api_key = key;
  take(values.text("--api-key"), c.api_key);
}

void take_question_options(const Values& values, execution::ProfileConfig& c) {
  if (!values.has("--dataset") && !values.has("--config") && !values.has("--max-queries")) {
    c.max_queries = kDemoQueries;
    c.sample_evenly = true;
  }
  take(values.text("--dataset"), c.dataset);
  merge(values.params("--dataset-param"), c.dataset_params);
  take(values.integer("--max-queries", 1), c.max_queries);
  take(values.integer("--samples", 1), c.samples);
  if (c.samples > 1000) throw Error(ErrorCode::Usage, "--samples takes 1 to 1000");
  if (values.has("--sample-evenly")) c.sample_evenly = true;
  if (const auto shard = values.text("--shard")) c.shard = parse_shard(*shard);
  take(values.integer("--seed", 0), c.seed);
  if (c.sample_evenly && !c.max_queries) throw Error(ErrorCode::Usage, "--sample-evenly needs --max-queries");
}

void take_run_options(const Values& values, execution::ProfileConfig& c) {
  take(values.integer("--batch-size", 1), c.concurrency);
  take(values.integer("--concurrency", 1), c.concurrency);
  take(values.text("--attribution"), c.attribution);
  telemetry::attribution_rule(c.attribution);
  take(values.integer("--warmup-queries", 0), c.warmup_queries);
  take(values.number("--idle-seconds", 0), c.idle_seconds);
  take(values.text("--output-dir"), c.output_dir);
  if (values.has("--monitor")) c.monitor = join(values.list("--monitor"), ",");
  take(values.text("--monitor-token"), c.monitor_token_file);
  if (values.has("--collector")) c.collectors = values.list("--collector");
  take(values.text("--sysfs-root"), c.sysfs_root);
  take(values.number("--sampling-period", 0.001), c.sampling_period_seconds);
  take(values.text("--calibration"), c.calibration);
  take(values.text("--prices"), c.prices);
  take_judge_options(values, c);
}

/// Add the figures of the analyses to summary.json, under the original's keys.
Json complete_summary(const std::filesystem::path& folder, const std::string& model) {
  auto summary = records::read_summary(folder);
  const auto sections = analysis::summary_sections(folder, model);
  for (const auto& [key, value] : sections.items()) summary[key] = value;
  records::write_summary(folder, summary);
  return summary;
}

/// One line for each domain: requests + idle + unattributed = device.
void print_attribution(const Json& account) {
  if (!account.is_object()) return;
  fmt::print("\nEnergy by rule {}: device = requests + idle + unattributed\n",
             account.at("rule").get<std::string>());
  for (const auto& d : account.at("domains")) {
    const auto joules = [&](const char* key) { return human_quantity(d.at(key).get<double>(), "J"); };
    fmt::print("  {:<20} {} = {} ({} of it idle power) + {} + {}\n", d.at("domain").get<std::string>(),
               joules("device_joules"), joules("request_joules"), joules("shared_idle_joules"),
               joules("idle_joules"), joules("unattributed_joules"));
  }
}

void print_verdict(const execution::RunOutcome& outcome) {
  fmt::print("\nverdict: {}\n", outcome.verdict.valid() ? "VALID" : "INVALID");
  for (const auto& reason : outcome.verdict.reasons) fmt::print("  {}\n", reason);
  fmt::print("results: {}\n", outcome.folder.string());
}

}  // namespace

execution::RunRequest run_request(const Values& values) {
  execution::RunRequest request;
  request.config.monitor = "auto";
  if (const auto file = values.text("--config"))
    request.config = execution::profile_config_from_json(read_json_file(*file));
  take_engine_options(values, request.config);
  take_question_options(values, request.config);
  take_run_options(values, request.config);
  if (values.has("--resume") && values.has("--overwrite"))
    throw Error(ErrorCode::Usage, "--resume and --overwrite exclude each other");
  if (values.has("--resume")) request.folder = execution::FolderPolicy::Resume;
  if (values.has("--overwrite")) request.folder = execution::FolderPolicy::Overwrite;
  request.retry_failed = values.has("--retry-failed");
  return request;
}

int tell_run(const execution::RunOutcome& outcome, const std::string& model, const Values& values,
             const Context& context) {
  const auto summary = complete_summary(outcome.folder, model);
  if (values.has("--json")) {
    fmt::print("{}", pretty_json(summary));
  } else {
    fmt::print("{}", report::render_console(analysis::profile_report(outcome.folder, model),
                                            {static_cast<std::size_t>(context.width), context.color}));
    if (summary.contains("attribution")) print_attribution(summary.at("attribution"));
    print_verdict(outcome);
  }
  if (outcome.interrupted) return 130;
  return outcome.verdict.valid() ? 0 : 1;
}

}  // namespace ipw::cli
