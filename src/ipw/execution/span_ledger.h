// SPDX-License-Identifier: Apache-2.0
// The time and energy of agents' tasks, span by span. At every moment a task is in its innermost spans and
// nowhere else, so that the spans of a task add up to the task, and the tasks to the device (design law 3).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ipw/records/query_record.h"
#include "ipw/telemetry/attribution.h"

namespace ipw::execution {

/// Energy is shared by the rule "time-share": on accelerators by the calls of models that overlap, elsewhere
/// by all tasks in equal parts (telemetry/attribution.h). Thread-safe.
class SpanLedger {
 public:
  using Id = std::int64_t;

  /// Seconds of spans count from `origin`.
  SpanLedger(const telemetry::Source& source, Instant origin);

  Id begin_task(Instant at);
  /// A child of a task or of another span; `kind` is "model", "submodel" or "tool". Time stands still in the
  /// parent until its last child has ended. A model that works `elsewhere` has no part in an accelerator here
  /// while others work there, like a tool.
  Id begin(Id parent, std::string kind, std::string name, Instant at, bool elsewhere = false);
  /// The first token of a model's call: what was before is prefill, what comes is decode. May be told later.
  void first_token(Id span, Instant at);
  /// End a span, and first its children that have not ended, with a failure. One that has been taken is gone.
  void end(Id span, Instant at);
  /// Add what is known of a span besides times and energy. Until its task is taken.
  void describe(Id span, const std::function<void(records::Span&)>& change);

  /// The spans of a task that has ended, itself first, once their readings have arrived; with `force` in any
  /// case.
  std::optional<std::vector<records::Span>> take(Id task, bool force);
  /// Where the energy of each domain went. After the last take().
  telemetry::Account totals();

 private:
  enum class Phase : std::uint8_t { Own, Prefill, Decode };
  struct Segment {
    std::int64_t request;  ///< as the rule knows it
    Phase phase;
    double seconds;
  };
  struct Node {
    records::Span span;
    Id task = 0;
    std::optional<Id> parent;
    std::vector<Id> open_children;
    bool ended = false;
    std::optional<std::int64_t> open;  ///< the request of the segment that runs
    Instant open_since{};
    Phase phase = Phase::Own;
    bool aside = true;  ///< no model works here
    std::vector<Segment> segments;
  };

  Id add(std::optional<Id> parent, std::string kind, std::string name, Instant at, bool elsewhere = false);
  void open(Node& node, Instant at);
  void close(Node& node, Instant at);
  void end_locked(Id span, Instant at);
  bool collect(Node& node, bool force);

  std::unique_ptr<telemetry::Attribution> attribution_;
  Instant origin_;
  std::mutex mutex_;  ///< guards all below
  std::map<Id, Node> nodes_;
  std::map<Id, std::vector<Id>> spans_of_;  ///< by task, in the order of their beginnings
  Id next_ = 0;
  std::int64_t next_request_ = 0;
};

}  // namespace ipw::execution
