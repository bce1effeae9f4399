// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/disk_use.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ipw::sandbox {
namespace {

constexpr std::uint64_t kBlock = 512;      ///< unit of st_blocks
constexpr std::uint64_t kLeast = 4 << 10;  ///< for a name

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

Folder open_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return nullptr;
  Folder folder(::fdopendir(fd));
  if (!folder) ::close(fd);
  return folder;
}

class Walk {
 public:
  explicit Walk(std::uint64_t most) : most_(most) {}

  std::uint64_t sum_of(const std::string& root) {
    folders_ = {root};
    while (!folders_.empty() && sum_ <= most_) {
      const auto path = std::move(folders_.back());
      folders_.pop_back();
      if (const auto folder = open_folder(path)) count_in(*folder, path);
    }
    return sum_;
  }

 private:
  void count_in(DIR& folder, const std::string& path) {
    while (const dirent* entry = ::readdir(&folder)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      struct stat info {};
      if (::fstatat(::dirfd(&folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) info = {};
      if (S_ISDIR(info.st_mode)) folders_.push_back(path + "/" + entry->d_name);
      const bool again =
          S_ISREG(info.st_mode) && info.st_nlink > 1 && !linked_.insert({info.st_dev, info.st_ino}).second;
      const auto blocks = again ? 0 : static_cast<std::uint64_t>(info.st_blocks) * kBlock;
      sum_ += std::max(blocks, kLeast);
      if (sum_ > most_) return;
    }
  }

  const std::uint64_t most_;
  std::uint64_t sum_ = 0;
  std::vector<std::string> folders_;          ///< that are not read yet
  std::set<std::pair<dev_t, ino_t>> linked_;  ///< files of several names that have been counted
};

}  // namespace

std::uint64_t disk_use_of(const std::filesystem::path& folder, std::uint64_t most) {
  return Walk(most).sum_of(folder.string());
}

}  // namespace ipw::sandbox
