// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/proxy_run.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <vector>

#include "ipw/execution/cost_account.h"
#include "ipw/execution/energy_ledger.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/recorder.h"
#include "ipw/execution/setup.h"

namespace ipw::execution {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(10);

/// Calls between the proxy's thread and ours.
class Mailbox final : public agents::CallSink {
 public:
  explicit Mailbox(EnergyLedger& ledger) : ledger_(ledger) {}

  std::string begun(std::int64_t call, const std::string&, const std::string&, Instant at) override {
    ledger_.begin(call, at);
    return {};
  }
  void first_token(std::int64_t, Instant) override {}
  void ended(agents::ModelCall call) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  std::vector<agents::ModelCall> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  EnergyLedger& ledger_;
  std::mutex mutex_;
  std::vector<agents::ModelCall> calls_;
};

class ProxyRun {
 public:
  ProxyRun(const ProxyRequest& request, const Surroundings& around, Observer& observer,
           const std::function<void(const ProxiedCall&)>& tell)
      : request_(request),
        around_(around),
        tell_(tell),
        source_(open_source(request.config, around, observer)),
        ledger_(*source_, "time-share"),
        mailbox_(ledger_),
        proxy_(agents::start_proxy(request.proxy, around.clock, mailbox_)) {}

  ProxyTotals run(const std::function<void(int)>& started, const std::stop_token& stop) {
    // A window that begins before the first reading has no energy.
    await_readings(*source_, around_.clock.now(), std::chrono::seconds(2), around_.clock, stop);
    started(proxy_->port());
    while (!stop.stop_requested()) {
      around_.clock.sleep_until(around_.clock.now() + kTurn);
      step(false);
    }
    await_readings(*source_, around_.clock.now(), std::chrono::seconds(2), around_.clock);
    step(true);
    return totals_;
  }

 private:
  void step(bool force) {
    for (const auto& call : mailbox_.take()) {
      const auto response = call.read();
      apis_[call.id] = call.api;
      std::optional<Instant> first;
      if (!response.arrivals.empty()) first = response.arrivals.front();
      ledger_.end(record_of(call, response), response.sent, first, response.done, response.arrivals);
    }
    while (auto record = ledger_.take(force)) {
      add(*record);
      tell_({apis_.extract(record->index).mapped(), std::move(*record)});
    }
  }

  records::QueryRecord record_of(const agents::ModelCall& call, const clients::Response& response) {
    datasets::Question question;
    question.index = call.id;
    question.id = fmt::format("{}", call.id);
    question.subject = call.model;
    auto record = make_record(question, {}, response, Instant{}, around_.clock.wall());
    record.evaluation.reset();
    if (const auto& price = price_of(call.model))
      if (auto cost = prices::cost_of(*price, record.tokens)) record.cost = std::move(*cost);
    return record;
  }

  const prices::Quote& price_of(const std::string& model) {
    const auto it = prices_.find(model);
    if (it != prices_.end()) return it->second;
    return prices_.emplace(model, find_price(request_.config, around_, model, request_.proxy.upstream))
        .first->second;
  }

  void add(const records::QueryRecord& record) {
    ++totals_.calls;
    totals_.failed += record.failure ? 1 : 0;
    totals_.input_tokens += record.tokens.input.value_or(0);
    totals_.output_tokens += record.tokens.output.value_or(0);
    const auto joules = records::headline_energy(record.energy).joules;
    totals_.joules += joules.value_or(0);
    totals_.with_energy += joules ? 1 : 0;
  }

  const ProxyRequest& request_;
  const Surroundings& around_;
  const std::function<void(const ProxiedCall&)>& tell_;
  std::unique_ptr<telemetry::Source> source_;
  EnergyLedger ledger_;
  Mailbox mailbox_;
  std::map<std::string, prices::Quote> prices_;
  std::map<std::int64_t, agents::ModelApi> apis_;
  ProxyTotals totals_;
  std::unique_ptr<agents::MeterProxy> proxy_;  ///< last: it goes before what it calls
};

}  // namespace

ProxyTotals run_proxy(const ProxyRequest& request, const Surroundings& around, Observer& observer,
                      const std::function<void(int port)>& started,
                      const std::function<void(const ProxiedCall&)>& call, const std::stop_token& stop) {
  return ProxyRun(request, around, observer, call).run(started, stop);
}

}  // namespace ipw::execution
