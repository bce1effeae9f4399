// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/compose_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

/// Keys without an effect on what a task's commands see here. Ports are published to nobody.
constexpr std::array<std::string_view, 11> kIgnored = {"expose",      "init",       "labels",
                                                       "platform",    "ports",      "pull_policy",
                                                       "restart",     "stdin_open", "stop_grace_period",
                                                       "stop_signal", "tty"};

class Reader {
 public:
  Reader(const ComposeValues& values, const std::string& name) : values_(values) {
    out_.service.name = name;
    out_.service.names = {name};
  }

  ReadService read(const YAML::Node& node) {
    for (const auto& row : values_.map(node, what("the service")))
      take(row.first.as<std::string>(), row.first, row.second);
    if (out_.service.context.empty() && out_.service.image.empty())
      values_.refuse(node, what("neither 'build' nor 'image'"));
    return std::move(out_);
  }

 private:
  std::string what(std::string_view thing) const {
    return fmt::format("{} of '{}'", thing, out_.service.name);
  }
  [[noreturn]] void unsupported(const YAML::Node& at, std::string_view key) const {
    values_.refuse(at, fmt::format("'{}' of '{}' is not supported", key, out_.service.name));
  }

  struct Row {
    std::string_view key;
    void (Reader::*take)(const YAML::Node& value);
  };
  static const std::array<Row, 17> kRows;

  void take(const std::string& key, const YAML::Node& at, const YAML::Node& value) {
    if (std::ranges::find(kIgnored, key) != kIgnored.end()) return;
    const auto* const row = std::ranges::find(kRows, key, &Row::key);
    if (row == kRows.end()) unsupported(at, key);
    if (value.IsNull()) return;
    (this->*row->take)(value);
  }

  void take_image(const YAML::Node& value) { out_.service.image = values_.text(value); }
  void take_folder(const YAML::Node& value) { out_.service.folder = values_.text(value); }
  void take_user(const YAML::Node& value) { out_.service.user = values_.text(value); }
  void take_command(const YAML::Node& value) { out_.service.command = values_.words(value); }
  void take_entrypoint(const YAML::Node& value) { out_.service.entrypoint = values_.words(value); }
  void take_memory(const YAML::Node& value) { out_.service.limits.memory_bytes = values_.bytes(value); }
  void take_cpus(const YAML::Node& value) { out_.service.limits.cpus = values_.number(value); }
  void take_name(const YAML::Node& value) { out_.service.names.push_back(values_.host_name(value)); }

  void take_build(const YAML::Node& value) {
    if (value.IsScalar()) {
      out_.service.context = values_.inside(value, values_.text(value));
      return;
    }
    out_.service.context = values_.inside(value, ".");
    for (const auto& row : values_.map(value, what("'build'"))) {
      const auto key = row.first.as<std::string>();
      if (key == "dockerfile")
        out_.service.dockerfile = values_.text(row.second);
      else if (key == "context")
        out_.service.context = values_.inside(row.second, values_.text(row.second));
      else
        unsupported(row.first, "build." + key);
    }
  }

