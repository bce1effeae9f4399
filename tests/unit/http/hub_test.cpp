// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub.h"

#include <gtest/gtest.h>

#include <map>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/http/server.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;
const std::string kCommit(40, 'a');
const std::string kContent = "the content of a small file";

/// A hub of one file, which counts what is asked and fails as told.
class LocalHub {
 public:
  int status = 200, fail_first = 0, gets = 0;
  std::string error_code, retry_after;
  bool break_off = false, resumes = true;
  std::string content = kContent;
  std::vector<std::string> authorizations, ranges;

  LocalHub() : server_(serve([this](const ServerRequest& r) { return answer(r); })) {}
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

 private:
  ServerResponse answer(const ServerRequest& r) {
    authorizations.push_back(header(r.headers, "Authorization").value_or(""));
    if (fail_first-- > 0) return {503, {{"Retry-After", "1"}}, "", {}};
    if (status != 200) return {status, {{"X-Error-Code", error_code}, {"Retry-After", retry_after}}, "", {}};
    if (r.target.starts_with("/api/")) return list(r);
    if (r.method == "HEAD")
      return {302, {{"X-Repo-Commit", kCommit}, {"X-Linked-Etag", "\"" + sha256_hex(kContent) + "\""},
                    {"X-Linked-Size", std::to_string(kContent.size())}, {"Location", "http://localhost:" + std::to_string(server_->port()) + "/blob"}}, "", {}};
    return blob(r);
  }

  ServerResponse blob(const ServerRequest& r) {
    ++gets;
    const auto range = header(r.headers, "Range").value_or("");
    ranges.push_back(range);
    const auto from = range.empty() || !resumes ? 0 : std::stoul(range.substr(6));
    const auto rest = content.substr(from);
    ServerResponse response{from > 0 ? 206 : 200, {}, rest, {}};
    if (break_off)
      response.stream = [rest, sent = false]() mutable -> Piece {
        if (!sent) return sent = true, Piece{rest.substr(0, 5), Nanoseconds(0), false};
        return {"", Nanoseconds(0), true};
      };
    return response;
  }

  ServerResponse list(const ServerRequest& r) {
    if (r.target.find("cursor") == std::string::npos)
      return {200, {{"Link", "<" + url() + r.target + "&cursor=2>; rel=\"next\""}}, R"([{"type":"file","path":"a.json"},{"type":"directory","path":"d"}])", {}};
    return {200, {}, R"([{"type":"file","path":"d/b.json"}])", {}};
  }

  std::unique_ptr<Server> server_;
};

