// SPDX-License-Identifier: Apache-2.0
// A helper process whose collector crashes, hangs or talks nonsense when a file in its root says so.
#include <unistd.h>

#include <array>
#include <filesystem>

#include "build.h"
#include "ipw/base/error.h"
#include "ipw/telemetry/helper.h"

namespace ipw::telemetry {
namespace {

namespace fs = std::filesystem;

class Frail final : public Collector {
 public:
  explicit Frail(fs::path root) : root_(std::move(root)) {}
  const std::vector<Domain>& domains() const override { return domains_; }
  void poll(Clock& clock, Sample& sample) override {
    std::error_code ignored;
    if (fs::remove(root_ / "crash", ignored)) {
      volatile int* nowhere = nullptr;
      *nowhere = 1;
    }
    if (fs::remove(root_ / "nonsense", ignored)) (void)!::write(STDOUT_FILENO, "\xff\xff\xff\xff\xff\xff", 6);
    while (fs::exists(root_ / "hang", ignored)) ::usleep(1000);
    if (fs::exists(root_ / "second", ignored) && domains_.size() == 1)
      domains_.push_back(make_domain("gpu-1", Scope::Accelerator));
    for (std::uint32_t i = 0; i < domains_.size(); ++i) {
      sample.readings.push_back({i, clock.now(), Nanoseconds(7), 0.1 + i, {}});
      sample.gauges.push_back({Gauge::Temperature, clock.now(), 41.5, i});
    }
  }
  void describe(records::MachineInfo& machine) const override { machine.gpu_name = "Frail GPU"; }

 private:
  fs::path root_;
  std::vector<Domain> domains_{make_domain("gpu-0", Scope::Accelerator)};
};

std::unique_ptr<Collector> make_frail(const CollectorOptions& options) {
  if (options.argument == "absent") throw Error(ErrorCode::Unavailable, "no frail device on this machine");
  return std::make_unique<Frail>(options.root);
}

constexpr std::array<CollectorRow, 1> kRows{
    {{"frail", "a device of the tests", CollectorRow::Use::Named, make_frail}}};

}  // namespace
}  // namespace ipw::telemetry

int main(int argc, char** argv) {
  if (argc < 2 || argv[1] != ipw::telemetry::kHelperWord) return 2;
  ipw::SystemClock clock;
  return ipw::telemetry::run_helper(ipw::telemetry::kRows, {argv + 2, argv + argc}, clock);
}
