// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/perf_backend.h"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "ipw/base/text.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

constexpr std::size_t kMostInGroup = 16;

class SystemPerf final : public PerfBackend {
 public:
  Result<int, int> open(const PerfEvent& event, int leader) override {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = event.type;
    attributes.config = event.config;
    attributes.read_format =
        PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    constexpr int kEveryProcess = -1;
    const long fd =
        ::syscall(SYS_perf_event_open, &attributes, kEveryProcess, event.cpu, leader, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) return Unexpected<int>(errno);
    return static_cast<int>(fd);
  }

  // The kernel gives: number of counts, time enabled, time running, counts.
  Result<void, int> read(int leader, std::span<std::uint64_t> counts) override {
    std::array<std::uint64_t, 3 + kMostInGroup> words{};
    if (counts.size() > kMostInGroup) return Unexpected<int>(E2BIG);
    const ssize_t n = ::read(leader, words.data(), (3 + counts.size()) * sizeof words[0]);
    if (n < 0) return Unexpected<int>(errno);
    if (words[0] != counts.size()) return Unexpected<int>(ENODATA);
    if (words[1] > 0 && words[2] == 0) return Unexpected<int>(EBUSY);  // never scheduled
    std::copy_n(words.begin() + 3, counts.size(), counts.begin());
    return {};
  }

  void close(int handle) override { ::close(handle); }
};

class TreePerf final : public PerfBackend {
 public:
  explicit TreePerf(const std::string& root) : root_(root) {}

  Result<int, int> open(const PerfEvent& event, int leader) override {
    if (perf_paranoid(root_) > 0 && !read_privileges(root_).perfmon) return Unexpected<int>(EACCES);
    KeptFile file(fmt::format("{}/perf/{}/cpu{}/{}", root_, event.pmu, event.cpu, event.name));
    const auto count = read_count(file);
    if (!count) return Unexpected<int>(count.error());
    const int handle = next_++;
    auto& group = groups_[leader < 0 ? handle : leader];
    group.push_back({std::move(file), *count});
    return handle;
  }

  Result<void, int> read(int leader, std::span<std::uint64_t> counts) override {
    auto& group = groups_[leader];
    if (group.size() != counts.size()) return Unexpected<int>(ENODATA);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto count = read_count(group[i].file);
      if (!count) return Unexpected<int>(count.error());
      counts[i] = *count - group[i].start;
    }
    return {};
  }

  void close(int handle) override { groups_.erase(handle); }

 private:
  struct Event {
    KeptFile file;
    std::uint64_t start;
  };

  static Result<std::uint64_t, int> read_count(KeptFile& file) {
    const auto content = file.read();
    if (!content) return Unexpected<int>(content.error());
    const std::string_view text = trim(*content);
    constexpr std::string_view kErrno = "errno ";
    if (text.starts_with(kErrno))
      return Unexpected<int>(static_cast<int>(parse_int(text.substr(6)).value_or(EIO)));
    const auto value = parse_int(text);
    if (!value || *value < 0) return Unexpected<int>(EIO);
    return static_cast<std::uint64_t>(*value);
  }

  std::string root_;
  std::map<int, std::vector<Event>> groups_;
  int next_ = 0;
};

// "CapEff:\t000001ffffffffff" of a status file of /proc.
std::optional<std::uint64_t> effective_capabilities(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("CapEff:")) continue;
    const std::string_view hex = trim(std::string_view(line).substr(7));
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), out, 16);
    if (error == std::errc()) return out;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<PerfBackend> system_perf() {
  return std::make_unique<SystemPerf>();
}

std::unique_ptr<PerfBackend> tree_perf(const std::string& root) {
  return std::make_unique<TreePerf>(root);
}

std::unique_ptr<PerfBackend> perf_backend(const std::string& root) {
  if (root.empty()) return system_perf();
  std::error_code ignored;
  return std::filesystem::exists(root + "/perf", ignored) ? tree_perf(root) : nullptr;
}

Privileges read_privileges(const std::string& root) {
  constexpr int kDacOverride = 1, kDacReadSearch = 2, kSysAdmin = 21, kPerfmon = 38;
  auto bits = effective_capabilities(root + "/proc/self/status");
  const std::string place = bits ? root : "";
  if (!bits) bits = effective_capabilities("/proc/self/status");
  const auto has = [&](int capability) { return bits && (*bits >> capability & 1) != 0; };
  Privileges out;
  out.perfmon = has(kPerfmon) || has(kSysAdmin);
  out.read_files = has(kDacOverride) || has(kDacReadSearch);
  // The first user namespace maps all ids onto themselves.
  if (const auto map = read_small(place + "/proc/self/uid_map"))
    out.user_namespace = map->find("4294967295") == std::string::npos;
  if (out.user_namespace) out.perfmon = false;
  return out;
}

int perf_paranoid(const std::string& root) {
  const auto text = read_small(root + "/proc/sys/kernel/perf_event_paranoid");
  return text ? static_cast<int>(parse_int(*text).value_or(2)) : 2;
}

}  // namespace ipw::telemetry
