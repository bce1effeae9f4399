// SPDX-License-Identifier: Apache-2.0
// Between the proxy and the spans: whose call it is, how many turns a task has had, and what its calls took.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ipw/agents/agent.h"
#include "ipw/agents/meter_proxy.h"
#include "ipw/execution/cost_account.h"
#include "ipw/execution/span_ledger.h"
#include "ipw/prices/prices.h"

namespace ipw::execution {

/// Tokens and money of a task, over its calls of models.
struct TaskTotals {
  records::Tokens
      tokens;  ///< sums of what is known; source "incomplete" where a call told no counts (defect A6)
  CostTotals cost;
  bool cost_known = true;  ///< false where a call that somebody charges for has no price or no counts
  std::string limit;       ///< "turns", "tokens" or "cost" where a call was refused for it
  Instant ended{};         ///< of the task, and of its last call
};

/// When calls are refused. A call is let through as long as the calls before it are within the limits, so the
/// last one may go beyond.
struct TaskLimits {
  int turns = 20;
  std::optional<std::int64_t> tokens;  ///< input and output, over all calls that told theirs
  std::optional<double> usd;
};

/// The price of a model at an address. Thread-safe.
using PriceOf = std::function<prices::Quote(const std::string& model, const std::string& base_url)>;

/// Hear of calls and tools, and keep them as spans. Thread-safe.
class TaskMeter final : public agents::CallSink {
 public:
  /// `price`: of the agents' model. `price_of`: of those that tools ask; nothing: they have none.
  TaskMeter(SpanLedger& ledger, Clock& clock, const TaskLimits& limits, prices::Quote price,
            PriceOf price_of = {})
      : ledger_(ledger),
        clock_(clock),
        limits_(limits),
        price_(std::move(price)),
        price_of_(std::move(price_of)) {}

  /// Calls with this key, and tools, belong to the task from now on.
  void open(const std::string& key, SpanLedger::Id task);
  /// End the task and read its calls into their spans; later ones of its key are nobody's. An agent has its
  /// last answer a moment before the proxy has seen its end: calls under way are given a second.
  TaskTotals close(const std::string& key, Instant at);
  /// The tools of the task with this key, as its agent tells of them.
  std::unique_ptr<agents::ToolWatch> tools(const std::string& key);

  std::string begun(std::int64_t call, const std::string& key, const std::string& model, Instant at) override;
  void first_token(std::int64_t call, Instant at) override;
  void ended(agents::ModelCall call) override;

 private:
  class Tools;
  class SubModels;
  /// A call whose tokens and cost are known.
  struct Told {
    SpanLedger::Id span;
    records::Span facts;
    bool billed;  ///< by somebody whose price ought to be known
  };
  struct Open {
    SpanLedger::Id task = 0;
    int turns = 0, under_way = 0;
    std::int64_t tokens = 0;
    double usd = 0;
    std::string limit;                     ///< that was reached
    std::vector<agents::ModelCall> calls;  ///< that have ended
    std::vector<Told> sub_models;
  };
  std::string refusal(Open& task) const;
  std::string spent(Open& task) const;
  void await_calls(const std::string& key);
  void count(const agents::ModelCall& call, Open& task) const;
  Result<SpanLedger::Id, std::string> begin_sub_model(const std::string& key, SpanLedger::Id tool,
                                                      const std::string& model, bool elsewhere);
  void end_sub_model(const std::string& key, Told told);

  SpanLedger& ledger_;
  Clock& clock_;
  const TaskLimits limits_;
  const prices::Quote price_;
  const PriceOf price_of_;
  std::mutex mutex_;  ///< guards all below
  std::map<std::string, Open> open_;
  std::map<std::int64_t, SpanLedger::Id> spans_;  ///< of calls under way
};

}  // namespace ipw::execution
