// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/agent_run.h"

#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/agents/agent.h"
#include "ipw/agents/meter_proxy.h"
#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/execution/cost_account.h"
#include "ipw/execution/question_queue.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/recorder.h"
#include "ipw/execution/scoring.h"
#include "ipw/execution/setup.h"
#include "ipw/execution/summary.h"
#include "ipw/execution/task_artifacts.h"
#include "ipw/execution/task_meter.h"
#include "ipw/execution/telemetry_log.h"

namespace ipw::execution {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(10);

/// The engine's client checks that the server and the model are there before any agent starts.
ProfileConfig engine_config(ProfileConfig config) {
  config.client = "openai";
  return config;
}

class AgentRun {
 public:
  AgentRun(const RunRequest& request, const Surroundings& around, Observer& observer, std::stop_token stop);
  RunOutcome run();

 private:
  struct Finished {
    SpanLedger::Id task;
    records::QueryRecord record;
    Instant begin, end;
  };

  void take_idle(const char* when);
  void solve_all();
  void work(const std::stop_token& stop);
  void solve(const datasets::Question& question, const std::stop_token& stop);
  records::QueryRecord record_of(const datasets::Question& question, const agents::TaskEnd& end,
                                 const TaskTotals& totals, Instant begun, Instant ended) const;
  void settle(bool force);
  void keep(Finished& finished, std::vector<records::Span> spans);
  void report();
  void score_waiting();
  [[noreturn]] void finish_and_rethrow();
  RunOutcome finish();

  const ProfileConfig config_;
  const Surroundings& around_;
  Observer& observer_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::unique_ptr<datasets::Dataset> dataset_;
  datasets::DatasetInfo info_;
  std::unique_ptr<agents::Agent> agent_;
  std::unique_ptr<telemetry::Source> source_;
  Engine engine_;
  prices::Quote price_;
  OpenFolder folder_;
  std::unique_ptr<QuestionQueue> queue_;
  std::unique_ptr<records::Journal> journal_;
  std::unique_ptr<TelemetryLog> telemetry_;
  Instant run_start_{}, run_end_{};
  std::unique_ptr<SpanLedger> ledger_;
  std::unique_ptr<TaskMeter> meter_;
  std::unique_ptr<agents::MeterProxy> proxy_;
  std::vector<std::pair<std::string, IdleBaseline>> idle_;
  IdleModel idle_model_;

