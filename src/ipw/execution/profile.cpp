// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/profile.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/execution/cost_account.h"
#include "ipw/execution/energy_ledger.h"
#include "ipw/execution/question_queue.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/recorder.h"
#include "ipw/execution/scoring.h"
#include "ipw/execution/setup.h"
#include "ipw/execution/summary.h"
#include "ipw/execution/telemetry_log.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

/// A server that refuses this many connections in a row is gone; going on would only write failures.
constexpr int kRefusalsInARow = 20;
constexpr auto kTurn = std::chrono::milliseconds(10);

/// Warm-up prompts of our own, so that no record of the dataset is used up or cached (defect M58).
constexpr std::array<std::string_view, 3> kWarmUpPrompts = {
    "Name a colour.", "Write one short sentence about the sea.", "Count from one to five."};

/// One run's workers and what they share.
class ProfileRun {
 public:
  ProfileRun(const RunRequest& request, const Surroundings& around, Observer& observer, std::stop_token stop);
  RunOutcome run();

 private:
  void warm_up();
  void take_idle(const char* when);
  void start(std::vector<std::jthread>& workers);
  void wait_for_first_readings();
  void ask_all();
  void work(const std::stop_token& stop);
  void ask(const datasets::Question& question, const std::stop_token& stop);
  void keep(records::QueryRecord record, const clients::Response& response);
  void settle(bool force);
  void wait_for_last_readings();
  void report();
  /// Finish what can be finished after a failure, which is then thrown.
  void score_waiting();
  [[noreturn]] void finish_and_rethrow();
  RunOutcome finish();

  const ProfileConfig& config_;
  const Surroundings& around_;
  Observer& observer_;
  std::stop_source stop_;  ///< ours: also set when a worker or the disk fails
  std::stop_callback<std::function<void()>> forward_;

  std::unique_ptr<datasets::Dataset> dataset_;
  datasets::DatasetInfo info_;
  Instant watched_from_;  ///< before the first reading
  std::unique_ptr<telemetry::Source> source_;
  Engine engine_;
  prices::Quote price_;  ///< of the model where it is asked
  OpenFolder folder_;
  std::unique_ptr<QuestionQueue> queue_;
  std::unique_ptr<EnergyLedger> ledger_;
  std::unique_ptr<TelemetryLog> telemetry_;
  std::vector<std::pair<std::string, IdleBaseline>> idle_;
  IdleModel idle_model_;
  Instant run_start_{}, run_end_{};
  std::int64_t run_start_unix_ns_ = 0;

  std::mutex mutex_;  ///< guards journal_, progress_, refusals_, trouble_
  std::unique_ptr<records::Journal> journal_;
  Progress progress_;
  int refusals_ = 0;
  std::exception_ptr trouble_;
  bool scoring_is_due_ = false;  ///< an answer waits for a judge or a sandbox
  Json scoring_;                 ///< what the phase of scoring did and cost
  std::atomic<int> working_{0};
};

ProfileRun::ProfileRun(const RunRequest& request, const Surroundings& around, Observer& observer,
                       std::stop_token stop)
    : config_(request.config),
      around_(around),
      observer_(observer),
      forward_(std::move(stop), [this] { stop_.request_stop(); }),
      dataset_(open_dataset(config_, around)),
      info_(dataset_->info()),
      watched_from_(around_.clock.now()),
      source_(open_source(config_, around, observer)) {
  price_ = find_price(config_, around, config_.model, {});  // a broken file is told before a model is loaded
  engine_ = open_engine(config_, around, observer);
  price_ = find_price(config_, around, config_.model, engine_.description.base_url);
  folder_ = open_folder(request, label_of(source_->machine()), info_.id, observer);
  journal_ = std::make_unique<records::Journal>(folder_.path);
  telemetry_ = std::make_unique<TelemetryLog>(folder_.path, *source_);
  ledger_ = std::make_unique<EnergyLedger>(*source_, config_.concurrency > 1 ? config_.attribution : "");
  progress_.done_before = progress_.done = folder_.finished.size();
  queue_ = std::make_unique<QuestionQueue>(
      std::move(dataset_), config_.max_queries, std::move(folder_.finished),
      Repeats{static_cast<std::size_t>(config_.samples), [this] { return open_dataset(config_, around_); }});
  progress_.total = queue_->total();
}

