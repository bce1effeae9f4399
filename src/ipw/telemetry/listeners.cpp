// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "ipw/base/text.h"

namespace ipw::telemetry {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListening = "0A";

/// Add the targets of the links of sockets that listen at the port: "socket:[4711]".
void add_sockets(const fs::path& table, int port, std::set<std::string>& out) {
  const auto wanted = fmt::format(":{:04X}", port);
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retries, uid, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retries >> uid >> timeout >> inode;
    if (state == kListening && local.ends_with(wanted)) out.insert(fmt::format("socket:[{}]", inode));
  }
}

bool holds_one(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  for (fs::directory_iterator at(process / "fd", error), end; !error && at != end; at.increment(error)) {
    std::error_code unreadable;
    if (sockets.contains(fs::read_symlink(at->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::vector<std::int64_t> listeners(int port, const std::string& root) {
  std::set<std::string> sockets;
  for (const auto* table : {"tcp", "tcp6"}) add_sockets(fs::path(root + "/proc/net") / table, port, sockets);
  std::vector<std::int64_t> out;
  std::error_code error;
  for (fs::directory_iterator at(root + "/proc", error), end; !sockets.empty() && !error && at != end;
       at.increment(error))
    if (const auto pid = parse_int(at->path().filename().string()); pid && holds_one(at->path(), sockets))
      out.push_back(*pid);
  std::ranges::sort(out);
  return out;
}

}  // namespace ipw::telemetry
