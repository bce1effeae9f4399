// SPDX-License-Identifier: Apache-2.0
// Values of a compose file, each with the line it stands in.
#pragma once
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::harness {

class ComposeValues {
 public:
  ComposeValues(std::filesystem::path file, const std::map<std::string, std::string>& variables)
      : file_(std::move(file)), variables_(variables) {}

  const std::filesystem::path& file() const { return file_; }
  /// Throw Error(Unavailable) with the file and the line of a node.
  [[noreturn]] void refuse(const YAML::Node& at, const std::string& why) const;
  /// Refuse what is no map, and return it.
  const YAML::Node& map(const YAML::Node& node, std::string_view what) const;

  /// Refuse what is no list, and return it.
  const YAML::Node& list(const YAML::Node& node) const;

  /// A text with "${NAME}", "${NAME:-default}" and "$$" replaced.
  std::string text(const YAML::Node& node) const;
  /// A list of texts.
  std::vector<std::string> texts(const YAML::Node& node) const;
  /// The words of a command: a list, or a text that is cut as a shell cuts it.
  std::vector<std::string> words(const YAML::Node& node) const;
  bool truth(const YAML::Node& node) const;
  double number(const YAML::Node& node) const;  ///< above zero
  std::uint64_t bytes(const YAML::Node& node) const;
  Seconds duration(const YAML::Node& node) const;  ///< "1m30s", "500ms"
  /// A name by which a service is found.
  std::string host_name(const YAML::Node& node) const;
  /// A path of the task's folder; anything outside it is none of the task's.
  std::filesystem::path inside(const YAML::Node& at, const std::string& relative) const;

 private:
  std::string expanded(const YAML::Node& at, const std::string& in) const;
  std::string variable(const YAML::Node& at, const std::string& in) const;

  std::filesystem::path file_;
  const std::map<std::string, std::string>& variables_;
};

}  // namespace ipw::harness
