// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/compose.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

/// Keys without an effect on what a task's commands see here.
constexpr std::array<std::string_view, 12> kIgnored = {
    "container_name", "depends_on",  "healthcheck", "hostname",   "init", "labels",
    "platform",       "pull_policy", "restart",     "stdin_open", "tty",  "stop_grace_period"};

class Reader {
 public:
  Reader(fs::path file, const std::map<std::string, std::string>& variables)
      : file_(std::move(file)), folder_(file_.parent_path()), variables_(variables) {}

  ComposeService read() {
    const auto root = YAML::LoadFile(file_.string());
    const auto services = root["services"];
    if (!services || !services.IsMap() || !services["client"]) refuse("it has no service 'client'");
    for (const auto& row : services)
      if (const auto name = row.first.as<std::string>(); name != "client")
        refuse(fmt::format(
            "it has the service '{}' besides 'client'; tasks of several containers are not supported", name));
    for (const auto& row : services["client"]) take(row.first.as<std::string>(), row.second);
    if (out_.context.empty() && out_.image.empty()) refuse("'client' has neither 'build' nor 'image'");
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::Unavailable, fmt::format("{}: {}", file_.string(), why),
                "take the task out of the folder, or run it with the benchmark's own harness");
  }

  void take(const std::string& key, const YAML::Node& value) {
    if (std::ranges::find(kIgnored, key) != kIgnored.end()) return;
    if (key == "build") return take_build(value);
    if (key == "environment") return take_environment(value);
    if (key == "volumes") return take_volumes(value);
    if (key == "deploy") return take_limits(value["resources"]["limits"]);
    if (key == "command" || key == "entrypoint") return take_command(key, value);
    if (key == "network_mode") return take_network(text(value));
    if (key == "image")
      out_.image = text(value);
    else if (key == "working_dir")
      out_.folder = text(value);
    else if (key == "user")
      out_.user = text(value);
    else if (key == "mem_limit")
      out_.limits.memory_bytes = memory(text(value));
    else if (key == "cpus")
      out_.limits.cpus = parse_double(text(value)).value_or(0);
    else
      refuse(fmt::format("'{}' of 'client' is not supported", key));
  }

  void take_build(const YAML::Node& value) {
    const auto context = value.IsScalar() ? text(value) : value["context"] ? text(value["context"]) : ".";
    if (value.IsMap())
      for (const auto& row : value) {
        const auto key = row.first.as<std::string>();
        if (key == "dockerfile")
          out_.dockerfile = text(row.second);
        else if (key != "context")
          refuse(fmt::format("'build.{}' of 'client' is not supported", key));
      }
    out_.context = inside(context);
  }

  void take_environment(const YAML::Node& value) {
    for (const auto& row : value) {
      if (value.IsMap()) {
        out_.environment[row.first.as<std::string>()] = text(row.second);
        continue;
      }
      const auto pair = text(row);
      const auto equals = pair.find('=');
      if (equals == std::string::npos)
        refuse(
            fmt::format("the variable {} would come from this machine's environment: not supported", pair));
      out_.environment[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }

  /// Folders for logs are the place's own; files of the task are copied, so that an agent cannot change them.
  void take_volumes(const YAML::Node& value) {
    for (const auto& row : value) {
      if (!row.IsScalar()) refuse("a volume in the long form is not supported");
      const auto parts_text = text(row);
      const auto parts = split(parts_text, ':');
      if (parts.size() < 2) refuse(fmt::format("the volume '{}' is not supported", parts_text));
      if (parts[0].empty()) continue;
      if (!parts[0].starts_with(".")) refuse(fmt::format("the volume '{}' is not supported", parts_text));
      out_.files.emplace_back(inside(std::string(parts[0])), std::string(parts[1]));
    }
  }

  void take_limits(const YAML::Node& limits) {
    if (!limits) return;
    if (limits["cpus"]) out_.limits.cpus = parse_double(text(limits["cpus"])).value_or(0);
    if (limits["memory"]) out_.limits.memory_bytes = memory(text(limits["memory"]));
  }

  void take_command(const std::string& key, const YAML::Node& value) {
    if (key == "entrypoint") refuse("'entrypoint' of 'client' is not supported");
    if (value.IsScalar()) {
      out_.command = {"/bin/sh", "-c", text(value)};
      return;
    }
    for (const auto& word : value) out_.command.push_back(text(word));
  }

  void take_network(const std::string& mode) {
    if (mode != "none" && mode != "bridge") refuse(fmt::format("network_mode '{}' is not supported", mode));
    out_.network = mode != "none";
  }

  std::uint64_t memory(const std::string& size) const {
    const auto bytes = bytes_of(size);
    if (bytes == 0) refuse(fmt::format("'{}' is no size of memory", size));
    return bytes;
  }

  /// A path of the task's folder; anything outside it is none of the task's.
  fs::path inside(const std::string& relative) const {
    auto path = fs::weakly_canonical(folder_ / relative);
    const auto root = fs::weakly_canonical(folder_);
    const auto [end, rest] = std::ranges::mismatch(root, path);
    if (end != root.end()) refuse(fmt::format("'{}' is outside the task's folder", relative));
    return path;
  }

  std::string text(const YAML::Node& node) const {
    if (!node.IsScalar()) refuse("a value is no text where one is expected");
    return expanded(node.as<std::string>());
  }

  /// "${NAME}", "${NAME:-default}" and "$$" of a text.
  std::string expanded(const std::string& in) const {
    std::string out;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i] != '$' || i + 1 == in.size()) {
        out += in[i];
      } else if (in[i + 1] == '$') {
        out += '$';
        ++i;
      } else if (const auto end = in.find('}', i); in[i + 1] == '{' && end != std::string::npos) {
        out += variable(in.substr(i + 2, end - i - 2));
        i = end;
      } else {
        out += in[i];
      }
    }
    return out;
  }

  std::string variable(const std::string& in) const {
    const auto dash = in.find('-');
    auto name = in.substr(0, dash);
    if (name.ends_with(':')) name.pop_back();
    if (const auto it = variables_.find(name); it != variables_.end()) return it->second;
    if (dash == std::string::npos) refuse(fmt::format("nothing is known of the variable ${{{}}}", name));
    return in.substr(dash + 1);
  }

  fs::path file_, folder_;
  const std::map<std::string, std::string>& variables_;
  ComposeService out_;
};

}  // namespace

ComposeService read_compose(const fs::path& file, const std::map<std::string, std::string>& variables) {
  try {
    return Reader(file, variables).read();
  } catch (const YAML::Exception& error) {
    throw Error(ErrorCode::Format, fmt::format("{}: {}", file.string(), error.what()));
  }
}

std::uint64_t bytes_of(std::string_view text) {
  auto lower = to_lower_ascii(trim(text));
  for (const auto* end : {"ib", "b"})
    if (lower.ends_with(end)) lower.resize(lower.size() - std::string_view(end).size());
  double factor = 1;
  constexpr std::string_view kUnits = "kmgt";
  if (!lower.empty())
    if (const auto unit = kUnits.find(lower.back()); unit != std::string_view::npos) {
      factor = std::pow(1024.0, static_cast<double>(unit + 1));
      lower.pop_back();
    }
  const auto number = parse_double(trim(lower));
  return number && *number > 0 && *number * factor < 1e18 ? static_cast<std::uint64_t>(*number * factor) : 0;
}

}  // namespace ipw::harness
