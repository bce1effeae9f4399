// SPDX-License-Identifier: Apache-2.0
// The files of a simulated machine: /sys and /proc below its root.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/sim/world.h"

namespace ipw::sim {

/// A file whose content follows the world, rewritten in place: readers keep it open.
class LiveFile {
 public:
  /// Creates the file and its folder. Throws Error(Unavailable).
  explicit LiveFile(std::filesystem::path path);
  ~LiveFile();
  LiveFile(LiveFile&& other) noexcept;
  LiveFile& operator=(LiveFile&&) = delete;
  /// Replace the content in one write. Text is filled up with line ends to its longest length so far, so that
  /// no reader ever sees the end of an older value.
  void write(std::string content, bool binary = false);
  /// Take it away, or bring it back. Who keeps it open reads nothing meanwhile.
  void show(bool visible);

 private:
  void open();
  std::filesystem::path path_;
  int fd_ = -1;
  bool visible_ = true;
  std::size_t longest_ = 0;
};

/// Write what never changes of a host: /etc, /proc/cpuinfo, kernel facts. Throws Error(Unavailable).
void write_host(const std::filesystem::path& root, int sockets);
/// The powercap zone of a CPU device, such as "intel-rapl:0:0". Throws Error(Unavailable).
void write_zone(const std::filesystem::path& root, const std::string& zone, const std::string& name,
                const Device& device);
}  // namespace ipw::sim