class Hub : public testing::Test {
 protected:
  void SetUp() override {
    cache_ = fs::path(testing::TempDir()) / ("hub_" + std::to_string(::getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(cache_);
  }
  void TearDown() override { fs::remove_all(cache_); }
  HubOptions options() {
    HubOptions o;
    o.endpoint = hub.url();
    o.cache = cache_;
    o.pause = [this](Seconds s) { pauses.push_back(s.count()); };
    return o;
  }
  HubFile file() { return {HubKind::Dataset, "owner/name", "main", "data/test.json", ""}; }
  /// Run and give the error's text with its hint.
  std::string error_of(const HubFile& f, const HubOptions& o) {
    try {
      hub_file(f, o);
    } catch (const Error& e) {
      return std::string(e.what()) + " / " + e.hint();
    }
    return "no error";
  }
  LocalHub hub;
  fs::path cache_;
  std::vector<double> pauses;
};

TEST_F(Hub, lays_files_out_as_the_python_client_does) {
  const auto result = hub_file(file(), options());
  EXPECT_EQ(result.commit, kCommit);
  EXPECT_EQ(read_file(result.file), kContent);
  const auto folder = cache_ / "datasets--owner--name";
  EXPECT_EQ(result.file, folder / "snapshots" / kCommit / "data/test.json");
  EXPECT_EQ(fs::read_symlink(result.file), fs::path("../../../blobs") / sha256_hex(kContent));
  EXPECT_EQ(read_file(folder / "refs/main"), kCommit);
}

TEST_F(Hub, X18_downloads_once_and_checks_the_revision_each_time) {
  hub_file(file(), options());
  hub_file(file(), options());
  EXPECT_EQ(hub.gets, 1);
}

TEST_F(Hub, X19_works_offline_from_the_cache) {
  hub_file(file(), options());
  auto offline = options();
  offline.offline = true;
  offline.endpoint = "http://127.0.0.1:1";
  EXPECT_EQ(read_file(hub_file(file(), offline).file), kContent);
}

TEST_F(Hub, says_what_to_do_offline_without_the_file) {
  auto offline = options();
  offline.offline = true;
  EXPECT_NE(error_of(file(), offline).find("HF_HUB_OFFLINE"), std::string::npos);
}

TEST_F(Hub, keeps_the_token_with_the_hub) {
  auto with_token = options();
  with_token.token = "hf_secret";
  hub_file(file(), with_token);
  ASSERT_EQ(hub.authorizations.size(), 2U);
  EXPECT_EQ(hub.authorizations[0], "Bearer hf_secret");
  EXPECT_EQ(hub.authorizations[1], "");  // the blob lies on another host
}

TEST_F(Hub, goes_on_where_a_broken_download_stopped) {
  hub.break_off = true;
  EXPECT_NE(error_of(file(), options()).find("cannot get"), std::string::npos);
  hub.break_off = false;
  EXPECT_EQ(read_file(hub_file(file(), options()).file), kContent);
  EXPECT_EQ(hub.ranges.back().substr(0, 6), "bytes=");
}

TEST_F(Hub, begins_again_where_the_server_does_not_resume) {
  hub.break_off = true;
  error_of(file(), options());
  hub.break_off = hub.resumes = false;
  EXPECT_EQ(read_file(hub_file(file(), options()).file), kContent);
}

TEST_F(Hub, removes_a_file_with_the_wrong_checksum) {
  hub.content = "THE CONTENT OF A SMALL FILE";
  EXPECT_NE(error_of(file(), options()).find("wrong checksum"), std::string::npos);
  hub.content = kContent;
  EXPECT_EQ(read_file(hub_file(file(), options()).file), kContent);
}

TEST_F(Hub, checks_a_pinned_checksum) {
  auto pinned = file();
  pinned.sha256 = std::string(64, '0');
  EXPECT_NE(error_of(pinned, options()).find("wrong checksum"), std::string::npos);
}

TEST_F(Hub, tries_again_when_the_hub_is_busy) {
  hub.fail_first = 2;
  EXPECT_EQ(read_file(hub_file(file(), options()).file), kContent);
  EXPECT_EQ(pauses, (std::vector<double>{1, 1}));
}

TEST_F(Hub, explains_each_refusal) {
  const std::vector<std::tuple<int, std::string, std::string>> cases = {
      {404, "RepoNotFound", "no repository owner/name"}, {404, "RevisionNotFound", "no revision 'main'"},
      {404, "EntryNotFound", "no file 'data/test.json'"}, {403, "GatedRepo", "is gated"},
      {401, "", "does not exist, is private, or is gated"}, {429, "", "limits the rate"}, {500, "", "answered 500"}};
  for (const auto& [status, code, expected] : cases) {
    hub.status = status;
    hub.error_code = code;
    EXPECT_NE(error_of(file(), options()).find(expected), std::string::npos) << status << " " << code << ": " << error_of(file(), options());
  }
}

TEST_F(Hub, refuses_names_that_would_leave_the_cache) {
  auto bad = file();
  bad.path = "../../etc/passwd";
  EXPECT_NE(error_of(bad, options()).find("is not a file of a repository"), std::string::npos);
}

TEST_F(Hub, lists_all_pages) {
  auto folder = file();
  folder.path = "data";
  EXPECT_EQ(hub_list(folder, options()), (std::vector<std::string>{"a.json", "d/b.json"}));
}

}  // namespace
}  // namespace ipw::http
