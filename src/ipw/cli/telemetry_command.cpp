// SPDX-License-Identifier: Apache-2.0
// ipw telemetry: what every sensor reads now, and where two of them disagree.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/sensor_options.h"
#include "ipw/cli/telemetry_text.h"
#include "ipw/execution/setup.h"
#include "ipw/report/report.h"
#include "ipw/telemetry/recording.h"

namespace ipw::cli {
namespace {

constexpr double kCompareSeconds = 10;
constexpr int kFitEvery = 10;  // refreshes between two looks for W
constexpr auto kRefresh = std::chrono::seconds(1);
constexpr auto kTurn = std::chrono::milliseconds(50);

constexpr Option kOptions[] = {
    {"--seconds", "SECONDS", "until Ctrl-C; 10 with --compare", "How long to watch."},
    {"--compare", "", "",
     "Compare all sources over --seconds and name the likely cause of each disagreement.", Kind::Flag},
    {"--record", "FILE", "", "Write all raw readings to this file; --collector replay:FILE plays it again."},
    {"--json", "", "", "One JSON object per line and second; with --compare, one object.", Kind::Flag},
    kMonitorOption,
    kMonitorTokenOption,
    kCollectorOption,
    kSysfsRootOption,
    kSamplingPeriodOption,
    kCalibrationOption,
};

/// The samples of a source on their way to a file; the sampling thread only formats a line.
class Recording {
 public:
  Recording(const std::filesystem::path& path, const std::vector<telemetry::Domain>& domains)
      : file_(new_file(path)), known_(domains.size()) {
    file_.append(telemetry::header_line(domains) + "\n");
  }
  void take(const telemetry::Sample& sample, const std::vector<telemetry::Domain>& domains) {
    std::string line = telemetry::sample_line(sample) + "\n";
    const std::lock_guard lock(mutex_);
    if (domains.size() > known_) line = telemetry::header_line(domains) + "\n" + line;
    known_ = domains.size();
    waiting_ += line;
  }
  void flush() {
    std::string lines;
    {
      const std::lock_guard lock(mutex_);
      lines.swap(waiting_);
    }
    if (!lines.empty()) file_.append(lines);
  }

 private:
  static const std::filesystem::path& new_file(const std::filesystem::path& path) {
    if (std::filesystem::exists(path))
      throw Error(ErrorCode::Usage, fmt::format("{} exists already", path.string()),
                  "give --record another name");
    return path;
  }
  AppendFile file_;
  std::mutex mutex_;
  std::size_t known_;
  std::string waiting_;
};

class Watch {
 public:
  Watch(const Values& values, Context& context, telemetry::Source& source)
      : context_(context), source_(source), json_(values.has("--json")), began_(context.around.clock.now()) {
    const std::vector<telemetry::Domain> domains = source.domains();
    if (const auto path = values.text("--record")) recording_ = std::make_unique<Recording>(*path, domains);
    source.tap([this](const telemetry::Sample& sample) {
      view_.feed(sample);
      if (recording_) recording_->take(sample, source_.domains());
    });
  }
  ~Watch() { source_.tap({}); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Watch for so long, or until asked to stop; show what is seen once a second.
  void run(double seconds, bool show) {
    Clock& clock = context_.around.clock;
    const Instant end = began_ + from_seconds(seconds);
    for (Instant next = began_ + kRefresh; !context_.stop.stop_requested() && clock.now() < end;) {
      clock.sleep_until(std::min(end, clock.now() + kTurn));
      if (clock.now() < std::min(next, end)) continue;
      next += kRefresh;
      if (recording_) recording_->flush();
      if (show) print();
    }
    source_.tap({});
    if (recording_) recording_->flush();
  }

  telemetry::SourceComparison compare() const {
    const std::vector<telemetry::Domain> domains = source_.domains();
    return telemetry::compare_sources(view_.observed(domains));
  }

 private:
  void print() {
    auto domains = view_.domains(source_);
    const std::vector<telemetry::Domain> all = source_.domains();
    if (++refreshes_ % kFitEvery == 0) comparison_ = telemetry::compare_sources(view_.observed(all));
    telemetry::apply_averaging(domains, comparison_);
    const auto gauges = view_.gauges(all);
    if (json_) {
      const double seconds = to_seconds(context_.around.clock.now() - began_);
      for (const auto& live : domains) print_json(to_json(live), seconds);
      for (const auto& gauge : gauges) print_json(to_json(gauge), seconds);
    } else {
      print_lines(domains, gauges);
    }
    std::fflush(stdout);
  }

  static void print_json(Json line, double seconds) {
    line["seconds"] = seconds;
    fmt::print("{}\n", dump_json(line));
  }

  void print_lines(const std::vector<telemetry::LiveDomain>& domains,
                   const std::vector<telemetry::LiveGauge>& gauges) {
    std::vector<std::string> lines;
    if (context_.out_is_terminal || shown_ == 0) lines.push_back(live_heading());
    for (const auto& live : domains) lines.push_back(live_line(live));
    for (const auto& gauge : gauges) lines.push_back(live_line(gauge));
    if (domains.empty()) lines.emplace_back("no energy sensor was found; `ipw doctor` says what is missing");
    if (context_.out_is_terminal && shown_ > 0) fmt::print("\x1b[{}A", shown_);
    const auto width = static_cast<std::size_t>(std::max(context_.width, 21));
    for (const auto& line : lines)
      if (context_.out_is_terminal)
        fmt::print("\x1b[K{}\n", report::fit(line, width - 1));
      else
        fmt::print("{}\n", line);
    shown_ = lines.size();
  }

  Context& context_;
  telemetry::Source& source_;
  bool json_;
  Instant began_;
  std::unique_ptr<Recording> recording_;
  telemetry::LiveView view_;
  telemetry::SourceComparison comparison_;  ///< renewed now and then: it costs more than the rest
  int refreshes_ = 0;
  std::size_t shown_ = 0;
};

int run(const Values& values, Context& context) {
  constexpr double kLeast = 0.1, kForEver = 1e9;
  const bool compare = values.has("--compare");
  const double seconds = values.number("--seconds", kLeast).value_or(compare ? kCompareSeconds : kForEver);
  Console console(false, context.err_is_terminal, context.width);
  const auto source = execution::open_source(sensor_config(values), context.around, console,
                                             compare ? execution::Sources::All : execution::Sources::Primary);
  Watch watch(values, context, *source);
  if (compare) console.stage(fmt::format("comparing all sources for {:g} s", seconds));
  watch.run(seconds, !compare);
  if (!compare) return 0;
  const auto comparison = watch.compare();
  if (values.has("--json"))
    fmt::print("{}", pretty_json(to_json(comparison)));
  else
    fmt::print("{}", comparison_text(comparison, context.width));
  return context.stop.stop_requested() ? 130 : 0;
}

}  // namespace

const Command kTelemetry = {
    "telemetry",
    "Watch what every sensor reads, record it, or compare sensors that should agree.",
    "On a terminal the lines renew themselves; into a file or pipe goes a line per domain and second.\n"
    "T is the time between two new values, W the time that each is a mean over, coverage W/T.\n\n"
    "Examples:\n"
    "  ipw telemetry\n"
    "  ipw telemetry --seconds 60 --record idle.jsonl\n"
    "  ipw telemetry --compare --seconds 30",
    {},
    kOptions,
    run};

}  // namespace ipw::cli
