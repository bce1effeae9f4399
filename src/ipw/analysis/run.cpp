// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/run.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "ipw/stats/stats.h"

namespace ipw::analysis {
namespace {

std::uint64_t question_of(const records::QueryRecord& record) {
  const std::hash<std::string> hash;
  if (!record.problem.empty()) return hash(record.problem);
  return record.query_id.empty() ? hash(std::to_string(record.index)) : hash(record.query_id);
}

/// A sensor's NaN must not enter a sum.
bool is_sane(double value) {
  return std::isfinite(value) && value >= 0;
}

std::optional<double> as_double(const std::optional<std::int64_t>& count) {
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

std::optional<double> idle_of(const records::QueryRecord& record, const std::string& scope) {
  double sum = 0;
  bool any = false;
  for (const auto& energy : record.energy) {
    if (energy.scope != scope || !records::counts_in_sums(record.energy, energy)) continue;
    if (!energy.idle_joules) return std::nullopt;
    sum += *energy.idle_joules;
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

/// An answer in which a rule found nothing; a judge takes nothing out of an answer.
bool is_unparsed(const records::Evaluation& e) {
  return e.correct == false && e.extracted.empty() && !e.scorer.empty() &&
         e.scorer.find("judge") == std::string::npos;
}

}  // namespace

std::optional<double> QueryRow::watts() const {
  if (!joules || !(seconds > 0)) return std::nullopt;
  return *joules / seconds;
}

std::optional<double> QueryRow::total_tokens() const {
  if (!input_tokens || !output_tokens) return std::nullopt;
  return *input_tokens + *output_tokens;
}

std::optional<double> QueryRow::net_joules() const {
  if (!joules || !idle_joules) return std::nullopt;
  return *joules - *idle_joules;
}

std::optional<double> QueryRow::tokens_per_second() const {
  if (!output_tokens || !(seconds > 0)) return std::nullopt;
  return *output_tokens / seconds;
}

std::optional<double> QueryRow::tpot_seconds() const {
  if (!ttft_seconds || !output_tokens || *output_tokens < 2 || seconds < *ttft_seconds) return std::nullopt;
  return (seconds - *ttft_seconds) / (*output_tokens - 1);
}

std::optional<double> Collector::plausible(std::optional<double> value) {
  if (!value || is_sane(*value)) return value;
  ++run_.implausible;
  return std::nullopt;
}

std::uint32_t Collector::subject(const std::string& name) {
  const auto next = static_cast<std::uint32_t>(run_.subjects.size());
  const auto [it, added] = subject_ids_.try_emplace(name, next);
  if (added) run_.subjects.push_back(name);
  return it->second;
}

void Collector::add_outcome(const records::QueryRecord& record, QueryRow& row) {
  if (record.finish_reason == "length") ++run_.truncated;
  if (record.failure) {
    row.outcome = Outcome::Failed;
    ++run_.failures[record.failure->kind];
  } else if (record.evaluation && record.evaluation->correct) {
    row.outcome = *record.evaluation->correct ? Outcome::Correct : Outcome::Wrong;
    if (is_unparsed(*record.evaluation)) ++run_.unparsed;
  } else {
    const bool judged = record.evaluation && !record.evaluation->reason.empty();
    ++run_.unscored[judged ? record.evaluation->reason : "not evaluated"];
  }
}

void Collector::add_domain(const records::DomainEnergy& energy) {
  auto it = std::ranges::find(run_.domains, energy.domain, &DomainTotals::domain);
  if (it == run_.domains.end()) {
    run_.domains.emplace_back();
    it = std::prev(run_.domains.end());
    it->domain = energy.domain;
    it->scope = energy.scope;
    it->method = energy.method;
    it->rule = energy.rule;
  }
  if (!energy.joules || !is_sane(*energy.joules)) {
    ++it->reasons[energy.reason.empty() ? "no plausible value" : energy.reason];
    return;
  }
  ++it->n;
  const double before = *energy.joules - it->mean_joules;
  it->mean_joules += before / static_cast<double>(it->n);
  it->squares += before * (*energy.joules - it->mean_joules);
  it->total_joules += *energy.joules;
  it->half_width_joules += energy.half_width_joules;
  it->min_coverage = std::min(it->min_coverage, energy.coverage);
}

void Collector::add_energy(const records::QueryRecord& record, QueryRow& row) {
  for (const auto& energy : record.energy) add_domain(energy);
  const auto scoped = [&](const char* scope) { return records::scope_energy(record.energy, scope).joules; };
  if (const auto gpu = scoped("accelerator"); gpu && is_sane(*gpu)) row.gpu_joules = gpu;
  if (const auto cpu = scoped("package"); cpu && is_sane(*cpu)) row.cpu_joules = cpu;
  if (record.gpu_power_watts) row.gpu_watts = plausible(record.gpu_power_watts->avg);
  const auto headline = records::headline_energy(record.energy);
  row.joules = plausible(headline.joules);
  if (!row.joules) {
    const char* const fallback = headline.joules ? "negative or non-finite value" : "no sensor";
    ++run_.no_energy[headline.reason.empty() ? fallback : headline.reason];
    return;
  }
  row.half_width_joules = plausible(headline.half_width_joules);
  row.random_half_width_joules = plausible(headline.random_half_width_joules);
  row.idle_joules = idle_of(record, headline.scope);
  const auto known = std::ranges::find(scopes_, headline.scope, &records::Headline::scope);
  row.scope = static_cast<std::uint32_t>(known - scopes_.begin());
  if (known == scopes_.end()) scopes_.push_back(headline);
}

void Collector::add(const records::QueryRecord& record) {
  QueryRow row;
  row.question = question_of(record);
  row.subject = subject(record.subject);
  row.seconds = plausible(record.latency.total_seconds).value_or(0);
  row.ttft_seconds = plausible(record.latency.ttft_seconds);
  row.itl_median_seconds = plausible(stats::quantile(record.latency.itl_seconds, 0.5));
  row.input_tokens = as_double(record.tokens.input);
  row.output_tokens = as_double(record.tokens.output);
  if (record.shared_device) ++run_.shared_device;
  add_outcome(record, row);
  add_energy(record, row);
  run_.rows.push_back(row);
}

RunData Collector::finish(std::string model) && {
  std::vector<std::size_t> counts(scopes_.size());
  for (const auto& row : run_.rows) {
    if (row.joules) ++counts[row.scope];
  }
  const auto chosen = static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin());
  for (auto& row : run_.rows) {
    if (!row.joules || row.scope == chosen) continue;
    ++run_.no_energy["measured as " + scopes_[row.scope].scope + ", not as " + scopes_[chosen].scope];
    row.joules = row.half_width_joules = row.idle_joules = std::nullopt;
  }
  if (!scopes_.empty()) {
    run_.scope = scopes_[chosen].scope;
    run_.method = scopes_[chosen].method;
  }
  run_.model = std::move(model);
  return std::move(run_);
}

RunData read_run(const std::filesystem::path& folder, const std::string& model) {
  const auto reader = records::open_run(folder, model);
  Collector collector;
  records::QueryRecord record;
  while (reader->next(record)) collector.add(record);
  return std::move(collector).finish(reader->model());
}

}  // namespace ipw::analysis
