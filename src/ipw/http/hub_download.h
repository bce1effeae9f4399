// SPDX-License-Identifier: Apache-2.0
// The bytes of one file on their way into the cache.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "ipw/http/hub_request.h"

namespace ipw::http {

struct DownloadJob {
  std::string url;
  std::filesystem::path target;  ///< appears whole; until then the bytes are in target + ".incomplete"
  std::uint64_t size = 0;        ///< 0 when unknown
  std::string sha256;            ///< empty when unknown
};

/// Load a file, going on from what an earlier attempt left, and again when the connection breaks off after
/// progress. The caller holds the lock of the target. Throws Error; what arrived is kept, except after a
/// wrong checksum.
void download(const DownloadJob& job, HubConnection& hub,
              const std::function<void(std::uint64_t have, std::uint64_t all)>& progress);

}  // namespace ipw::http
