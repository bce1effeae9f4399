// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_meter.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/execution/recorder.h"

namespace ipw::execution {
namespace {

void add(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& more) {
  if (more) sum = sum.value_or(0) + *more;
}

void add(TaskTotals& totals, const records::Span& span) {
  ++totals.calls;
  totals.failed_calls += span.failure ? 1 : 0;
  add(totals.tokens.input, span.tokens.input);
  add(totals.tokens.output, span.tokens.output);
  add(totals.tokens.cached, span.tokens.cached);
  add(totals.tokens.reasoning, span.tokens.reasoning);
  const bool whole = span.tokens.input && span.tokens.output && span.tokens.source != "counted";
  if (totals.tokens.source.empty()) totals.tokens.source = span.tokens.source;
  if (!whole) totals.tokens.source = "incomplete";
  if (span.cost) totals.cost.add(*span.cost);
}

Json attributes_of(const agents::ModelCall& call, const clients::Response& response) {
  Json out = {{"api", agents::to_string(call.api)},
              {"http_status", call.http_status},
              {"finish_reason", response.finish_reason},
              {"stamps", response.stamps}};
  if (!response.content.empty()) out["content"] = response.content;
  if (!response.reasoning.empty()) out["reasoning"] = response.reasoning;
  if (auto calls = parse_json(response.tool_calls_json); calls && calls->is_array())
    out["tool_calls"] = std::move(*calls);
  return out;
}

/// Fill a call's span in; times and energy are the ledger's.
records::Span span_of(const agents::ModelCall& call, const prices::Quote& price) {
  const auto response = call.read();
  records::Span span;
  span.name = call.model;
  span.tokens = tokens_of(response);
  if (response.failure)
    span.failure = records::RecordFailure{response.failure->kind, response.failure->message,
                                          response.failure->http_status};
  if (price)
    if (auto cost = prices::cost_of(*price, span.tokens)) span.cost = std::move(*cost);
  span.attributes = dump_json(attributes_of(call, response));
  return span;
}

class TaskTools final : public agents::ToolWatch {
 public:
  TaskTools(SpanLedger& ledger, Clock& clock, SpanLedger::Id task)
      : ledger_(ledger), clock_(clock), task_(task) {}

  std::int64_t begin(const std::string& tool, const std::string& arguments) override {
    const auto span = ledger_.begin(task_, "tool", tool, clock_.now());
    ledger_.describe(span, [&](records::Span& s) {
      s.attributes = dump_json({{"arguments", parse_json(arguments).value_or(Json(arguments))}});
    });
    return span;
  }
  void end(std::int64_t call, const std::string& result, const std::string& trouble) override {
    ledger_.end(call, clock_.now());
    ledger_.describe(call, [&](records::Span& s) {
      auto attributes = parse_json(s.attributes).value_or(Json::object());
      attributes["result"] = result;
      s.attributes = dump_json(attributes);
      if (!trouble.empty()) s.failure = records::RecordFailure{"tool", trouble};
    });
  }

 private:
  SpanLedger& ledger_;
  Clock& clock_;
  SpanLedger::Id task_;
};

}  // namespace

void TaskMeter::open(const std::string& key, SpanLedger::Id task) {
  const std::lock_guard lock(mutex_);
  open_[key].task = task;
}

std::unique_ptr<agents::ToolWatch> TaskMeter::tools(SpanLedger::Id task) {
  return std::make_unique<TaskTools>(ledger_, clock_, task);
}

std::string TaskMeter::begun(std::int64_t call, const std::string& key, const std::string& model,
                             Instant at) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(key);
  if (it == open_.end()) return "this key belongs to no task that runs";
  if (auto why = refusal(it->second); !why.empty()) return why;
  ++it->second.turns;
  ++it->second.under_way;
  spans_[call] = ledger_.begin(it->second.task, "model", model, at);
  return {};
}

void TaskMeter::first_token(std::int64_t call, Instant at) {
  const std::lock_guard lock(mutex_);
  if (const auto it = spans_.find(call); it != spans_.end()) ledger_.first_token(it->second, at);
}

void TaskMeter::ended(agents::ModelCall call) {
  const std::lock_guard lock(mutex_);
  const auto span = spans_.extract(call.id);
  if (span.empty()) return;
  ledger_.end(span.mapped(), call.done);
  call.id = span.mapped();
  if (const auto it = open_.find(call.key); it != open_.end()) {
    --it->second.under_way;
    count(call, it->second);
    it->second.calls.push_back(std::move(call));
  }
}

std::string TaskMeter::refusal(Open& task) const {
  if (task.turns >= limits_.turns) {
    task.limit = "turns";
    return fmt::format("the task has had its {} turns; --max-turns sets their number", limits_.turns);
  }
  if (limits_.tokens && task.tokens >= *limits_.tokens) {
    task.limit = "tokens";
    return fmt::format("the task has used {} tokens; --max-task-tokens allows {}", task.tokens,
                       *limits_.tokens);
  }
  if (limits_.usd && task.usd >= *limits_.usd) {
    task.limit = "cost";
    return fmt::format("the task has cost {:.4f} USD; --max-task-cost allows {}", task.usd, *limits_.usd);
  }
  return {};
}

/// For the limits. Token counts stand in the first or the last events of a stream, so that a long one costs
/// the proxy's thread no more than a short one.
void TaskMeter::count(const agents::ModelCall& call, Open& task) const {
  if (!limits_.tokens && !limits_.usd) return;
  const auto tokens = tokens_of(call.ends().read());
  task.tokens += tokens.input.value_or(0) + tokens.output.value_or(0);
  if (!price_) return;
  if (const auto cost = prices::cost_of(*price_, tokens)) task.usd += cost->total_usd;
}

void TaskMeter::await_calls(const std::string& key) {
  constexpr auto kPatience = std::chrono::seconds(1);
  constexpr auto kTurn = std::chrono::milliseconds(1);
  for (const Instant until = clock_.now() + kPatience; clock_.now() < until;) {
    {
      const std::lock_guard lock(mutex_);
      if (open_.at(key).under_way == 0) return;
    }
    clock_.sleep_until(clock_.now() + kTurn);
  }
}

TaskTotals TaskMeter::close(const std::string& key, Instant at) {
  await_calls(key);
  Open task;
  {
    const std::lock_guard lock(mutex_);
    task = std::move(open_.extract(key).mapped());
  }
  TaskTotals totals;
  totals.ended = at;
  for (const auto& call : task.calls) totals.ended = std::max(totals.ended, call.done);
  ledger_.end(task.task, totals.ended);
  totals.limit = task.limit;
  for (const auto& call : task.calls) {
    const auto told = span_of(call, price_);
    add(totals, told);
    ledger_.describe(call.id, [&](records::Span& span) {
      span.name = told.name;
      span.tokens = told.tokens;
      span.cost = told.cost;
      span.attributes = told.attributes;
      if (told.failure) span.failure = told.failure;
    });
  }
  return totals;
}

}  // namespace ipw::execution
