// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/gguf.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "ipw/base/error.h"

namespace ipw::clients {
namespace {

/// Below this size a token takes less time than two threads need to meet; a second one only spins.
constexpr std::uintmax_t kOneThreadBytes = 16 << 20;

}  // namespace

void check_gguf(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))
    throw Error(ErrorCode::NotFound, fmt::format("there is no model file {}", path.string()),
                "give the path of a .gguf file, hf:OWNER/REPO/FILE.gguf, or a name of `ipw models`");
  std::array<char, 4> magic{};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::Permission, fmt::format("{} cannot be read", path.string()));
  file.read(magic.data(), magic.size());
  if (std::string_view(magic.data(), magic.size()) != "GGUF")
    throw Error(ErrorCode::Format, fmt::format("{} is not a GGUF file", path.string()),
                "llama.cpp reads GGUF only; other formats need a conversion first");
}

int allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

int default_threads(const std::filesystem::path& model) {
  std::error_code ignored;
  return std::filesystem::file_size(model, ignored) < kOneThreadBytes ? 1 : allowed_cpus();
}

}  // namespace ipw::clients
