// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/token.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/rpc/monitor.h"

namespace ipw::rpc {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::size_t kLeastLength = 16, kMostLength = 1024;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw Error(ErrorCode::Usage, fmt::format("the token file '{}' {}", path, why),
              "make one with: (umask 077; openssl rand -hex 32 > FILE)");
}

}  // namespace

bool same_secret(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

std::string bearer(std::string_view token) {
  return std::string(kScheme) + std::string(token);
}

bool carries(std::string_view authorization, std::string_view token) {
  return !token.empty() && authorization.starts_with(kScheme) &&
         same_secret(authorization.substr(kScheme.size()), token);
}

std::string read_token(const std::string& path) {
  struct stat info {};
  std::ifstream file(path);
  if (::stat(path.c_str(), &info) != 0 || !file)
    refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  if ((info.st_mode & 077U) != 0) refuse(path, "can be read by others; `chmod 600` it");
  std::string line;
  std::getline(file, line);
  const std::string token(trim(line));
  if (token.size() < kLeastLength || token.size() > kMostLength)
    refuse(path,
           fmt::format("has no token of {} to {} characters in its first line", kLeastLength, kMostLength));
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (!std::ranges::all_of(token, visible)) refuse(path, "has characters that are no visible ASCII");
  return token;
}

}  // namespace ipw::rpc
