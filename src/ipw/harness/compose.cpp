// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ipw/base/error.h"
#include "ipw/harness/compose_service.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClient = "client";

class FileReader {
 public:
  FileReader(const fs::path& file, const std::map<std::string, std::string>& variables)
      : values_(file, variables) {}

  ComposeFile read() {
    const auto root = YAML::LoadFile(values_.file().string());
    for (const auto& row : values_.map(root, "the file"))
      take(row.first.as<std::string>(), row.first, row.second);
    const auto services = root["services"];
    if (!services || !services.IsMap() || !services[std::string(kClient)])
      values_.refuse(root, "it has no service 'client'");
    for (const auto& row : services) {
      const auto name = values_.host_name(row.first);
      nodes_.emplace(name, row.second);
      services_.push_back(read_service(values_, name, row.second));
    }
    check_network();
    check_volumes();
    return in_order();
  }

 private:
  void take(const std::string& key, const YAML::Node& at, const YAML::Node& value) {
    if (key == "services" || key == "version" || key == "name" || key.starts_with("x-")) return;
    if (key == "networks" || key == "volumes")
      take_named(key, value);
    else
      values_.refuse(at, fmt::format("'{}' is not supported", key));
  }

  /// Networks and volumes are made anew for each task, as simple ones.
  void take_named(const std::string& kind, const YAML::Node& value) {
    if (value.IsNull()) return;
    for (const auto& row : values_.map(value, kind)) {
      if (kind == "volumes") volumes_.insert(values_.text(row.first));
      if (row.second.IsNull()) continue;
      for (const auto& about : values_.map(row.second, kind)) {
        const auto key = about.first.as<std::string>();
        const bool plain =
            key == "driver" && values_.text(about.second) == (kind == "volumes" ? "local" : "bridge");
        const bool inner = kind == "networks" && key == "internal";
        if (!plain && !inner) values_.refuse(about.first, fmt::format("'{}.{}' is not supported", kind, key));
      }
    }
  }

  /// Services that share a network by name here would not do so elsewhere.
  void check_network() const {
    if (services_.size() == 1) return;
    const auto first = services_.front().network.value_or("default");
    for (const auto& [service, network] : services_) {
      const auto& at = nodes_.at(service.name);
      if (network == "bridge")
        values_.refuse(
            at, fmt::format("'{}' asks for the engine's network; several services have one of their own",
                            service.name));
      if (service.network && network.value_or("default") != first)
        values_.refuse(at, "services in several networks are not supported");
    }
  }

  /// A folder of the task is copied, so that two services would each have their own.
  void check_volumes() const {
    std::map<fs::path, std::string> folders;
    for (const auto& [service, network] : services_) {
      const auto& at = nodes_.at(service.name);
      for (const auto& volume : service.volumes)
        if (!volumes_.contains(volume.name))
          values_.refuse(at, fmt::format("the volume '{}' is not among the file's volumes", volume.name));
      for (const auto& [path, place] : service.files)
        if (const auto [it, first] = folders.emplace(path, service.name);
            !first && fs::is_directory(path) && it->second != service.name)
          values_.refuse(
              at, fmt::format("'{}' is in '{}' and in '{}': a folder of the task is copied, so share a "
                              "named volume",
                              path.filename().string(), it->second, service.name));
    }
  }

  ComposeFile in_order() {
    for (const auto& each : services_)
      if (each.service.name != kClient) place(each.service);
    for (const auto& each : services_) place(each.service);
    return std::move(out_);
  }

  void place(const ComposeService& service) {
    const auto placed = [&](const std::string& name) {
      return std::ranges::find(out_.services, name, &ComposeService::name) != out_.services.end();
    };
    if (placed(service.name)) return;
    const auto& at = nodes_.at(service.name);
    if (!on_the_way_.insert(service.name).second)
      values_.refuse(at, fmt::format("'{}' depends on itself", service.name));
    for (const auto& [name, healthy] : service.needs) {
      const auto it = std::ranges::find(services_, name, [](const auto& each) { return each.service.name; });
      if (it == services_.end())
        values_.refuse(at, fmt::format("'{}' depends on '{}', which is no service", service.name, name));
      if (healthy && !it->service.health)
        values_.refuse(at, fmt::format("'{}' waits for the health of '{}', which has no healthcheck here",
                                       service.name, name));
      place(it->service);
    }
    out_.services.push_back(service);
  }

  ComposeValues values_;
  std::map<std::string, YAML::Node> nodes_;
  std::set<std::string> volumes_, on_the_way_;
  std::vector<ReadService> services_;
  ComposeFile out_;
};

}  // namespace

ComposeFile read_compose(const fs::path& file, const std::map<std::string, std::string>& variables) {
  try {
    return FileReader(file, variables).read();
  } catch (const YAML::Exception& error) {
    throw Error(ErrorCode::Format, fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace ipw::harness
