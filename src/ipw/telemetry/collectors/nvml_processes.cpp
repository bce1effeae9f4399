// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/nvml_devices.h"
#include "ipw/telemetry/gpu_processes.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

using Ask = int (*)(nvml::Device, unsigned*, nvml::ProcessInfo*);

void ask(Ask function, const nvml::Listed& gpu, std::vector<GpuProcess>& out) {
  if (!function || gpu.status != nvml::kOk) return;
  std::vector<nvml::ProcessInfo> processes(64);
  auto count = static_cast<unsigned>(processes.size());
  int status = function(gpu.handle, &count, processes.data());
  if (status == nvml::kTooSmall) {
    processes.resize(count + std::size_t{16});
    count = static_cast<unsigned>(processes.size());
    status = function(gpu.handle, &count, processes.data());
  }
  if (status != nvml::kOk) return;
  for (unsigned i = 0; i < std::min<std::size_t>(count, processes.size()); ++i) {
    const auto& p = processes[i];
    const bool known = p.used_bytes != UINT64_MAX;
    out.push_back({gpu.identity.uuid, p.pid,
                   known ? std::optional(static_cast<double>(p.used_bytes) / 1048576) : std::nullopt});
  }
}

// The parent in /proc/PID/stat: the second word after the name, which stands in brackets and may hold
// anything.
std::optional<std::int64_t> parent_of(std::int64_t pid, const std::string& root) {
  const auto stat = read_small(fmt::format("{}/proc/{}/stat", root, pid));
  const auto name_end = stat ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  const auto words = split(trim(std::string_view(*stat).substr(name_end + 1)), ' ');
  return words.size() > 1 ? parse_int(words[1]) : std::nullopt;
}

}  // namespace

Result<std::vector<GpuProcess>, std::string> gpu_processes(const std::string& root) {
  auto library = nvml::Nvml::open(root);
  if (!library) return Unexpected<std::string>(library.error().reason);
  auto& nvml = **library;
  const auto fail = [&](int status) {
    return Unexpected<std::string>(nvml::explain(status, nvml.path()).reason);
  };
  if (const int status = nvml.restart(); status != nvml::kOk) return fail(status);
  if (!nvml.call().compute_processes) return fail(nvml::kFunctionMissing);
  const auto gpus = nvml::list_gpus(nvml);
  if (!gpus) return fail(gpus.error());
  std::vector<GpuProcess> out;
  for (const auto& gpu : *gpus) {
    ask(nvml.call().compute_processes, gpu, out);
    ask(nvml.call().graphics_processes, gpu, out);
  }
  return out;
}

std::vector<GpuProcess> foreign_processes(const std::vector<GpuProcess>& all,
                                          std::span<const std::int64_t> own, const std::string& root) {
  constexpr int kGenerations = 64;
  const auto is_own = [&](std::int64_t pid) {
    for (int i = 0; i < kGenerations && pid > 1; ++i) {
      if (std::ranges::find(own, pid) != own.end()) return true;
      pid = parent_of(pid, root).value_or(0);
    }
    return false;
  };
  std::vector<GpuProcess> out;
  std::ranges::copy_if(all, std::back_inserter(out), [&](const GpuProcess& p) { return !is_own(p.pid); });
  return out;
}

}  // namespace ipw::telemetry
