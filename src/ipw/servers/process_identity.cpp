// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/process_identity.h"

#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"

namespace ipw::servers {
namespace {

// Fields 3, 20 and 22 of stat(5), counted from the one behind the name.
constexpr std::size_t kState = 0, kThreads = 17, kStartTime = 19;

/// The fields of stat(5) behind the name, which may hold blanks and parentheses itself.
std::vector<std::string_view> fields_of(std::string_view stat) {
  const auto end = stat.rfind(')');
  if (end == stat.npos) return {};
  return split(trim(stat.substr(end + 1)), ' ');
}

/// A zombie has given everything back; but one whose threads are still ending, freeing a model's memory for
/// seconds, keeps its sockets open until the last of them is gone.
bool has_ended(const std::vector<std::string_view>& fields) {
  const auto state = fields[kState];
  return state == "X" || (state == "Z" && parse_int(fields[kThreads]).value_or(1) <= 1);
}

}  // namespace

std::string ProcessTable::boot_id() const {
  try {
    return std::string(trim(read_file(root_ / "sys/kernel/random/boot_id")));
  } catch (const Error&) {
    return {};  // not Linux, or a place that hides it
  }
}

std::optional<ProcessIdentity> ProcessTable::identify(pid_t pid) const {
  if (pid <= 1) return std::nullopt;
  std::string stat;
  try {
    stat = read_file(root_ / fmt::format("{}", pid) / "stat");
  } catch (const Error&) {
    return std::nullopt;
  }
  const auto fields = fields_of(stat);
  if (fields.size() <= kStartTime || has_ended(fields)) return std::nullopt;
  const auto start = parse_int(fields[kStartTime]);
  if (!start || *start < 0) return std::nullopt;
  return ProcessIdentity{pid, static_cast<std::uint64_t>(*start), boot_id()};
}

}  // namespace ipw::servers
