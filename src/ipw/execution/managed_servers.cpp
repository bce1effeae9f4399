// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/managed_servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/clients/models.h"

namespace ipw::execution {

servers::ServerHost server_host(const Surroundings& around) {
  return {around.clock, servers::ServerLedger(around.state_dir / "servers", servers::ProcessTable())};
}

void find_model_file(servers::ServerSpec& spec, const Surroundings& around, const servers::Tell& tell) {
  if (!servers::engine_of(spec).takes_file || spec.model.empty()) return;
  clients::ModelOptions options;
  options.cache_dir = around.cache_dir;
  options.data_dir = around.data_dir;
  options.hub = around.hub;
  options.announce = tell;
  spec.file = std::filesystem::absolute(clients::resolve_model(spec.model, options)).string();
}

ManagedServers::ManagedServers(const Surroundings& around, Observer& observer)
    : around_(around), observer_(observer), host_(server_host(around)) {}

ManagedServers::~ManagedServers() {
  for (const auto& entry : std::views::reverse(started_)) try {
      observer_.stage(fmt::format("stopping {} on port {}", entry.engine, entry.port));
      if (!host_.stop(entry))
        observer_.note(fmt::format("{} on port {} had ended before the end of the run; its log is {}",
                                   entry.engine, entry.port, entry.log));
    } catch (const std::exception& error) {
      log::warning("{}", error.what());
    }
}

void ManagedServers::start(std::span<const PlannedServer> planned, Seconds wait_for_each,
                           const std::stop_token& stop) {
  servers::StartOptions options;
  options.wait = wait_for_each;
  options.for_this_run = true;
  options.tell = [&](const std::string& text) { observer_.note(text); };
  for (const auto& [alias, wanted] : planned) {
    observer_.stage(fmt::format("starting {} for {}", wanted.engine, wanted.model));
    auto spec = wanted;
    find_model_file(spec, around_, options.tell);
    const auto server = host_.start(spec, options, stop);
    const auto is_ours = [&](const servers::ServerEntry& entry) { return entry.port == spec.port; };
    if (!server.reused) started_.push_back(server.entry);
    uses_.push_back(
        {alias, spec.engine, spec.model, server.base_url, std::ranges::none_of(started_, is_ours)});
  }
}

}  // namespace ipw::execution
