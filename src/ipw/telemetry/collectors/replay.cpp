// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/recording.h"

namespace ipw::telemetry {

namespace {

// The first sample of the recording happens at the first poll; all others keep their distance from it.
class Replay final : public Collector {
 public:
  explicit Replay(const std::string& path) : path_(path), file_(path) {
    std::string line;
    if (!file_ || !std::getline(file_, line)) {
      throw Error(ErrorCode::Unavailable, fmt::format("cannot read the recording '{}'", path),
                  "give replay:FILE");
    }
    try {
      domains_ = parse_header(line);
    } catch (const Error& e) {
      throw Error(ErrorCode::Unavailable, fmt::format("'{}' is not a recording, line 1: {}", path, e.what()),
                  "the file telemetry.jsonl of a run folder is one");
    }
    advance();
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (!shift_ && next_) shift_ = now - next_->tick;
    while (next_ && next_->tick + *shift_ <= now) {
      emit(*next_, sample);
      advance();
    }
    if (next_) return;
    for (std::uint32_t i = 0; i < domains_.size(); ++i) sample.silent.push_back({i, end_, Cause::Ended});
  }

 private:
  void emit(const Sample& from, Sample& to) const {
    for (Reading reading : from.readings) {
      reading.mid += *shift_;
      to.readings.push_back(reading);
    }
    for (GaugeReading gauge : from.gauges) {
      gauge.mid += *shift_;
      to.gauges.push_back(gauge);
    }
    to.silent.insert(to.silent.end(), from.silent.begin(), from.silent.end());
  }

  void advance() {
    next_.reset();
    std::string line;
    if (!std::getline(file_, line)) return;
    ++line_;
    try {
      // Samples are emitted before domains that come after them are known: those were appended.
      for (; is_header(line); ++line_) {
        domains_ = parse_header(line);
        if (!std::getline(file_, line)) return;
      }
      next_ = parse_sample(line);
    } catch (const Error& e) {
      end_ = fmt::format("the recording '{}' breaks off at line {}: {}", path_, line_, e.what());
    }
  }

  std::string path_;
  std::ifstream file_;
  std::vector<Domain> domains_;
  std::optional<Sample> next_;
  std::optional<Nanoseconds> shift_;
  int line_ = 1;
  std::string end_ = "the recording has ended";
};

}  // namespace

std::unique_ptr<Collector> make_replay(const CollectorOptions& options) {
  if (options.argument.empty()) throw Error(ErrorCode::Usage, "replay needs a file", "give replay:FILE");
  return std::make_unique<Replay>(options.argument);
}

}  // namespace ipw::telemetry
