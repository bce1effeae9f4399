// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), for pinned downloads and prompt identities; 64 bits for groups and filters.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace ipw {

/// Hash bytes as they come. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::string_view bytes);
  /// Finish and return 64 hex digits; the object is then spent.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
/// 64 bits that are the same on every machine: FNV-1a, then the finaliser of splitmix64, so that every bit
/// depends on every byte. Not against an adversary.
std::uint64_t hash64(std::string_view bytes);
/// Hash a file in constant memory. Throws Error(NotFound).
std::string sha256_file(const std::filesystem::path& path);

}  // namespace ipw
