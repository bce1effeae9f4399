// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/agent_run.h"

#include <fmt/format.h>

#include <atomic>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/agents/agent.h"
#include "ipw/agents/meter_proxy.h"
#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/execution/cost_account.h"
#include "ipw/execution/dedicated.h"
#include "ipw/execution/disk_watch.h"
#include "ipw/execution/question_queue.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/recorder.h"
#include "ipw/execution/scoring.h"
#include "ipw/execution/setup.h"
#include "ipw/execution/summary.h"
#include "ipw/execution/task_artifacts.h"
#include "ipw/execution/task_meter.h"
#include "ipw/execution/task_place.h"
#include "ipw/execution/task_trial.h"
#include "ipw/execution/telemetry_log.h"
#include "ipw/http/host.h"
#include "ipw/records/failure_kinds.h"

namespace ipw::execution {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(10);

/// The engine's client checks that the server and the model are there before any agent starts.
ProfileConfig engine_config(ProfileConfig config) {
  config.client = "openai";
  return config;
}

TaskLimits limits_of(const AgentChoice& agent) {
  return {agent.max_turns, agent.max_task_tokens, agent.max_task_cost};
}

/// An agent in a place of the benchmark's own has none of the files.
std::string prompt_of(const datasets::Question& question, const std::vector<std::string>& inputs) {
  auto out = question.problem;
  if (!inputs.empty()) out += "\n\nFiles of the task: " + join(inputs, ", ");
  if (reads_deliverables(question.scorer))
    out +=
        "\n\nLeave the files that you deliver in your working folder: they and your closing message are "
        "judged.";
  return out;
}

std::unique_ptr<agents::Agent> make_agent(const ProfileConfig& config, Clock& clock, Observer& observer,
                                          std::stop_token stop) {
  const agents::AgentOptions options{config.agent.kwargs,
                                     {Seconds(config.query_timeout_seconds), config.agent.max_turns},
                                     config.agent.sandbox,
                                     config.dataset,
                                     &clock,
                                     std::move(stop),
                                     [&observer](const std::string& what) { observer.note(what); }};
  return require("agent", agents::agents(), config.agent.name).make(options);
}

class AgentRun {
 public:
  AgentRun(const RunRequest& request, const Surroundings& around, Observer& observer, std::stop_token stop);
  RunOutcome run();

 private:
  /// A task whose agent has ended. It is measured as soon as its readings are there, since sources forget,
  /// and written once it is judged.
  struct Finished {
    SpanLedger::Id task;
    records::QueryRecord record;
    Instant begin, end;
    bool measured = false, judged = true, dropped = false;
  };

  void check_cost_limit() const;
  void take_idle(const char* when);
  void solve_all();
  void work(const std::stop_token& stop);
  void solve(const datasets::Question& question, const std::stop_token& stop);
  std::string open_own(std::optional<TaskPlace>& place, const TaskArtifacts& artifacts) const;
  void leave_out(const datasets::Question& question, const TaskArtifacts& artifacts,
                 const std::string& trouble);
  void judge(Finished& task, harness::Trial& trial, const datasets::Question& question,
             const agents::TaskEnd& end, const TaskArtifacts& artifacts, const std::stop_token& stop);
  static void note_disk(DiskWatch& disk, agents::TaskEnd& end);
  agents::TaskEnd solve_in(const agents::Task& task, const std::string& key, agents::ToolWatch& tools,
                           const std::stop_token& stop) const;
  records::QueryRecord record_of(const datasets::Question& question, const agents::TaskEnd& end,
                                 const TaskTotals& totals, Instant begun, Instant ended) const;
  void settle(bool force);
  void measure(Finished& finished, std::vector<records::Span> spans);
  void keep(const records::QueryRecord& record);
  void report();
  void score_waiting();
  [[noreturn]] void finish_and_rethrow();
  RunOutcome finish();

