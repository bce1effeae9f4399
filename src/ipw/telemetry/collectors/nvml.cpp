// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs through NVML: one thread for all of them, because one lock of the driver is behind every call.
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/nvml_devices.h"
#include "ipw/telemetry/collectors/nvml_gpu.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/retry.h"

namespace ipw::telemetry {

namespace {

using nvml::Gpu;
using nvml::Listed;
using nvml::Reach;
using nvml::Trouble;

// How often the number of GPUs is looked at.
constexpr auto kCountEvery = std::chrono::seconds(1);

[[noreturn]] void refuse(const Trouble& why) {
  throw Error(ErrorCode::Unavailable, why.reason, why.remedy);
}

class NvmlCollector final : public Collector {
 public:
  NvmlCollector(const CollectorOptions& options, std::unique_ptr<nvml::Nvml> library)
      : root_(options.root), alternatives_(options.alternatives), nvml_(std::move(library)) {
    choice_ = options.argument.empty() ? parse_visible_devices(options.visible_devices)
                                       : parse_visible_devices(options.argument);
    if (!choice_.all && choice_.ids.empty()) {
      refuse({Cause::NotFound, "every GPU is hidden: CUDA_VISIBLE_DEVICES or the argument names none",
              "unset CUDA_VISIBLE_DEVICES, or choose with --collector nvml:0,1"});
    }
    const auto listed = start();
    if (!listed && (options.named || nvml::gpus_on_bus(root_).empty())) refuse(*trouble_);
    if (!listed) log::warning("nvml: {}; it is looked for again", trouble_->reason);
    if (listed) take_chosen(*listed, !options.argument.empty());
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (ill() ? retry_.due(now) : changed(now)) restart();
    Reach worst = Reach::Nothing;
    for (const auto& gpu : gpus_) {
      const Reach far = gpu->poll(clock, sample);
      if (far == Reach::Gpu) gpu->detach(*gpu->trouble());
      if (far == Reach::Driver) trouble_ = gpu->trouble();
      worst = std::max(worst, far);
    }
    if (worst == Reach::Driver) detach_all(*trouble_);
    if (!ill()) retry_.reset();
  }

  void describe(records::MachineInfo& machine) const override {
    Accelerators found{"NVIDIA", "NVML", {}, nvml_->driver_version()};
    for (const auto& gpu : gpus_) found.names.push_back(gpu->identity().name);
    add_accelerators(found, machine);
  }

 private:
  bool ill() const {
    return trouble_ || std::ranges::any_of(gpus_, [](const auto& gpu) { return !gpu->attached(); });
  }

  // Whether GPUs have been plugged in or out. The library lists those of its initialisation; the driver's
  // files tell the rest.
  bool changed(Instant now) {
    if (counted_ && now - *counted_ < kCountEvery) return false;
    counted_ = now;
    unsigned count = 0;
    const bool told = nvml_->call().device_count(&count) == nvml::kOk;
    return (told && count != listed_) || nvml::gpus_of_driver(root_) != of_driver_;
  }

  // Initialise the library, or again, and list what there is; else trouble_ says why not.
  std::optional<std::vector<Listed>> start() {
    int status = nvml_->restart();
    if (status == nvml::kOk) {
      auto listed = nvml::list_gpus(*nvml_);
      if (listed) {
        trouble_.reset();
        listed_ = static_cast<unsigned>(listed->size());
        of_driver_ = nvml::gpus_of_driver(root_);
        return *std::move(listed);
      }
      status = listed.error();
    }
    trouble_ = nvml::explain(status, nvml_->path());
    return std::nullopt;
  }

  void restart() {
    if (trouble_ && trouble_->cause == Cause::Lost) reopen();
    detach_all(trouble_.value_or(Trouble{Cause::Lost, "the NVIDIA driver starts again", {}}));
    const auto listed = start();
    if (!listed) {
      detach_all(*trouble_);
      return;
    }
    for (const auto& gpu : gpus_) reattach(*gpu, *listed);
    for (const Listed& found : *listed)
      if (found.status == nvml::kOk && wanted(found.identity) && !knows(found.identity.uuid)) add(found);
  }

