// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/analysis/format.h"

namespace ipw::analysis {
namespace {

/// Values nearer to 0 than this count as zero counters.
constexpr double kZero = 1e-12;

using Getter = std::optional<double> (*)(const QueryRow&);

std::optional<double> input_tokens(const QueryRow& r) {
  return r.input_tokens;
}
std::optional<double> output_tokens(const QueryRow& r) {
  return r.output_tokens;
}
std::optional<double> total_tokens(const QueryRow& r) {
  return r.total_tokens();
}
std::optional<double> ttft(const QueryRow& r) {
  return r.ttft_seconds;
}
std::optional<double> joules(const QueryRow& r) {
  return r.joules;
}
std::optional<double> seconds(const QueryRow& r) {
  return r.seconds;
}
std::optional<double> gauge_watts(const QueryRow& r) {
  return r.gpu_watts;
}
std::optional<double> energy_watts(const QueryRow& r) {
  return r.watts();
}

/// The accelerator's own power gauge, as the original; without one, energy over latency. One source for a
/// whole run.
Getter watts_of(const RunData& run) {
  for (const auto& row : run.rows)
    if (row.gpu_watts) return gauge_watts;
  return energy_watts;
}

struct Spec {
  const char *name, *x_label, *y_label;
  Getter x, y;
  bool zero_y_counts = true;
  bool on_logarithm = false;  ///< natural, of x; pairs without one leave
};

Regression regress(const RunData& run, const Spec& spec) {
  const stats::Pairs pairs = [&](const std::function<void(double, double)>& take) {
    for (const auto& row : run.rows) {
      const auto x = spec.x(row), y = spec.y(row);
      if (!x || !y || (!spec.zero_y_counts && std::abs(*y) < kZero)) continue;
      if (spec.on_logarithm && *x <= 0) continue;
      take(spec.on_logarithm ? std::log(*x) : *x, *y);
    }
  };
  stats::Moments moments;
  pairs([&](double, double y) { moments.add(y); });
  Regression out{.name = spec.name, .x = spec.x_label, .y = spec.y_label, .count = moments.n()};
  if (moments.n() > 0) out.mean_y = moments.mean();
  out.line = stats::least_squares(pairs);
  return out;
}

Json to_json(const std::optional<stats::Interval>& interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
}

Json to_json(const Regression& r) {
  Json json{{"count", r.count}};
  json["slope"] = r.line ? Json(r.line->slope) : Json(nullptr);
  json["intercept"] = r.line ? Json(r.line->intercept) : Json(nullptr);
  json["r2"] = r.line ? Json(r.line->r2) : Json(nullptr);
  json["avg_y"] = r.mean_y ? Json(*r.mean_y) : Json(nullptr);
  json["slope_95"] = to_json(r.line ? r.line->slope_interval : std::nullopt);
  json["intercept_95"] = to_json(r.line ? r.line->intercept_interval : std::nullopt);
  json["x"] = r.x;
  json["y"] = r.y;
  return json;
}

std::vector<std::string> warnings_of(const RunData& run) {
  const std::vector<std::pair<const char*, Getter>> counters{
      {"per-query energy", joules}, {"power", watts_of(run)},        {"ttft", ttft},
      {"latency", seconds},         {"output token", output_tokens}, {"prompt token", input_tokens},
      {"total token", total_tokens}};
  std::vector<std::string> out;
  for (const auto& [name, value] : counters) {
    std::size_t zeros = 0;
    for (const auto& row : run.rows) {
      const auto v = value(row);
      zeros += v && std::abs(*v) < kZero;
    }
    if (zeros > 0)
      out.push_back(fmt::format("encountered {} {} samples equal to 0.0 in dataset", zeros, name));
  }
  if (run.implausible > 0)
    out.push_back(fmt::format("{} negative or non-finite values left out", run.implausible));
  return out;
}

std::string with_interval(double value, const std::optional<stats::Interval>& interval) {
  Figure figure;
  figure.value = value;
  figure.interval = interval;
  return value_text(figure);
}

Table table_of(const std::vector<Regression>& all) {
  Table table;
  table.title = "Regression";
  table.columns = {"y", "x", "n", "slope [95 %]", "intercept [95 %]", "r2", "mean y"};
  table.right_aligned = {false, false, true, true, true, true, true};
  table.notes = {"ordinary least squares; intervals by Student's t, valid for errors of equal spread"};
  for (const auto& r : all) {
    table.rows.push_back({r.y, r.x, std::to_string(r.count),
                          r.line ? with_interval(r.line->slope, r.line->slope_interval) : "-",
                          r.line ? with_interval(r.line->intercept, r.line->intercept_interval) : "-",
                          r.line ? number(r.line->r2) : "-", r.mean_y ? number(*r.mean_y) : "-"});
    if (!r.line) table.notes.push_back(r.name + ": fewer than two points or two distinct x");
  }
  return table;
}

class RegressionAnalysis final : public Analysis {
 public:
  Result run(const std::filesystem::path& folder, const std::string& model,
             const Params& options) const override {
    options.allow("analysis 'regression'", std::vector<std::string_view>{"skip_zeroes"});
    return regression_result(read_run(folder, model), options.flag("skip_zeroes").value_or(false));
  }
};

}  // namespace

std::vector<Regression> regressions_of(const RunData& run) {
  const Getter watts = watts_of(run);
  const char* const power = watts == gauge_watts ? "accelerator power [W]" : "power [W]";
  const Spec specs[] = {
      {"input_tokens_vs_ttft", "input tokens", "TTFT [s]", input_tokens, ttft},
      {"total_tokens_vs_energy", "total tokens", "energy [J]", total_tokens, joules},
      {"total_tokens_vs_latency", "total tokens", "latency [s]", total_tokens, seconds},
      {"total_tokens_vs_power", "total tokens", power, total_tokens, watts, false},
      {"total_tokens_vs_power_log", "ln(total tokens)", power, total_tokens, watts, false, true}};
  std::vector<Regression> all;
  for (const auto& spec : specs) all.push_back(regress(run, spec));
  return all;
}

Result regression_result(const RunData& run, bool skip_without_line) {
  auto all = regressions_of(run);
  Result result{.id = "regression", .warnings = warnings_of(run)};
  if (skip_without_line) std::erase_if(all, [](const Regression& r) { return !r.line; });
  result.tables = {table_of(all)};
  Json lines = Json::object();
  for (const auto& r : all) lines[r.name] = to_json(r);
  result.json = pretty_json(Json{{"analysis", "regression"},
                                 {"summary", {{"total_samples", run.rows.size()}}},
                                 {"warnings", result.warnings},
                                 {"data", {{"regressions", lines}}}});
  return result;
}

std::unique_ptr<Analysis> make_regression() {
  return std::make_unique<RegressionAnalysis>();
}

}  // namespace ipw::analysis
