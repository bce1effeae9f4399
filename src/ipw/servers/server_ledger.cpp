// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_ledger.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"

namespace ipw::servers {
namespace {

namespace fs = std::filesystem;

std::string machine_name() {
  utsname name{};
  std::string out = ::uname(&name) == 0 ? name.nodename : "";
  std::ranges::replace(out, '/', '_');
  return out.empty() || out.starts_with('.') ? "this-machine" : out;
}

Json to_json(const ProcessIdentity& process) {
  return {{"pid", process.pid}, {"start_ticks", process.start_ticks}, {"boot_id", process.boot_id}};
}

ProcessIdentity process_from(const Json& json) {
  return {json.at("pid").get<pid_t>(), json.at("start_ticks").get<std::uint64_t>(),
          json.at("boot_id").get<std::string>()};
}

Json to_json(const ServerEntry& entry) {
  return {{"engine", entry.engine},
          {"model", entry.model},
          {"host", entry.host},
          {"port", entry.port},
          {"process", to_json(entry.process)},
          {"started_unix", entry.started_unix},
          {"log", entry.log},
          {"argv", entry.argv},
          {"run", entry.run ? to_json(*entry.run) : Json(nullptr)}};
}

/// Absent for what is no entry.
std::optional<ServerEntry> from_json(const Json& json) {
  try {
    ServerEntry out;
    out.engine = json.at("engine").get<std::string>();
    out.model = json.at("model").get<std::string>();
    out.host = json.at("host").get<std::string>();
    out.port = json.at("port").get<int>();
    out.process = process_from(json.at("process"));
    out.started_unix = json.at("started_unix").get<std::int64_t>();
    out.log = json.at("log").get<std::string>();
    out.argv = json.at("argv").get<std::vector<std::string>>();
    if (const auto& run = json.at("run"); !run.is_null()) out.run = process_from(run);
    return out;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::optional<ServerEntry> read_entry(const fs::path& path) {
  try {
    return from_json(read_json_file(path.string()));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code none;  // no folder, no entries
  for (fs::directory_iterator it(folder, none), end; !none && it != end; it.increment(none))
    if (it->path().extension() == ".json") out.push_back(it->path());
  return out;
}

/// What others wrote there could make us stop what we did not start.
void check_owner(const fs::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) == 0 && info.st_uid != ::geteuid())
    throw Error(ErrorCode::Permission,
                fmt::format("{}, the list of servers, belongs to another user", folder.string()),
                "set XDG_STATE_HOME or HOME to a folder of your own");
}

}  // namespace

ServerLedger::ServerLedger(const fs::path& folder, ProcessTable processes)
    : folder_(folder / machine_name()), processes_(std::move(processes)) {}

ServerLedger::Found ServerLedger::read() const {
  Found out;
  check_owner(folder_);
  std::error_code ignored;
  for (const auto& path : files_of(folder_)) {
    auto entry = read_entry(path);
    if (entry && processes_.runs(entry->process)) {
      out.running.push_back(std::move(*entry));
      continue;
    }
    if (!fs::exists(path, ignored)) continue;  // another program has just removed it
    out.dropped.push_back(entry ? fmt::format("{} on port {} (process {}) has ended since; its log is {}",
                                              entry->engine, entry->port, entry->process.pid, entry->log)
                                : fmt::format("{} is no entry of a server and was removed", path.string()));
    fs::remove(path, ignored);
  }
  std::ranges::sort(out.running, {}, &ServerEntry::port);
  return out;
}

fs::path ServerLedger::path_of(const ServerEntry& entry) const {
  return folder_ / fmt::format("{}-{}.json", entry.port, entry.process.pid);
}

void ServerLedger::add(const ServerEntry& entry) const {
  make_directories(folder_);
  write_file_atomic(path_of(entry), pretty_json(to_json(entry)));
}

void ServerLedger::remove(const ServerEntry& entry) const {
  std::error_code ignored;
  fs::remove(path_of(entry), ignored);
}

fs::path ServerLedger::log_path(const std::string& engine, int port) const {
  make_directories(folder_);
  check_owner(folder_);
  std::error_code ignored;  // a file system without modes
  fs::permissions(folder_, fs::perms::owner_all, ignored);
  return folder_ / fmt::format("{}-{}.log", engine, port);
}

}  // namespace ipw::servers
