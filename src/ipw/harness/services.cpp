// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ipw/harness/health.h"

namespace ipw::harness {
namespace {

constexpr std::string_view kClient = "client";

/// Docker looks after each interval and gives up after as many failures as `retries`. Here it is looked at
/// each second where the interval is longer, for as long as that.
HealthCheck check_of(const ComposeHealth& health) {
  constexpr Seconds kLongestPause{1}, kShortestPause{0.1}, kLongest{3600};
  const auto pause = std::clamp(health.interval, kShortestPause, kLongestPause);
  const auto within = std::min(kLongest, health.start_period + health.interval * health.retries);
  return {health.argv, pause, health.timeout, 1 + static_cast<int>(std::ceil(within / pause))};
}

std::string image_of(Images& images, const ComposeService& service, const std::string& task,
                     const std::stop_token& stop) {
  if (service.context.empty()) {
    images.need(service.image, stop);
    return service.image;
  }
  const auto name = service.name == kClient ? task : fmt::format("{}-{}", task, service.name);
  return images.built(service.context, service.dockerfile, name, stop);
}

}  // namespace

Services::Services(Images& images, const ComposeFile& file, const std::string& task,
                   const std::stop_token& stop) {
  std::map<std::string, std::string> names;  // of images: all before any service starts and waits
  for (const auto& service : file.services) names[service.name] = image_of(images, service, task, stop);
  auto& engine = images.engine();
  if (file.services.size() > 1) network_ = engine.make_network();
  std::set<std::string> healthy;
  for (const auto& service : file.services) {
    for (const auto& other : file.services)
      if (const auto need = service.needs.find(other.name);
          need != service.needs.end() && need->second && healthy.insert(other.name).second)
        await_health(*containers_.at(other.name), check_of(*other.health),
                     fmt::format("the task's service '{}'", other.name), stop);
    containers_[service.name] = engine.start(request_of(service, names[service.name], engine));
    note_address(service);
  }
}

sandbox::ContainerRequest Services::request_of(const ComposeService& service, const std::string& image,
                                               sandbox::ContainerEngine& engine) {
  sandbox::ContainerRequest request;
  request.image = image;
  request.folder = service.folder;
  request.user = service.user;
  request.environment = service.environment;
  request.files = service.files;
  request.network = service.network && !network_;
  request.limits = service.limits;
  request.limits.processes = std::max(request.limits.processes, 4096);
  for (const auto& volume : service.volumes) {
    auto& made = volumes_[volume.name];
    if (!made) made = engine.make_volume();
    request.volumes.push_back({made->name(), volume.place, volume.writable});
  }
  if (service.network && network_) {
    request.joins = network_->name();
    request.names = service.names;
    request.hosts = addresses_;
  }
  if (service.name != kClient) {
    request.own_program = true;
    request.entrypoint = service.entrypoint;
    request.command = service.command;
  } else if (!service.entrypoint.empty() || !service.command.empty()) {
    request.hold = service.entrypoint;
    request.hold.insert(request.hold.end(), service.command.begin(), service.command.end());
  }
  return request;
}

void Services::note_address(const ComposeService& service) {
  if (!network_ || !service.network) return;
  const auto address = containers_.at(service.name)->address();
  if (address.empty()) return;
  for (const auto& name : service.names) addresses_[name] = address;
}

}  // namespace ipw::harness