  // After an update of the driver another file lies in the place of the library.
  void reopen() {
    detach_all(*trouble_);
    auto fresh = nvml::Nvml::open(root_);
    if (fresh) nvml_ = std::move(*fresh);
  }

  void detach_all(const Trouble& why) {
    for (const auto& gpu : gpus_) gpu->detach(why);
  }

  void reattach(Gpu& gpu, const std::vector<Listed>& listed) {
    const auto& mine = gpu.identity();
    for (const Listed& found : listed) {
      if (found.status == nvml::kOk && found.identity.uuid == mine.uuid)
        return gpu.attach(nvml_->call(), found.handle);
    }
    for (const Listed& found : listed) {
      if (found.status != nvml::kOk && found.identity.index == mine.index)
        return gpu.detach(nvml::explain(found.status, mine.uuid));
    }
    gpu.detach({Cause::NotFound, mine.uuid + ": the driver does not list it any more",
                "look for Xid lines in `dmesg`; it is used again when it comes back"});
  }

  bool knows(const std::string& uuid) const {
    return std::ranges::any_of(gpus_, [&](const auto& gpu) { return gpu->identity().uuid == uuid; });
  }
  bool wanted(const DeviceIdentity& device) const {
    return choice_.all || std::ranges::any_of(choice_.ids, [&](const auto& id) { return fits(id, device); });
  }

  void take_chosen(const std::vector<Listed>& listed, bool asked) {
    const auto there = nvml::identities(listed);
    std::string unknown;
    const auto chosen = choose(choice_, there, unknown);
    if (!unknown.empty() && asked) {
      throw Error(ErrorCode::Usage, fmt::format("there is no NVIDIA GPU '{}'", unknown),
                  "there are: " + list_devices(there));
    }
    if (!unknown.empty())
      log::warning("CUDA_VISIBLE_DEVICES: no GPU '{}', it and what follows it is not measured", unknown);
    if (std::ranges::count(chosen, true) == 0) {
      refuse({Cause::NotFound,
              listed.empty() ? "the driver lists no GPU" : "CUDA_VISIBLE_DEVICES names no GPU that is there",
              "there are: " + list_devices(there)});
    }
    std::size_t i = 0;
    for (const Listed& found : listed)
      if (found.status == nvml::kOk && chosen[i++]) add(found);
  }

  void add(const Listed& found) {
    auto gpu = std::make_unique<Gpu>(found.identity, root_);
    gpu->attach(nvml_->call(), found.handle);
    unsigned number = found.identity.index;
    const auto taken = [&](unsigned n) {
      const auto text = std::to_string(n);
      return std::ranges::any_of(
          domains_, [&](const Domain& d) { return d.name == "gpu-" + text || d.name == "module-" + text; });
    };
    while (taken(number)) ++number;
    gpu->add_domains(std::to_string(number), alternatives_, domains_);
    gpus_.push_back(std::move(gpu));
  }

  std::string root_;
  bool alternatives_;
  std::unique_ptr<nvml::Nvml> nvml_;
  DeviceChoice choice_;
  std::vector<Domain> domains_;
  std::vector<std::unique_ptr<Gpu>> gpus_;
  std::optional<Trouble> trouble_;  ///< of the driver, while no device answers
  Retry retry_;
  unsigned listed_ = 0;
  std::optional<std::size_t> of_driver_;
  std::optional<Instant> counted_;
};

}  // namespace

std::unique_ptr<Collector> make_nvml(const CollectorOptions& options) {
  auto library = nvml::Nvml::open(options.root);
  if (!library) refuse(library.error());
  return std::make_unique<NvmlCollector>(options, std::move(*library));
}

}  // namespace ipw::telemetry
