// SPDX-License-Identifier: Apache-2.0
// Any program that prints readings. It is started again when it ends, later each time, and goes with this
// collector.
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/exec_lines.h"

namespace ipw::telemetry {
namespace {

constexpr Seconds kPatience{3};                   // for the first line
constexpr auto kStale = std::chrono::seconds(5);  // without a line its domains are silent
constexpr auto kFirstRetry = std::chrono::milliseconds(250);
constexpr auto kLastRetry = std::chrono::seconds(30);
constexpr std::size_t kLongestLine = 65536, kMostDomains = 256;

Domain domain_of(const ExecLine& line, const std::string& program) {
  Domain out;
  out.name = line.domain;
  out.scope = line.scope.value_or(Scope::Wall);
  out.method = line.joules ? Method::Counter : Method::Integrated;
  out.collector = "exec";
  out.update_seconds = line.update_seconds.value_or(0);
  out.averaging_seconds = line.joules ? 0 : out.update_seconds;
  out.relative_half_width = line.relative_half_width.value_or(0);
  out.cap_watts = 1e6;
  out.note = fmt::format("as {} tells it", program);
  return out;
}

class Exec final : public Collector {
 public:
  explicit Exec(const std::string& command) : argv_(split_command(command)), child_(start()) {
    await_first_line();
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (!polled_) polled_ = heard_ = now;
    if (child_ && !child_->read(text_)) end(fmt::format("it has ended: {}", child_->last_words()), now);
    for (const auto& line : whole_lines()) take(line, now, sample);
    if (!child_ && now >= retry_) restart(now);
    if (!child_ || now - heard_ > kStale) say_why(now, sample);
    polled_ = now;
  }

 private:
  std::unique_ptr<PipedProcess> start() const { return std::make_unique<PipedProcess>(argv_); }

  /// The domains have to be known before the first poll.
  void await_first_line() {
    std::string words;
    for (Seconds waited{0}; waited < kPatience && text_.find('\n') == std::string::npos;
         waited += Seconds(0.05)) {
      child_->wait(Seconds(0.05));
      if (child_->read(text_)) continue;
      words = child_->last_words();
      break;
    }
    const auto line_end = text_.find('\n');
    const auto line = parse_exec_line(text_.substr(0, line_end));
    if (line_end == std::string::npos || !line)
      throw Error(
          ErrorCode::Unavailable,
          fmt::format("exec: '{}' printed no reading within {:.0f} s: {}", argv_.front(), kPatience.count(),
                      text_.empty() ? words
                      : line        ? "no line end"
                                    : line.error()),
          R"(it has to print lines like {"domain":"wall","watts":123.4}, and to flush each)");
    number(*line);
  }

  std::vector<std::string> whole_lines() {
    std::vector<std::string> out;
    std::size_t begin = 0;
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n', begin)) {
      if (const auto line = trim(std::string_view(text_).substr(begin, end - begin)); !line.empty())
        out.emplace_back(line);
      begin = end + 1;
    }
    text_.erase(0, begin);
    if (text_.size() > kLongestLine) text_.clear();
    return out;
  }

  std::optional<std::uint32_t> number(const ExecLine& line) {
    const auto it = std::ranges::find(domains_, line.domain, &Domain::name);
    if (it == domains_.end() && domains_.size() >= kMostDomains) return std::nullopt;
    const auto index = static_cast<std::uint32_t>(it - domains_.begin());
    if (it == domains_.end()) domains_.push_back(domain_of(line, argv_.front()));
    return index;
  }

  /// A line came between the last poll and this one.
  void take(const std::string& text, Instant now, Sample& sample) {
    const auto line = parse_exec_line(text);
    const auto index = line ? number(*line) : std::nullopt;
    if (!index) {
      complaint_ = fmt::format("a line of {} cannot be used: {}", argv_.front(),
                               line ? "too many domains" : line.error());
      return;
    }
    const Nanoseconds half = (now - *polled_) / 2;
    sample.readings.push_back(
        {*index, now - half - from_seconds(line->age_seconds), half, line->joules, line->watts});
    heard_ = now;
    complaint_.clear();
    backoff_ = kFirstRetry;
  }

  void end(std::string why, Instant now) {
    complaint_ = std::move(why);
    child_.reset();
    retry_ = now + backoff_;
    backoff_ = std::min<Nanoseconds>(2 * backoff_, kLastRetry);
  }

  void restart(Instant now) {
    try {
      text_.clear();
      child_ = start();
    } catch (const Error& error) {
      end(error.what(), now);
    }
  }

  void say_why(Instant now, Sample& sample) const {
    const auto reason = !complaint_.empty() ? complaint_
                                            : fmt::format("{} has printed nothing for {:.0f} s",
                                                          argv_.front(), to_seconds(now - heard_));
    for (std::uint32_t i = 0; i < domains_.size(); ++i)
      sample.silent.push_back({i, reason, child_ ? Cause::Stale : Cause::Lost});
  }

  std::vector<std::string> argv_;
  std::unique_ptr<PipedProcess> child_;
  std::vector<Domain> domains_;
  std::string text_, complaint_;
  std::optional<Instant> polled_;
  Instant heard_{}, retry_{};
  Nanoseconds backoff_{kFirstRetry};
};

}  // namespace

std::unique_ptr<Collector> make_exec(const CollectorOptions& options) {
  return std::make_unique<Exec>(options.argument);
}

}  // namespace ipw::telemetry
