// SPDX-License-Identifier: Apache-2.0
// A hub on this machine that has the repositories of tests/fixtures/datasets, and an empty cache.
#pragma once
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/json.h"
#include "ipw/datasets/dataset.h"
#include "ipw/http/server.h"

namespace ipw::datasets {

class FixtureHub {
 public:
  static constexpr auto kCommit = "0123456789abcdef0123456789abcdef01234567";
  static inline const std::string kRoot = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/datasets/";

  /// A status other than 200 is the answer to everything.
  explicit FixtureHub(int status = 200, http::Headers headers = {})
      : cache_(fmt::format("{}/ipw-datasets-cache-{}", std::filesystem::temp_directory_path().string(),
                           ::getpid())) {
    std::filesystem::remove_all(cache_);
    server_ = http::serve([=](const http::ServerRequest& request) {
      return status == 200 ? answer(request) : http::ServerResponse{status, headers, {}, {}};
    });
  }
  ~FixtureHub() { std::filesystem::remove_all(cache_); }
  FixtureHub(const FixtureHub&) = delete;
  FixtureHub& operator=(const FixtureHub&) = delete;

  http::HubOptions options(bool offline = false) const {
    http::HubOptions out;
    out.endpoint = fmt::format("http://127.0.0.1:{}", server_->port());
    out.cache = cache_;
    out.offline = offline;
    return out;
  }
  /// The options of a dataset that is loaded from here.
  DatasetOptions with(std::initializer_list<std::pair<const char*, std::string>> params = {},
                      bool offline = false) const {
    DatasetOptions out;
    out.data_dir = std::string(IPW_SOURCE_DIR) + "/data";
    out.hub = options(offline);
    for (const auto& [key, value] : params) out.params.set(key, value);
    return out;
  }

 private:
  static http::ServerResponse answer(const http::ServerRequest& request) {
    const auto target = request.target.substr(0, request.target.find('?'));
    const auto tree = target.find("/tree/"), file = target.find("/resolve/");
    if (target.starts_with("/api/datasets/") && tree != std::string::npos)
      return list(target.substr(14, tree - 14));
    if (!target.starts_with("/datasets/") || file == std::string::npos) return {404, {}, {}, {}};
    const auto path = target.substr(target.find('/', file + 9) + 1);
    return content(kRoot + target.substr(10, file - 10) + "/" + path);
  }
  static http::ServerResponse content(const std::string& path) {
    if (!std::filesystem::is_regular_file(path)) return {404, {{"X-Error-Code", "EntryNotFound"}}, {}, {}};
    http::ServerResponse out;
    out.body = read_file(path);
    out.headers = {{"X-Repo-Commit", kCommit}, {"ETag", '"' + sha256_hex(out.body) + '"'}};
    return out;
  }
  static http::ServerResponse list(const std::string& repository) {
    Json files = Json::array();
    const std::filesystem::path root = kRoot + repository;
    if (!std::filesystem::is_directory(root)) return {404, {{"X-Error-Code", "RepoNotFound"}}, {}, {}};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_regular_file())
        files.push_back({{"type", "file"}, {"path", entry.path().lexically_relative(root).string()}});
    return {200, {}, dump_json(files), {}};
  }

  std::filesystem::path cache_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace ipw::datasets