  void take_environment(const YAML::Node& value) {
    if (value.IsMap()) {
      for (const auto& row : value)
        out_.service.environment[row.first.as<std::string>()] = values_.text(row.second);
      return;
    }
    for (const auto& row : values_.list(value)) {
      const auto pair = values_.text(row);
      const auto equals = pair.find('=');
      if (equals == std::string::npos)
        values_.refuse(row, fmt::format("the variable {} would come from this machine's environment: not "
                                        "supported",
                                        pair));
      out_.service.environment[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }

  /// Folders for logs of this machine are the place's own; files of the task are copied, so that an agent
  /// cannot change them.
  void take_volumes(const YAML::Node& value) {
    for (const auto& row : values_.list(value)) {
      if (!row.IsScalar()) values_.refuse(row, "a volume in the long form is not supported");
      const auto all = values_.text(row);
      const auto parts = split(all, ':');
      const std::string_view mode = parts.size() == 3 ? parts[2] : "rw";
      if (parts.size() < 2 || parts.size() > 3 || !parts[1].starts_with('/') ||
          (mode != "rw" && mode != "ro") || parts[0].starts_with('/') || parts[0].starts_with('~'))
        values_.refuse(row, fmt::format("the volume '{}' is not supported", all));
      if (parts[0].empty()) continue;
      if (parts[0].starts_with('.'))
        out_.service.files.emplace_back(values_.inside(row, std::string(parts[0])), std::string(parts[1]));
      else
        out_.service.volumes.push_back({std::string(parts[0]), std::string(parts[1]), mode == "rw"});
    }
  }

  /// Limits; what a machine should have in reserve is no matter here, but devices are.
  void take_deploy(const YAML::Node& value) {
    for (const auto& row : values_.map(value, what("'deploy'"))) {
      if (row.first.as<std::string>() != "resources")
        unsupported(row.first, "deploy." + row.first.as<std::string>());
      for (const auto& kind : values_.map(row.second, what("'deploy.resources'")))
        take_resources(kind.first, kind.second);
    }
  }

  void take_resources(const YAML::Node& kind, const YAML::Node& amounts) {
    const bool limits = kind.as<std::string>() == "limits";
    if (!limits && kind.as<std::string>() != "reservations")
      unsupported(kind, "deploy.resources." + kind.as<std::string>());
    for (const auto& row : values_.map(amounts, what("'deploy.resources'"))) {
      const auto key = row.first.as<std::string>();
      if (key != "cpus" && key != "memory")
        unsupported(row.first, fmt::format("deploy.resources.{}.{}", kind.as<std::string>(), key));
      if (limits && key == "cpus") take_cpus(row.second);
      if (limits && key == "memory") take_memory(row.second);
    }
  }

  void take_mode(const YAML::Node& value) {
    const auto mode = values_.text(value);
    if (mode != "none" && mode != "bridge")
      values_.refuse(value, fmt::format("network_mode '{}' is not supported", mode));
    out_.service.network = mode != "none";
    if (mode == "bridge") out_.network = "bridge";
  }

  void take_networks(const YAML::Node& value) {
    if (value.size() > 1) values_.refuse(value, what("several networks are not supported: those"));
    if (value.IsMap()) {
      for (const auto& row : value) take_network(row.first, row.second);
    } else {
      for (const auto& name : values_.texts(value)) out_.network = name;
    }
  }

  void take_network(const YAML::Node& name, const YAML::Node& about) {
    out_.network = values_.text(name);
    if (about.IsNull()) return;
    for (const auto& row : values_.map(about, what("a network"))) {
      if (row.first.as<std::string>() != "aliases")
        unsupported(row.first, "networks." + row.first.as<std::string>());
      for (const auto& alias : values_.list(row.second)) take_name(alias);
    }
  }

  void take_needs(const YAML::Node& value) {
    if (!value.IsMap()) {
      for (const auto& name : values_.texts(value)) out_.service.needs[name] = false;
      return;
    }
    for (const auto& row : value) {
      auto& healthy = out_.service.needs[values_.text(row.first)];
      for (const auto& about : values_.map(row.second, what("'depends_on'"))) {
        const auto key = about.first.as<std::string>();
        if (key != "condition") unsupported(about.first, "depends_on." + key);
        const auto condition = values_.text(about.second);
        healthy = condition == "service_healthy";
        if (!healthy && condition != "service_started")
          values_.refuse(about.second, fmt::format("the condition '{}' is not supported", condition));
      }
    }
  }

  void take_health(const YAML::Node& value) {
    ComposeHealth health;
    bool disabled = false;
    for (const auto& row : values_.map(value, what("'healthcheck'"))) {
      const auto key = row.first.as<std::string>();
      if (key == "test")
        health.argv = test_of(row.second);
      else if (key == "interval")
        health.interval = values_.duration(row.second);
      else if (key == "timeout")
        health.timeout = values_.duration(row.second);
      else if (key == "start_period")
        health.start_period = values_.duration(row.second);
      else if (key == "start_interval")
        values_.duration(row.second);  // it is looked at every second anyway
      else if (key == "retries")
        health.retries = static_cast<int>(values_.number(row.second));
      else if (key == "disable")
        disabled = values_.truth(row.second);
      else
        unsupported(row.first, "healthcheck." + key);
    }
    if (!disabled && !health.argv.empty()) out_.service.health = std::move(health);
  }

  std::vector<std::string> test_of(const YAML::Node& value) const {
    if (value.IsScalar()) return {"/bin/sh", "-c", values_.text(value)};
    auto words = values_.texts(value);
    const auto kind = words.empty() ? std::string() : words.front();
    if (kind == "NONE") return {};
    if (kind == "CMD-SHELL" && words.size() == 2) return {"/bin/sh", "-c", words[1]};
    if (kind != "CMD" || words.size() < 2)
      values_.refuse(value, "a test begins with CMD, CMD-SHELL or NONE and has a command");
    words.erase(words.begin());
    return words;
  }

  const ComposeValues& values_;
  ReadService out_;
};

constexpr std::array<Reader::Row, 17> Reader::kRows = {{
    {"build", &Reader::take_build},
    {"command", &Reader::take_command},
    {"container_name", &Reader::take_name},
    {"cpus", &Reader::take_cpus},
    {"depends_on", &Reader::take_needs},
    {"deploy", &Reader::take_deploy},
    {"entrypoint", &Reader::take_entrypoint},
    {"environment", &Reader::take_environment},
    {"healthcheck", &Reader::take_health},
    {"hostname", &Reader::take_name},
    {"image", &Reader::take_image},
    {"mem_limit", &Reader::take_memory},
    {"network_mode", &Reader::take_mode},
    {"networks", &Reader::take_networks},
    {"user", &Reader::take_user},
    {"volumes", &Reader::take_volumes},
    {"working_dir", &Reader::take_folder},
}};

}  // namespace

ReadService read_service(const ComposeValues& values, const std::string& name, const YAML::Node& node) {
  return Reader(values, name).read(node);
}

}  // namespace ipw::harness