  std::mutex mutex_;  ///< guards finished_, progress_, trouble_
  std::deque<Finished> finished_;
  Progress progress_;
  std::exception_ptr trouble_;
  std::atomic<int> working_{0};
  bool scoring_is_due_ = false;
  Json scoring_;
};

AgentRun::AgentRun(const RunRequest& request, const Surroundings& around, Observer& observer,
                   std::stop_token stop)
    : config_(request.config),
      around_(around),
      observer_(observer),
      forward_(std::move(stop), [this] { stop_.request_stop(); }),
      dataset_(open_dataset(config_, around)),
      info_(dataset_->info()) {
  agents::AgentOptions options{config_.agent.kwargs,
                               {Seconds(config_.query_timeout_seconds), config_.agent.max_turns},
                               config_.agent.sandbox,
                               info_.id,
                               &around.clock};
  agent_ = require("agent", agents::agents(), config_.agent.name).make(options);
  source_ = open_source(config_, around, observer);
  engine_ = open_engine(engine_config(config_), around, observer);
  price_ = find_price(config_, around, config_.model, engine_.description.base_url);
  folder_ = open_folder(request, label_of(source_->machine()), info_.id, observer);
  journal_ = std::make_unique<records::Journal>(folder_.path);
  telemetry_ = std::make_unique<TelemetryLog>(folder_.path, *source_);
  progress_.done_before = progress_.done = folder_.finished.size();
  scoring_is_due_ = progress_.done_before > 0;
  queue_ =
      std::make_unique<QuestionQueue>(std::move(dataset_), config_.max_queries, std::move(folder_.finished));
  progress_.total = queue_->total();
}

RunOutcome AgentRun::run() {
  if (progress_.done_before > 0) note_resumption(*journal_, progress_.done_before, around_.clock.wall());
  take_idle("before");
  await_readings(*source_, around_.clock.now(), std::chrono::seconds(2), around_.clock, stop_.get_token());
  solve_all();
  take_idle("after");
  if (trouble_) finish_and_rethrow();
  score_waiting();
  return finish();
}

void AgentRun::solve_all() {
  observer_.stage("solving");
  run_start_ = around_.clock.now();
  ledger_ = std::make_unique<SpanLedger>(*source_, run_start_);
  meter_ = std::make_unique<TaskMeter>(*ledger_, around_.clock, config_.agent.max_turns);
  proxy_ = agents::start_proxy({.upstream = engine_.description.base_url, .api_key = config_.api_key},
                               around_.clock, *meter_);
  std::vector<std::jthread> workers;
  try {
    working_ = config_.concurrency;
    for (int i = 0; i < config_.concurrency; ++i) workers.emplace_back([this] { work(stop_.get_token()); });
    while (working_ > 0) {
      around_.clock.sleep_until(around_.clock.now() + kTurn);
      settle(false);
      report();
    }
    run_end_ = around_.clock.now();
    await_readings(*source_, run_end_, std::chrono::seconds(2), around_.clock);
    settle(true);
  } catch (...) {
    stop_.request_stop();  // else the workers would solve all that is left
    throw;
  }
  workers.clear();
  report();
  proxy_.reset();
}

/// Finish what can be finished after a failure, which is then thrown.
void AgentRun::finish_and_rethrow() {
  try {
    finish();
  } catch (const std::exception& e) {
    log::warning("the folder could not be finished: {}; its journal is whole", e.what());
  }
  std::rethrow_exception(trouble_);
}

void AgentRun::take_idle(const char* when) {
  if (config_.idle_seconds <= 0 || stop_.stop_requested()) return;
  observer_.stage(fmt::format("idle baseline {} the run, {:g} s", when, config_.idle_seconds));
  auto baseline = take_idle_baseline(*source_, config_.idle_seconds, around_.clock, stop_.get_token());
  if (!baseline) return;
  idle_.emplace_back(when, std::move(*baseline));
  idle_model_.add(idle_.back().second);
}

void AgentRun::work(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      const auto question = queue_->next();
      if (!question) break;
      solve(*question, stop);
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::current_exception();
    stop_.request_stop();
  }
  --working_;
}

void AgentRun::solve(const datasets::Question& question, const std::stop_token& stop) {
  const TaskArtifacts artifacts(folder_.path, question);
  const auto key = proxy_->new_key();
  const Instant begun = around_.clock.now();
  const auto span = ledger_->begin_task(begun);
  meter_->open(key, span);
  const auto watch = meter_->tools(span);
  const agents::ModelAccess model{fmt::format("http://127.0.0.1:{}/v1", proxy_->port()), key, config_.model};
  const auto end =
      agent_->run({artifacts.id(), question.problem, artifacts.workspace()}, model, *watch, stop);
  const Instant ended = around_.clock.now();
  proxy_->revoke(key);
  const auto totals = meter_->close(key, ended, price_);
  if (end.failure && end.failure->kind == "cancelled" && stop.stop_requested()) {
    artifacts.drop();
    return;  // its time in the account stays nobody's
  }
  auto record = record_of(question, end, totals, begun, ended);
  artifacts.write(record, end);
  const std::lock_guard lock(mutex_);
  finished_.push_back({span, std::move(record), begun, ended});
}

