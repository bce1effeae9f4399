// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/span_ledger.h"

#include <algorithm>

namespace ipw::execution {
namespace {

void add_phase(records::Phase& phase, const records::Headline& headline, double seconds) {
  phase.seconds = phase.seconds.value_or(0) + seconds;
  phase.joules = headline.joules;
  phase.half_width_joules = headline.joules ? std::optional(headline.half_width_joules) : std::nullopt;
}

}  // namespace

SpanLedger::SpanLedger(const telemetry::Source& source, Instant origin)
    : attribution_(telemetry::time_share(source)), origin_(origin) {}

SpanLedger::Id SpanLedger::begin_task(Instant at) {
  const std::lock_guard lock(mutex_);
  return add(std::nullopt, "task", {}, at);
}

SpanLedger::Id SpanLedger::begin(Id parent, std::string kind, std::string name, Instant at, bool elsewhere) {
  const std::lock_guard lock(mutex_);
  return add(parent, std::move(kind), std::move(name), at, elsewhere);
}

SpanLedger::Id SpanLedger::add(std::optional<Id> parent, std::string kind, std::string name, Instant at,
                               bool elsewhere) {
  const Id id = next_++;
  Node& node = nodes_[id];
  node.parent = parent;
  node.task = id;
  if (parent) {
    Node& above = nodes_.at(*parent);
    node.task = above.task;
    close(above, at);
    above.open_children.push_back(id);
  }
  auto& siblings = spans_of_[node.task];
  node.span.id = static_cast<std::int64_t>(siblings.size());  // within its task
  if (parent) node.span.parent = nodes_.at(*parent).span.id;
  siblings.push_back(id);
  node.span.kind = std::move(kind);
  node.span.name = std::move(name);
  node.span.begin_seconds = node.span.end_seconds = to_seconds(at - origin_);
  const bool model = records::is_model(node.span);
  node.phase = model ? Phase::Prefill : Phase::Own;
  node.aside = !model || elsewhere;
  open(node, at);
  return id;
}

void SpanLedger::open(Node& node, Instant at) {
  node.open = next_request_++;
  node.open_since = at;
  node.aside ? attribution_->begin_aside(*node.open, at) : attribution_->begin(*node.open, at);
}

void SpanLedger::close(Node& node, Instant at) {
  if (!node.open) return;
  const bool empty = at <= node.open_since;
  attribution_->end(*node.open, {.sent = node.open_since, .done = std::max(at, node.open_since)}, !empty);
  const double seconds = std::max(0.0, to_seconds(at - node.open_since));
  if (!empty) node.segments.push_back({*node.open, node.phase, seconds});
  node.span.own_seconds += seconds;
  node.open.reset();
}

void SpanLedger::first_token(Id span, Instant at) {
  const std::lock_guard lock(mutex_);
  const auto it = nodes_.find(span);
  if (it == nodes_.end()) return;
  Node& node = it->second;
  if (node.ended || node.phase != Phase::Prefill || !node.open) return;
  close(node, at);
  node.phase = Phase::Decode;
  node.span.ttft_seconds = to_seconds(at - origin_) - node.span.begin_seconds;
  open(node, at);
}

void SpanLedger::end(Id span, Instant at) {
  const std::lock_guard lock(mutex_);
  end_locked(span, at);
}

void SpanLedger::end_locked(Id span, Instant at) {
  const auto it = nodes_.find(span);
  if (it == nodes_.end() || it->second.ended) return;
  Node& node = it->second;
  for (const Id child : std::vector(node.open_children)) {
    nodes_.at(child).span.failure = records::RecordFailure{"cancelled", "its task ended before it did"};
    end_locked(child, at);
  }
  close(node, at);
  node.ended = true;
  node.span.end_seconds = to_seconds(at - origin_);
  if (!node.parent) return;
  Node& above = nodes_.at(*node.parent);
  std::erase(above.open_children, span);
  if (above.open_children.empty() && !above.ended) open(above, at);
}

void SpanLedger::describe(Id span, const std::function<void(records::Span&)>& change) {
  const std::lock_guard lock(mutex_);
  if (const auto it = nodes_.find(span); it != nodes_.end()) change(it->second.span);
}

/// Add the energies of the segments whose readings are there; true when none is left.
bool SpanLedger::collect(Node& node, bool force) {
  double seconds = node.span.own_seconds;
  for (const auto& segment : node.segments) seconds -= segment.seconds;
  while (!node.segments.empty()) {
    const Segment segment = node.segments.front();
    const auto report = attribution_->take(segment.request, force);
    if (!report) return false;
    records::add_energies(node.span.energy, std::max(0.0, seconds), report->energies, segment.seconds);
    seconds += segment.seconds;
    const auto headline = records::headline_energy(report->energies);
    if (segment.phase == Phase::Decode) add_phase(node.span.decode, headline, segment.seconds);
    if (segment.phase == Phase::Prefill && node.phase == Phase::Decode)
      add_phase(node.span.prefill, headline, segment.seconds);
    node.segments.erase(node.segments.begin());
  }
  return true;
}

std::optional<std::vector<records::Span>> SpanLedger::take(Id task, bool force) {
  const std::lock_guard lock(mutex_);
  const auto it = spans_of_.find(task);
  if (it == spans_of_.end() || !nodes_.at(task).ended) return std::nullopt;
  for (const Id id : it->second)
    if (!collect(nodes_.at(id), force)) return std::nullopt;
  std::vector<records::Span> out;
  for (const Id id : it->second) {
    out.push_back(std::move(nodes_.at(id).span));
    nodes_.erase(id);
  }
  spans_of_.erase(it);
  return out;
}

telemetry::Account SpanLedger::totals() {
  const std::lock_guard lock(mutex_);
  return attribution_->totals();
}

}  // namespace ipw::execution