RunOutcome ProfileRun::run() {
  if (progress_.done_before > 0) {
    observer_.note(fmt::format("resuming: {} queries are finished already", progress_.done_before));
    note_resumption(*journal_, progress_.done_before, around_.clock.wall());
    scoring_is_due_ = true;  // the earlier part may have been stopped before its answers were scored
  }
  if (config_.samples > 1 && config_.temperature == 0)
    observer_.note("the samples of a question may all be equal: the temperature is 0");
  warm_up();
  take_idle("before");
  wait_for_first_readings();
  ask_all();
  take_idle("after");
  if (idle_model_.drifts())
    amend_idle(folder_.path, config_.model, *journal_, idle_model_, run_start_, run_start_unix_ns_);
  if (trouble_) finish_and_rethrow();
  score_waiting();
  return finish();
}

/// Rules that need a judge or a sandbox come when the measurement is over, so that they cannot disturb it.
void ProfileRun::score_waiting() {
  if (!scoring_is_due_ || stop_.stop_requested()) return;
  observer_.stage("scoring");
  ScoringTools tools(judge_config(config_, around_, stop_.get_token()), around_.clock);
  scoring_ =
      score_phase(folder_.path, config_, around_, *source_, tools, *journal_, observer_, stop_.get_token());
}

void ProfileRun::finish_and_rethrow() {
  try {
    finish();
  } catch (const std::exception& e) {
    log::warning("the folder could not be finished: {}; its journal is whole", e.what());
  }
  std::rethrow_exception(trouble_);
}

void ProfileRun::warm_up() {
  if (config_.warmup_queries > 0)
    observer_.stage(fmt::format("warming up, {} queries", config_.warmup_queries));
  for (int i = 0; i < config_.warmup_queries && !stop_.stop_requested(); ++i) {
    datasets::Question question;
    question.problem = kWarmUpPrompts[static_cast<std::size_t>(i) % kWarmUpPrompts.size()];
    const auto request = make_request(question, info_, engine_.model,
                                      {config_.temperature, {}, config_.max_tokens, config_.seed, {}},
                                      Seconds(config_.query_timeout_seconds));
    const auto response = engine_.client->complete(request, stop_.get_token());
    if (response.failure && response.failure->kind != "cancelled")
      throw Error(ErrorCode::Unavailable,
                  fmt::format("the warm-up query failed: {}", response.failure->message),
                  "nothing was measured; --warmup-queries 0 skips the warm-up");
    // The first one may still load the model.
    if (i > 0 && !response.failure)
      ledger_->calibrate(tokens_of(response), response.sent, response.done, response.arrivals);
  }
}

void ProfileRun::take_idle(const char* when) {
  if (config_.idle_seconds <= 0 || stop_.stop_requested()) return;
  observer_.stage(fmt::format("idle baseline {} the run, {:g} s", when, config_.idle_seconds));
  auto baseline = take_idle_baseline(*source_, config_.idle_seconds, around_.clock, stop_.get_token());
  if (!baseline) return;
  idle_.emplace_back(when, std::move(*baseline));
  idle_model_.add(idle_.back().second);
  ledger_->set_idle(idle_model_);
}

void ProfileRun::start(std::vector<std::jthread>& workers) try {
  working_ = config_.concurrency;
  for (int i = 0; i < config_.concurrency; ++i) workers.emplace_back([this] { work(stop_.get_token()); });
} catch (const std::system_error& e) {
  throw Error(
      ErrorCode::Unavailable,
      fmt::format("worker {} of {} cannot be started: {}", workers.size() + 1, config_.concurrency, e.what()),
      "ask for fewer at once with --concurrency");
}

/// A window that begins before the first reading has no energy.
void ProfileRun::wait_for_first_readings() {
  const auto limit = around_.clock.now() + std::chrono::seconds(2);
  while (!stop_.stop_requested() && !source_->settled(watched_from_) && around_.clock.now() < limit)
    around_.clock.sleep_until(around_.clock.now() + std::chrono::milliseconds(1));
}

void ProfileRun::ask_all() {
  observer_.stage("asking");
  run_start_ = around_.clock.now();
  run_start_unix_ns_ = unix_nanos(around_.clock.wall());
  std::vector<std::jthread> workers;
  try {
    start(workers);
    while (working_ > 0) {
      around_.clock.sleep_until(around_.clock.now() + kTurn);
      settle(false);
      report();
    }
    run_end_ = around_.clock.now();
    wait_for_last_readings();
    settle(true);
  } catch (...) {
    stop_.request_stop();
    throw;
  }
  workers.clear();
  report();
}