  const ProfileConfig config_;
  const Surroundings& around_;
  Observer& observer_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::unique_ptr<agents::Agent> agent_;  // first: what is wrong with it is said before anything is fetched
  std::unique_ptr<datasets::Dataset> dataset_;
  datasets::DatasetInfo info_;
  Trials trials_;
  std::atomic<bool> has_own_places_{false};
  bool told_of_places_ = false;
  std::unique_ptr<telemetry::Source> source_;
  Engine engine_;
  Dedication others_;  ///< on the accelerators, before the run
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
  std::list<Finished> finished_;
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
      agent_(make_agent(config_, around.clock, observer, stop_.get_token())),
      dataset_(open_dataset(config_, around, true)),
      info_(dataset_->info()),
      trials_({config_.agent.sandbox_engine, (around.data_dir / "data").string()}) {
  if (const auto first = datasets::look_at_first(dataset_))
    check_task_place(config_.agent, *first, stop_.get_token());
  source_ = open_source(config_, around, observer);
  engine_ = open_engine(engine_config(config_), around, observer);
  others_ = look_for_others(engine_.description.base_url, config_.sysfs_root);
  if (config_.require_dedicated) require_dedicated(others_);
  if (const auto note = note_of(others_); !note.empty()) observer.note(note);
  price_ = find_price(config_, around, config_.model, engine_.description.base_url);
  check_cost_limit();
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
  meter_ = std::make_unique<TaskMeter>(*ledger_, around_.clock, limits_of(config_.agent), price_,
                                       price_finder(config_, around_));
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
  const auto inputs = artifacts.bring_inputs(question);
  if (!inputs) return leave_out(question, artifacts, inputs.error());
  auto [trial, trouble] = trials_.open(question, stop);
  std::optional<TaskPlace> own;
  if (!trial && trouble.empty()) trouble = open_own(own, artifacts);
  if (!trouble.empty()) return leave_out(question, artifacts, trouble);
  if (trial) has_own_places_ = true;
  const auto key = proxy_->new_key();
  const Instant begun = around_.clock.now();
  const auto span = ledger_->begin_task(begun);
  meter_->open(key, span);
  const auto watch = meter_->tools(key);
  auto& place = trial ? trial->place() : own->place();
  const agents::Task task{artifacts.id(), prompt_of(question, trial ? std::vector<std::string>() : *inputs),
                          artifacts.workspace(), &place, trial != nullptr};
  DiskWatch disk(place, config_.agent.max_task_disk, around_.clock, stop);
  auto end = solve_in(task, key, *watch, disk.stop());
  proxy_->revoke(key);
  const auto totals = meter_->close(key, around_.clock.now());
  const Instant ended = totals.ended;
  note_disk(disk, end);
  own.reset();  // the files of its folder are then ours
  if (end.failure && end.failure->kind == "cancelled" && stop.stop_requested()) {
    artifacts.drop();
    return;  // its time in the account stays nobody's
  }
  auto record = record_of(question, end, totals, begun, ended);
  if (!trial) artifacts.write(record, end);
  Finished* finished = nullptr;
  {
    const std::lock_guard lock(mutex_);
    finished_.push_back({span, std::move(record), begun, ended, false, !trial});
    finished = &finished_.back();  // settle() removes none that is not judged
  }
  if (trial) judge(*finished, *trial, question, end, artifacts, stop);
}

/// Open the place that the user wants for a task that brings none; why not, where that fails.
std::string AgentRun::open_own(std::optional<TaskPlace>& place, const TaskArtifacts& artifacts) const {
  try {
    place.emplace(config_.agent, artifacts.workspace());
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

/// A task whose place could not be made: recorded with its reason, without time or energy.
void AgentRun::leave_out(const datasets::Question& question, const TaskArtifacts& artifacts,
                         const std::string& trouble) {
  if (stop_.stop_requested()) return artifacts.drop();
  agents::TaskEnd end;
  end.stop_reason = "harness";
  end.failure = clients::Failure{std::string(records::kHarnessFailure), trouble};
  const Instant now = around_.clock.now();
  const auto span = ledger_->begin_task(now);
  ledger_->end(span, now);
  auto record = record_of(question, end, {}, now, now);
  record.evaluation = not_opened(question, trouble);
  artifacts.write(record, end);
  const std::lock_guard lock(mutex_);
  finished_.push_back({span, std::move(record), now, now, false, true});
}

/// After the task's span has ended, so that the energy of its tests is not the agent's; also where the
/// agent has failed (defect S15).
void AgentRun::judge(Finished& task, harness::Trial& trial, const datasets::Question& question,
                     const agents::TaskEnd& end, const TaskArtifacts& artifacts,
                     const std::stop_token& stop) {
  const bool full = end.failure && end.failure->kind == kDiskFailure;
  auto verdict = full ? failed(question, end.failure->message) : verify(trial, question, end.answer, stop);
  const bool stopped = stop.stop_requested() && !verdict.correct;
  records::QueryRecord record;
  {
    const std::lock_guard lock(mutex_);
    task.record.evaluation = std::move(verdict);
    record = task.record;
  }
  if (stopped)
    artifacts.drop();  // it will be done again
  else
    artifacts.write(record, end);
  const std::lock_guard lock(mutex_);
  task.dropped = stopped;
  task.judged = true;
}

agents::TaskEnd AgentRun::solve_in(const agents::Task& task, const std::string& key, agents::ToolWatch& tools,
                                   const std::stop_token& stop) const {
  try {
    const ModelDoor door(*task.place, *proxy_);
    const agents::ModelAccess model{fmt::format("http://127.0.0.1:{}/v1", proxy_->port()), key,
                                    config_.model};
    return agent_->run(task, model, tools, stop);
  } catch (const Error& error) {
    return {{}, "sandbox", clients::Failure{"sandbox", error.what()}, "{}"};
  }
}

/// However an agent ends that is stopped for what it has written, this is why.
void AgentRun::note_disk(DiskWatch& disk, agents::TaskEnd& end) {
  const auto trouble = disk.finish();
  if (!trouble) return;
  end.stop_reason = kDiskFailure;
  end.failure = clients::Failure{std::string(kDiskFailure), *trouble};
}

records::QueryRecord AgentRun::record_of(const datasets::Question& question, const agents::TaskEnd& end,
                                         const TaskTotals& totals, Instant begun, Instant ended) const {
  clients::Response response;
  response.content = end.answer;
  response.finish_reason = totals.limit.empty() ? end.stop_reason : totals.limit;
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
  if (totals.cost.queries > 0 && totals.cost_known) {
    record.cost = totals.cost.sum;
    if (!totals.cost.days.empty()) record.cost->prices_as_of = *totals.cost.days.begin();
  }
  return record;
}

/// Measure the tasks whose readings have arrived, and write those that are judged too.
void AgentRun::settle(bool force) {
  {
    const std::lock_guard lock(mutex_);
    for (auto it = finished_.begin(); it != finished_.end();) {
      if (!it->measured)
        if (auto spans = ledger_->take(it->task, force)) measure(*it, std::move(*spans));
      const bool done = it->measured && it->judged;
      if (done && !it->dropped) keep(it->record);
      it = done ? finished_.erase(it) : std::next(it);
    }
  }
  telemetry_->flush();
}

void AgentRun::measure(Finished& finished, std::vector<records::Span> spans) {
  auto& record = finished.record;
  add_window(record, source_->window(finished.begin, finished.end));
  record.energy.clear();
  double seconds = 0;
  for (const auto& span : spans) {
    if (!span.energy.empty()) records::add_energies(record.energy, seconds, span.energy, span.own_seconds);
    seconds += span.own_seconds;
  }
  record.shared_device = config_.concurrency > 1 || !others_.others.empty();
  if (config_.concurrency == 1) idle_model_.fill(record, finished.begin, finished.end);
  record.spans = std::move(spans);
  finished.measured = true;
}

void AgentRun::keep(const records::QueryRecord& record) {
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
  if (has_own_places_ && !std::exchange(told_of_places_, true))
    observer_.note("the tasks bring containers of their own: --sandbox is not used for them");
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

/// A limit that cannot be reached is no limit; of a model that nobody charges for, it holds for its
/// sub-models.
void AgentRun::check_cost_limit() const {
  if (!config_.agent.max_task_cost || price_) return;
  if (http::is_public(http::host_port(engine_.description.base_url).host))
    throw Error(ErrorCode::Usage, fmt::format("--max-task-cost cannot be kept: {}", price_.error()),
                "give the price by --prices, or leave the limit out");
  observer_.note(fmt::format("--max-task-cost counts sub-models alone: {}", price_.error()));
}

RunOutcome AgentRun::finish() {
  observer_.stage("writing the run folder");
  const auto self = source_->self();
  journal_->sync();
  telemetry_->close();
  const Json dedicated = to_json(others_, look_for_others(engine_.description.base_url, config_.sysfs_root));
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
                          scoring_,
                          &dedicated,
                          progress_.done_before};
  auto outcome = finish_run(folder_.path, facts);
  write_task_files(folder_.path, config_.agent);
  return outcome;
}

}  // namespace

RunOutcome run_agents(const RunRequest& request, const Surroundings& around, Observer& observer,
                      std::stop_token stop) {
  return AgentRun(request, around, observer, std::move(stop)).run();
}

}  // namespace ipw::execution
