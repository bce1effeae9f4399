// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/judge_cache.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "ipw/base/json.h"

namespace ipw::execution {

JudgeCache::JudgeCache(const std::filesystem::path& path) {
  if (path.empty()) return;
  if (path.has_parent_path()) make_directories(path.parent_path());
  file_.emplace(path);
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const auto entry = parse_json(line);
    if (!entry || !entry->is_object()) continue;
    const auto key = entry->find("key"), reply = entry->find("reply");
    if (key == entry->end() || reply == entry->end() || !key->is_string() || !reply->is_string()) continue;
    replies_.insert_or_assign(key->get<std::string>(), reply->get<std::string>());
  }
}

std::optional<std::string> JudgeCache::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = replies_.find(key);
  return it == replies_.end() ? std::nullopt : std::optional(it->second);
}

void JudgeCache::keep(const std::string& key, const std::string& reply) {
  const std::lock_guard lock(mutex_);
  replies_.insert_or_assign(key, reply);
  // The line break in front ends a line that another process left torn.
  if (file_) file_->append("\n" + dump_json({{"key", key}, {"reply", reply}}) + "\n");
}

}  // namespace ipw::execution
