// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/prompt_read.h"

namespace ipw::telemetry {

namespace {

class Rapl final : public Collector {
 public:
  explicit Rapl(std::vector<RaplZone> zones) {
    for (RaplZone& zone : zones) {
      files_.emplace_back(zone.path + "/energy_uj");
      promptly_.emplace_back();
      domains_.push_back(std::move(zone.domain));
    }
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    for (std::uint32_t i = 0; i < files_.size(); ++i) read(i, clock, sample);
  }

 private:
  void read(std::uint32_t i, Clock& clock, Sample& sample) {
    const auto [content, bracket] = promptly_[i](clock, [&] { return files_[i].read(); });
    if (!content) {
      sample.silent.emplace_back(i, explain(files_[i].path(), content.error()));
      return;
    }
    const auto microjoules = parse_int(trim(*content));
    if (!microjoules || *microjoules < 0) {
      const std::string text = to_valid_utf8(trim(*content).substr(0, 32));
      sample.silent.emplace_back(
          i, fmt::format("{} holds '{}', not a count of microjoules", files_[i].path(), text));
      return;
    }
    const double joules = static_cast<double>(*microjoules) * 1e-6;
    sample.readings.push_back({i, bracket.mid(), bracket.half_width(), joules, std::nullopt});
  }

  std::vector<Domain> domains_;
  std::vector<KeptFile> files_;
  std::vector<PromptRead> promptly_;
};

}  // namespace

std::unique_ptr<Collector> make_rapl(const CollectorOptions& options) {
  auto zones = find_rapl_zones(options.root);
  if (zones.empty()) {
    throw Error(ErrorCode::Unavailable, fmt::format("no RAPL zone below {}/sys/class/powercap", options.root),
                "`ipw doctor` says why");
  }
  return std::make_unique<Rapl>(std::move(zones));
}

}  // namespace ipw::telemetry
