// SPDX-License-Identifier: Apache-2.0
// Files from the Hugging Face hub, in the cache that the Python client uses (reference: protocols.md 9).
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::http {

enum class HubKind { Model, Dataset };

struct HubOptions {
  std::string endpoint;         ///< HF_ENDPOINT, else https://huggingface.co
  std::string token;            ///< HF_TOKEN, HUGGING_FACE_HUB_TOKEN or $HF_HOME/token; empty is anonymous
  std::filesystem::path cache;  ///< HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub
  bool offline = false;         ///< HF_HUB_OFFLINE=1
  /// Told about every piece that arrives: file, bytes so far, bytes in all (0 when unknown).
  std::function<void(const std::string&, std::uint64_t, std::uint64_t)> progress;
  Clock* clock = nullptr;  ///< waits between attempts; null is the machine's clock
};

/// Read the options from the environment, as the Python client does. The only place of this layer that reads
/// it.
HubOptions hub_options_from_environment();

struct HubFile {
  HubKind kind = HubKind::Model;
  std::string repo;               ///< OWNER/NAME
  std::string revision = "main";  ///< branch, tag or commit
  std::string path;               ///< inside the repository
  std::string sha256;             ///< expected content, empty when not pinned
};

struct HubResult {
  std::filesystem::path file;  ///< inside the cache's snapshots folder
  std::string commit;
};

/// Give the local path of a file, downloading it when the cache lacks it. Interrupted downloads resume.
/// Throws Error with a hint for: not found, private, gated, rate limited, offline, wrong checksum, broken
/// off.
HubResult hub_file(const HubFile& file, const HubOptions& options);

/// List the files of a repository below a folder (all pages).
std::vector<std::string> hub_list(const HubFile& folder, const HubOptions& options);

}  // namespace ipw::http