records::QueryRecord AgentRun::record_of(const datasets::Question& question, const agents::TaskEnd& end,
                                         const TaskTotals& totals, Instant begun, Instant ended) const {
  clients::Response response;
  response.content = end.answer;
  response.finish_reason = end.stop_reason;
  response.failure = end.failure;
  response.sent = begun;
  response.done = ended;
  response.stamps = "client";
  clients::Request request;
  request.messages.push_back({"user", question.problem});
  const auto started =
      around_.clock.wall() - std::chrono::duration_cast<WallTime::duration>(around_.clock.now() - begun);
  auto record = make_record(question, request, response, run_start_, started);
  record.tokens = totals.tokens;
  if (totals.cost.queries > 0) {
    record.cost = totals.cost.sum;
    if (!totals.cost.days.empty()) record.cost->prices_as_of = *totals.cost.days.begin();
  }
  return record;
}

/// Write the tasks whose readings have arrived.
void AgentRun::settle(bool force) {
  {
    const std::lock_guard lock(mutex_);
    while (!finished_.empty()) {
      auto spans = ledger_->take(finished_.front().task, force);
      if (!spans) break;
      keep(finished_.front(), std::move(*spans));
      finished_.pop_front();
    }
  }
  telemetry_->flush();
}

void AgentRun::keep(Finished& finished, std::vector<records::Span> spans) {
  auto& record = finished.record;
  add_window(record, source_->window(finished.begin, finished.end));
  record.energy.clear();
  double seconds = 0;
  for (const auto& span : spans) {
    if (!span.energy.empty()) records::add_energies(record.energy, seconds, span.energy, span.own_seconds);
    seconds += span.own_seconds;
  }
  record.shared_device = config_.concurrency > 1;
  if (!record.shared_device) idle_model_.fill(record, finished.begin, finished.end);
  record.spans = std::move(spans);
  journal_->append_query(record);
  scoring_is_due_ = scoring_is_due_ || (record.evaluation && pending(*record.evaluation));
  ++progress_.done;
  progress_.failed += record.failure ? 1 : 0;
  if (record.evaluation && record.evaluation->correct) {
    ++progress_.scored;
    progress_.correct += *record.evaluation->correct ? 1 : 0;
  }
  if (const auto joules = records::headline_energy(record.energy).joules) {
    progress_.joules += *joules;
    ++progress_.joules_count;
  }
}

void AgentRun::report() {
  Progress now;
  {
    const std::lock_guard lock(mutex_);
    progress_.elapsed_seconds = to_seconds(around_.clock.now() - run_start_);
    now = progress_;
  }
  observer_.progress(now);
}

void AgentRun::score_waiting() {
  if (!scoring_is_due_ || stop_.stop_requested()) return;
  observer_.stage("scoring");
  ScoringTools tools(judge_config(config_, around_, stop_.get_token()), around_.clock);
  scoring_ =
      score_phase(folder_.path, config_, around_, *source_, tools, *journal_, observer_, stop_.get_token());
}

RunOutcome AgentRun::finish() {
  observer_.stage("writing the run folder");
  const auto self = source_->self();
  journal_->sync();
  telemetry_->close();
  const FinishFacts facts{config_,
                          info_,
                          *source_,
                          self,
                          engine_.description,
                          price_,
                          idle_,
                          idle_model_,
                          {},
                          around_.clock.wall(),
                          progress_.elapsed_seconds,
                          stop_.stop_requested(),
                          progress_.total,
                          config_.concurrency > 1 ? std::optional(ledger_->totals()) : std::nullopt,
                          source_->window(run_start_, run_end_),
                          scoring_};
  auto outcome = finish_run(folder_.path, facts);
  records::write_traces(folder_.path);
  write_artifacts_manifest(folder_.path);
  return outcome;
}

}  // namespace

RunOutcome run_agents(const RunRequest& request, const Surroundings& around, Observer& observer,
                      std::stop_token stop) {
  return AgentRun(request, around, observer, std::move(stop)).run();
}

}  // namespace ipw::execution
