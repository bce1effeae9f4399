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

/// A server that refused a call has done and charged nothing.
bool refused(const records::Span& span) {
  return span.failure && span.failure->http_status >= 400;
}

void add(TaskTotals& totals, const records::Span& span, bool billed) {
  if (refused(span)) return;
  add(totals.tokens.input, span.tokens.input);
  add(totals.tokens.output, span.tokens.output);
  add(totals.tokens.cached, span.tokens.cached);
  add(totals.tokens.reasoning, span.tokens.reasoning);
  const bool whole = span.tokens.input && span.tokens.output && span.tokens.source != "counted";
  if (totals.tokens.source.empty()) totals.tokens.source = span.tokens.source;
  if (!whole) totals.tokens.source = "incomplete";
  if (span.cost) totals.cost.add(*span.cost);
  if (billed && !span.cost) totals.cost_known = false;
}

Json attributes_of(const clients::Response& response) {
  Json out = {{"finish_reason", response.finish_reason}, {"stamps", response.stamps}};
  if (!response.content.empty()) out["content"] = response.content;
  if (!response.reasoning.empty()) out["reasoning"] = response.reasoning;
  if (auto calls = parse_json(response.tool_calls_json); calls && calls->is_array())
    out["tool_calls"] = std::move(*calls);
  return out;
}

/// What an answer tells of a call's span; times and energy are the ledger's.
records::Span facts_of(const clients::Response& response, const prices::Quote& price, Json attributes) {
  records::Span span;
  span.tokens = tokens_of(response);
  if (response.failure)
    span.failure = records::RecordFailure{response.failure->kind, response.failure->message,
                                          response.failure->http_status};
  if (price)
    if (auto cost = prices::cost_of(*price, span.tokens)) span.cost = std::move(*cost);
  attributes.update(attributes_of(response));
  span.attributes = dump_json(attributes);
  return span;
}

void describe(SpanLedger& ledger, SpanLedger::Id span, const records::Span& facts) {
  ledger.describe(span, [&](records::Span& s) {
    s.tokens = facts.tokens;
    s.cost = facts.cost;
    s.attributes = facts.attributes;
    if (facts.failure) s.failure = facts.failure;
  });
}

}  // namespace

/// The models that a tool asks in one call of it.
class TaskMeter::SubModels final : public tools::SubModelWatch {
 public:
  SubModels(TaskMeter& meter, std::string key, SpanLedger::Id tool)
      : meter_(meter), key_(std::move(key)), tool_(tool) {}

  Result<std::int64_t, std::string> begin(const std::string& model, const std::string& base_url,
                                          bool elsewhere) override {
    const auto span = meter_.begin_sub_model(key_, tool_, model, elsewhere);
    if (!span) return span;
    const std::lock_guard lock(mutex_);
    asked_[*span] = {model, base_url, elsewhere};
    return span;
  }
  void end(std::int64_t call, const clients::Response& response) override {
    Asked asked;
    {
      const std::lock_guard lock(mutex_);
      asked = std::move(asked_.extract(call).mapped());
    }
    if (!response.arrivals.empty()) meter_.ledger_.first_token(call, response.arrivals.front());
    meter_.ledger_.end(call, response.done);
    const prices::Quote price = meter_.price_of_ ? meter_.price_of_(asked.model, asked.base_url)
                                                 : Unexpected<std::string>("no prices were given");
    auto facts = facts_of(response, price, {{"base_url", asked.base_url}, {"elsewhere", asked.elsewhere}});
    describe(meter_.ledger_, call, facts);
    meter_.end_sub_model(key_, {call, std::move(facts), asked.elsewhere || price});
  }

 private:
  struct Asked {
    std::string model, base_url;
    bool elsewhere = false;
  };
  TaskMeter& meter_;
  const std::string key_;
  const SpanLedger::Id tool_;
  std::mutex mutex_;
  std::map<std::int64_t, Asked> asked_;
};

class TaskMeter::Tools final : public agents::ToolWatch {
 public:
  Tools(TaskMeter& meter, std::string key, SpanLedger::Id task)
      : meter_(meter), key_(std::move(key)), task_(task) {}

  std::int64_t begin(const std::string& tool, const std::string& arguments) override {
    const auto span = meter_.ledger_.begin(task_, "tool", tool, meter_.clock_.now());
    meter_.ledger_.describe(span, [&](records::Span& s) {
      s.attributes = dump_json({{"arguments", parse_json(arguments).value_or(Json(arguments))}});
    });
    return span;
  }
  void end(std::int64_t call, const std::string& result, const std::string& trouble) override {
    meter_.ledger_.end(call, meter_.clock_.now());
    meter_.ledger_.describe(call, [&](records::Span& s) {
      auto attributes = parse_json(s.attributes).value_or(Json::object());
      attributes["result"] = result;
      s.attributes = dump_json(attributes);
      if (!trouble.empty()) s.failure = records::RecordFailure{"tool", trouble};
    });
  }
  std::unique_ptr<tools::SubModelWatch> sub_models(std::int64_t call) override {
    return std::make_unique<SubModels>(meter_, key_, call);
  }

 private:
  TaskMeter& meter_;
  const std::string key_;
  const SpanLedger::Id task_;
};

void TaskMeter::open(const std::string& key, SpanLedger::Id task) {
  const std::lock_guard lock(mutex_);
  open_[key].task = task;
}

std::unique_ptr<agents::ToolWatch> TaskMeter::tools(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return std::make_unique<Tools>(*this, key, open_.at(key).task);
}

Result<SpanLedger::Id, std::string> TaskMeter::begin_sub_model(const std::string& key, SpanLedger::Id tool,
                                                               const std::string& model, bool elsewhere) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(key);
  if (it == open_.end()) return Unexpected<std::string>("its task has ended");
  if (auto why = spent(it->second); !why.empty()) return Unexpected(std::move(why));
  return ledger_.begin(tool, "submodel", model, clock_.now(), elsewhere);
}

void TaskMeter::end_sub_model(const std::string& key, Told told) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(key);
  if (it == open_.end()) return;
  auto& task = it->second;
  task.tokens += told.facts.tokens.input.value_or(0) + told.facts.tokens.output.value_or(0);
  if (told.facts.cost) task.usd += told.facts.cost->total_usd;
  task.sub_models.push_back(std::move(told));
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
  return spent(task);
}

/// Why a task that has used so much may ask no model any more.
std::string TaskMeter::spent(Open& task) const {
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
    const auto facts = facts_of(call.read(), price_,
                                {{"api", agents::to_string(call.api)}, {"http_status", call.http_status}});
    add(totals, facts, true);
    describe(ledger_, call.id, facts);
  }
  for (const auto& told : task.sub_models) add(totals, told.facts, told.billed);
  if (task.under_way > 0) {  // a call that does not end in time: nobody knows what it took
    totals.tokens.source = "incomplete";
    totals.cost_known = false;
  }
  return totals;
}

}  // namespace ipw::execution