void ProfileRun::work(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      while (ledger_->behind(around_.clock.now()) && !stop.stop_requested())
        around_.clock.sleep_until(around_.clock.now() + std::chrono::milliseconds(1));
      const auto question = queue_->next();
      if (!question) break;
      ask(*question, stop);
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::current_exception();
    stop_.request_stop();
  }
  --working_;
}

void ProfileRun::ask(const datasets::Question& question, const std::stop_token& stop) {
  const auto sample = place_of(question.index, static_cast<std::size_t>(config_.samples)).sample;
  const auto seed = config_.seed + static_cast<std::uint64_t>(sample);
  const auto request =
      make_request(question, info_, engine_.model, {config_.temperature, {}, config_.max_tokens, seed, {}},
                   Seconds(config_.query_timeout_seconds));
  const auto started = around_.clock.wall();
  ledger_->begin(question.index, around_.clock.now());
  const auto response = engine_.client->complete(request, stop);
  if (response.failure && response.failure->kind == "cancelled" && stop.stop_requested())
    return ledger_->abandon(question.index, around_.clock.now());
  auto record = make_record(question, request, response, run_start_, started);
  if (config_.samples > 1) record.sample = sample;
  if (price_)
    if (auto cost = prices::cost_of(*price_, record.tokens)) record.cost = std::move(*cost);
  keep(std::move(record), response);
}

void ProfileRun::keep(records::QueryRecord record, const clients::Response& response) {
  {
    const std::lock_guard lock(mutex_);
    journal_->append_query(record);
    scoring_is_due_ = scoring_is_due_ || (record.evaluation && pending(*record.evaluation));
    ++progress_.done;
    if (record.failure) ++progress_.failed;
    if (record.evaluation && record.evaluation->correct) {
      ++progress_.scored;
      if (*record.evaluation->correct) ++progress_.correct;
    }
    refusals_ = record.failure && record.failure->kind == "connect" ? refusals_ + 1 : 0;
    if (refusals_ >= kRefusalsInARow)
      throw Error(
          ErrorCode::Unavailable,
          fmt::format("{} connections in a row failed, the last: {}", refusals_, record.failure->message),
          "when the server is back, go on with --resume --retry-failed");
  }
  std::optional<Instant> first;
  if (!response.arrivals.empty()) first = response.arrivals.front();
  records::QueryRecord waiting;  // its texts are in the journal; only the energies are still to come
  waiting.index = record.index;
  waiting.tokens = record.tokens;  // by them its energy is shared
  ledger_->end(std::move(waiting), response.sent, first, response.done, response.arrivals);
}

void ProfileRun::settle(bool force) {
  while (const auto record = ledger_->take(force)) {
    const auto joules = records::headline_energy(record->energy).joules;
    const std::lock_guard lock(mutex_);
    journal_->append_energy(*record);
    if (joules) {
      progress_.joules += *joules;
      ++progress_.joules_count;
    }
  }
  telemetry_->flush();
}

void ProfileRun::wait_for_last_readings() {
  const auto limit = around_.clock.now() + std::chrono::seconds(2);
  while (ledger_->waiting() > 0 && !ledger_->settled() && around_.clock.now() < limit) {
    settle(false);
    around_.clock.sleep_until(around_.clock.now() + kTurn);
  }
}

void ProfileRun::report() {
  Progress now;
  {
    const std::lock_guard lock(mutex_);
    progress_.elapsed_seconds = to_seconds(around_.clock.now() - run_start_);
    now = progress_;
  }
  observer_.progress(now);
}

RunOutcome ProfileRun::finish() {
  observer_.stage("writing the run folder");
  const auto self = source_->self();
  const auto activity =
      activity_power(*source_, run_start_, run_end_, ledger_->active(), ledger_->active_seconds());
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
                          activity,
                          around_.clock.wall(),
                          progress_.elapsed_seconds,
                          stop_.stop_requested(),
                          progress_.total,
                          ledger_->shares(),
                          source_->window(run_start_, run_end_),
                          scoring_,
                          nullptr,
                          progress_.done_before};
  return finish_run(folder_.path, facts);
}

}  // namespace

RunOutcome profile(const RunRequest& request, const Surroundings& around, Observer& observer,
                   std::stop_token stop) {
  return ProfileRun(request, around, observer, std::move(stop)).run();
}

}  // namespace ipw::execution
