// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/table_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/text.h"
#include "ipw/http/hub_cache.h"

namespace ipw::datasets {
namespace {

namespace fs = std::filesystem;

/// Several files as one stream.
class FileRows final : public RowStream {
 public:
  FileRows(TableFiles files, std::vector<std::string> paths)
      : files_(std::move(files)), paths_(std::move(paths)) {
    rows_ = open_row_stream(files_.fetch(paths_.front()));
  }

  bool next(Json& row) override {
    while (!rows_->next(row)) {
      if (!any_)
        throw Error(ErrorCode::Format, fmt::format("{} has no rows", paths_[at_]),
                    "load it again, or name another with --dataset-param path=FILE");
      if (at_ + 1 == paths_.size()) return false;
      rows_ = open_row_stream(files_.fetch(paths_[++at_]));
      any_ = false;
    }
    any_ = true;
    return true;
  }
  std::string place() const override { return rows_->place(); }

 private:
  TableFiles files_;
  std::vector<std::string> paths_;
  std::size_t at_ = 0;
  bool any_ = false;
  std::unique_ptr<RowStream> rows_;
};

std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> out;
  if (!fs::is_directory(root)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (fs::is_regular_file(entry.path()))
      out.push_back(entry.path().lexically_relative(root).generic_string());
  return out;
}

/// The folder part of a pattern that holds no '*'.
std::string_view fixed_folder(std::string_view pattern) {
  const auto fixed = pattern.substr(0, pattern.find('*'));
  const auto slash = fixed.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : fixed.substr(0, slash);
}

/// Refuse a part of a table: "train-00002-of-00006.parquet" tells how many files there are.
void require_whole(const std::vector<std::string>& paths, std::string_view where) {
  const auto mark = paths.front().rfind("-of-");
  if (mark == std::string::npos) return;
  const auto count = parse_int(std::string_view(paths.front()).substr(mark + 4, 5));
  if (!count || std::cmp_equal(*count, paths.size())) return;
  throw Error(ErrorCode::Unavailable,
              fmt::format("{} has {} of the {} files like {}", where, paths.size(), *count, paths.front()),
              "load the others: ipw datasets fetch ID, with a network");
}

void require_checksum(const fs::path& file, const std::string& expected) {
  const auto found = sha256_file(file);
  if (found == expected) return;
  throw Error(ErrorCode::Format,
              fmt::format("{} has the checksum {}, not {} as published", file.string(), found, expected),
              "a mirror or a proxy changed it: remove it from the cache and load it again");
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const auto rest = pattern.substr(star + 1);
  for (auto tail = text.substr(star);; tail.remove_prefix(1)) {
    if (matches(rest, tail)) return true;
    if (tail.empty()) return false;
  }
}

bool TableFiles::is_single_file() const {
  return is_local() && (!fs::is_directory(source_.local) || fs::exists(source_.local / "state.json"));
}

std::string TableFiles::revision() const {
  if (is_local()) return source_.local.string();
  return commit_.empty() ? source_.revision : commit_;
}

std::vector<std::string> TableFiles::list_all(std::string_view folder) const {
  if (is_local()) return files_below(source_.local);
  const http::HubFile place{http::HubKind::Dataset, source_.repository, revision(), std::string(folder), {}};
  const http::RepoCache cache(source_.hub.cache, place);
  if (!source_.hub.offline) return http::hub_list(place, source_.hub);
  const auto commit = cache.commit_of(place.revision);
  return commit ? files_below(cache.snapshot(*commit, "")) : std::vector<std::string>();
}

std::vector<std::string> TableFiles::list(std::string_view patterns) {
  if (is_single_file()) return {source_.local.string()};
  const auto where = is_local() ? source_.local.string() : source_.repository;
  for (const auto pattern : split(patterns, '|')) {
    if (pattern.find('*') == std::string_view::npos && !is_local() && split(patterns, '|').size() == 1)
      return {std::string(pattern)};
    std::vector<std::string> found;
    for (auto& path : list_all(fixed_folder(pattern)))
      if (matches(pattern, path)) found.push_back(std::move(path));
    std::ranges::sort(found);
    if (found.empty()) continue;
    require_whole(found, where);
    return found;
  }
  throw Error(ErrorCode::NotFound, fmt::format("{} at {} has no file {}", where, revision(), patterns),
              is_local() ? "give the table itself, or a folder laid out as the repository"
              : source_.hub.offline
                  ? "it is not in the cache and HF_HUB_OFFLINE is set: load it once with a network"
                  : "the repository was rearranged: name an earlier --dataset-param revision=COMMIT");
}

fs::path TableFiles::fetch(const std::string& path) {
  if (is_single_file()) return source_.local;
  if (is_local()) return source_.local / path;
  const auto result =
      http::hub_file({http::HubKind::Dataset, source_.repository, revision(), path, {}}, source_.hub);
  if (path == source_.pinned_file && result.commit == source_.revision)
    require_checksum(result.file, source_.pinned_sha256);
  commit_ = result.commit;
  return result.file;
}

fs::path TableFiles::fetch_beside(const std::string& path) {
  return is_single_file() ? source_.local.parent_path() / fs::path(path).filename() : fetch(path);
}

std::unique_ptr<RowStream> TableFiles::open(std::string_view pattern) {
  const auto paths = list(pattern);
  fetch(paths.front());  // so that this object knows the commit, too
  return std::make_unique<FileRows>(*this, paths);
}

}  // namespace ipw::datasets
