// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/run.h"

#include <algorithm>
#include <cmath>

#include "ipw/base/hash.h"
#include "ipw/records/failure_kinds.h"
#include "ipw/stats/stats.h"

namespace ipw::analysis {
namespace {

std::uint64_t question_of(const records::QueryRecord& record) {
  if (!record.problem.empty()) return hash64(record.problem);
  return hash64(record.query_id.empty() ? std::to_string(record.index) : record.query_id);
}

/// Count a reason; when there are too many different ones, the new ones together.
void count(std::map<std::string, std::size_t>& reasons, const std::string& reason) {
  const bool full = reasons.size() >= kMostReasons && !reasons.contains(reason);
  ++reasons[full ? "other reasons" : reason];
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

Collector::Collector(const std::filesystem::path& scratch) : questions_(scratch) {
  run_.rows = Rows(scratch);
}

std::optional<double> Collector::plausible(std::optional<double> value) {
  if (!value || is_sane(*value)) return value;
  ++run_.implausible;
  return std::nullopt;
}

std::uint32_t Collector::subject(const std::string& name) {
  static const std::string kOtherSubjects = "(other subjects)";
  const bool full = run_.subjects.size() >= kMostSubjects && !subject_ids_.contains(name);
  const std::string& counted = full ? kOtherSubjects : name;
  const auto [it, added] =
      subject_ids_.try_emplace(counted, static_cast<std::uint32_t>(run_.subjects.size()));
  if (added) run_.subjects.push_back(counted);
  return it->second;
}

void Collector::add_outcome(const records::QueryRecord& record, QueryRow& row) {
  if (record.finish_reason == "length") ++run_.truncated;
  if (record.evaluation && record.evaluation->score) {
    ++run_.graded;
    run_.score_sum += *record.evaluation->score;
  }
  // A task that ran out of time may be solved, and one whose place was missing was never tried.
  const bool solved = record.evaluation && record.evaluation->correct.value_or(false);
  if (record.failure && !solved && record.failure->kind != records::kHarnessFailure) {
    row.outcome = Outcome::Failed;
    count(run_.failures, record.failure->kind);
    // What a failed agent has left was verified all the same, and benchmarks count it.
    if (record.evaluation && record.evaluation->correct && !record.evaluation->metadata.empty())
      add_to_tally(record);
  } else if (record.evaluation && record.evaluation->correct) {
    row.outcome = *record.evaluation->correct ? Outcome::Correct : Outcome::Wrong;
    if (is_unparsed(*record.evaluation)) ++run_.unparsed;
    add_to_tally(record);
  } else {
    const bool judged = record.evaluation && !record.evaluation->reason.empty();
    count(run_.unscored, judged ? record.evaluation->reason : "not evaluated");
  }
}

void Collector::add_to_tally(const records::QueryRecord& record) {
  const auto& e = *record.evaluation;
  const auto [it, is_new] = tallies_.try_emplace(e.scorer);
  if (const auto* row = is_new ? find(evaluation::tallies(), e.scorer) : nullptr) it->second = row->make();
  if (it->second) it->second->add({record.response, record.answer, *e.correct, e.score, e.metadata});
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
    count(it->reasons, energy.reason.empty() ? "no plausible value" : energy.reason);
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
    count(run_.no_energy, headline.reason.empty() ? fallback : headline.reason);
    return;
  }
  row.half_width_joules = plausible(headline.half_width_joules);
  row.random_half_width_joules = plausible(headline.random_half_width_joules);
  row.idle_joules = idle_of(record, headline.scope);
  const auto known = std::ranges::find(scopes_, headline.scope, &records::Headline::scope);
  row.scope = static_cast<std::uint32_t>(known - scopes_.begin());
  if (known == scopes_.end()) {
    scopes_.push_back(headline);
    scope_counts_.push_back(0);
  }
  ++scope_counts_[row.scope];
}

void Collector::add_cost(const records::QueryRecord& record, QueryRow& row) {
  if (!record.cost) return;
  row.cost_usd = plausible(record.cost->total_usd);
  if (!record.cost->prices_as_of.empty()) run_.price_days.insert(record.cost->prices_as_of);
}

void Collector::add(const records::QueryRecord& record) {
  QueryRow row;
  row.question = question_of(record);
  questions_.add(row.question);
  row.subject = subject(record.subject);
  row.sample = static_cast<std::int32_t>(record.sample.value_or(-1));
  if (record.evaluation && !record.evaluation->extracted.empty())
    row.answer = std::max<std::uint64_t>(1, hash64(record.evaluation->extracted));
  row.seconds = plausible(record.latency.total_seconds).value_or(0);
  row.ttft_seconds = plausible(record.latency.ttft_seconds);
  row.itl_median_seconds = plausible(stats::quantile(record.latency.itl_seconds, 0.5));
  if (record.tokens.source != "incomplete") {  // energy of all calls over the tokens of some is no figure
    row.input_tokens = as_double(record.tokens.input);
    row.output_tokens = as_double(record.tokens.output);
  }
  add_cost(record, row);
  if (!record.spans.empty()) {
    row.turns = static_cast<double>(std::ranges::count(record.spans, "model", &records::Span::kind));
    row.tool_calls = static_cast<double>(std::ranges::count(record.spans, "tool", &records::Span::kind));
  }
  if (record.shared_device) ++run_.shared_device;
  add_outcome(record, row);
  add_energy(record, row);
  run_.rows.push_back(row);
}

void Collector::count_questions() {
  questions_.sort();
  std::uint64_t last = 0;
  for (std::uint64_t question = 0; questions_.next(question); last = question)
    if (run_.questions == 0 || question != last) ++run_.questions;
}

void Collector::choose_scope() {
  if (scopes_.empty()) return;
  const auto chosen =
      static_cast<std::size_t>(std::ranges::max_element(scope_counts_) - scope_counts_.begin());
  for (std::size_t i = 0; i < scopes_.size(); ++i) {
    if (i == chosen) continue;
    run_.no_energy["measured as " + scopes_[i].scope + ", not as " + scopes_[chosen].scope] +=
        scope_counts_[i];
  }
  run_.rows.keep_scope(static_cast<std::uint32_t>(chosen));
  run_.scope = scopes_[chosen].scope;
  run_.method = scopes_[chosen].method;
}

RunData Collector::finish(std::string model) && {
  count_questions();
  choose_scope();
  for (const auto& [rule, tally] : tallies_)
    for (const auto& figure : tally ? tally->figures() : std::vector<evaluation::OfficialFigure>())
      run_.official.push_back({rule, figure});
  run_.model = std::move(model);
  return std::move(run_);
}

RunData read_run(const std::filesystem::path& folder, const std::string& model) {
  const auto reader = records::open_run(folder, model);
  Collector collector(folder);
  records::QueryRecord record;
  while (reader->next(record)) collector.add(record);
  return std::move(collector).finish(reader->model());
}

}  // namespace ipw::analysis
