// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/dedicated.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/host.h"
#include "ipw/telemetry/listeners.h"

namespace ipw::execution {
namespace {

constexpr int kHttp = 80, kHttps = 443;

std::vector<std::int64_t> own_processes(const std::string& base_url, const std::string& root) {
  std::vector<std::int64_t> own = {::getpid()};
  const auto [host, port] = http::host_port(base_url);
  if (!http::is_this_machine(host)) return own;
  const int usual = base_url.starts_with("https:") ? kHttps : kHttp;
  const auto server = telemetry::listeners(port.value_or(usual), root);
  own.insert(own.end(), server.begin(), server.end());
  return own;
}

std::string named(const std::vector<telemetry::GpuProcess>& processes) {
  std::vector<std::string> out;
  for (const auto& p : processes) out.push_back(fmt::format("{} on {}", p.pid, p.gpu));
  return join(out, ", ");
}

Json to_json(const std::vector<telemetry::GpuProcess>& processes) {
  Json out = Json::array();
  for (const auto& p : processes)
    out.push_back({{"gpu", p.gpu}, {"pid", p.pid}, {"memory_mb", p.memory_mb ? Json(*p.memory_mb) : Json()}});
  return out;
}

}  // namespace

Dedication judge_dedication(const Result<std::vector<telemetry::GpuProcess>, std::string>& processes,
                            const std::string& base_url, const std::string& root) {
  if (!processes) return {{}, processes.error()};
  return {telemetry::foreign_processes(*processes, own_processes(base_url, root), root), {}};
}

Dedication look_for_others(const std::string& base_url, const std::string& root) {
  return judge_dedication(telemetry::gpu_processes(root), base_url, root);
}

void require_dedicated(const Dedication& found) {
  if (!found.unknown.empty())
    throw Error(ErrorCode::Unavailable,
                fmt::format("--require-dedicated-hardware: who uses the accelerators is not known: {}",
                            found.unknown),
                "only NVIDIA's driver tells it, on the machine where ipw runs; leave the option out");
  if (!found.others.empty())
    throw Error(
        ErrorCode::Unavailable,
        fmt::format("--require-dedicated-hardware: other programs use the accelerators: processes {}",
                    named(found.others)),
        "stop them, or leave the option out: their energy is then in the figures, and the records say "
        "that the device was shared. A server in a container is not recognised as the one that is asked");
}

Json to_json(const Dedication& before, const Dedication& after) {
  const auto& unknown = before.unknown.empty() ? after.unknown : before.unknown;
  const bool alone = before.others.empty() && after.others.empty();
  return {{"dedicated", unknown.empty() ? Json(alone) : Json(nullptr)},
          {"reason", unknown.empty() ? Json(nullptr) : Json(unknown)},
          {"others_before", to_json(before.others)},
          {"others_after", to_json(after.others)}};
}

std::string note_of(const Dedication& found) {
  if (found.others.empty()) return {};
  return fmt::format("other programs use the accelerators (processes {}): their energy is measured as well",
                     named(found.others));
}

}  // namespace ipw::execution
