// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/http/hub_request.h"
#include "ipw/http/server.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kCommit(40, 'a');
const std::string kContent = "The quick brown fox jumps over the lazy dog.";
const std::string kResolve = "/datasets/org/set/resolve/main/";

/// A hub with one data set, org/set, whose answers a test can replace.
struct FakeHub {
  std::map<std::string, std::function<ServerResponse(const ServerRequest&)>> routes;
  std::vector<ServerRequest> seen;
  std::unique_ptr<Server> server = serve([this](const ServerRequest& r) {
    seen.push_back(r);
    const auto it = routes.find(r.target);
    if (it != routes.end()) return it->second(r);
    return ServerResponse{404, {{"X-Error-Code", "EntryNotFound"}}, "", {}};
  });
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }
};

ServerResponse file_response(const ServerRequest& request, const std::string& etag) {
  ServerResponse response{200, {{"X-Repo-Commit", kCommit}, {"ETag", '"' + etag + '"'}}, kContent, {}};
  const auto range = header(request.headers, "Range");
  if (!range) return response;
  response.status = 206;
  response.body = kContent.substr(static_cast<std::size_t>(std::stoul(range->substr(6))));
  return response;
}

/// Send the first bytes of the content, then drop the connection.
ServerResponse broken_response(std::size_t bytes) {
  ServerResponse response{200, {{"Content-Length", std::to_string(kContent.size())}}, "", {}};
  response.stream = [bytes, sent = false]() mutable {
    if (bytes == 0 || std::exchange(sent, true)) return Piece{"", {}, true};
    return Piece{kContent.substr(0, bytes), {}, false};
  };
  return response;
}

class HubTest : public testing::Test {
 protected:
  FakeHub hub_;
  VirtualClock clock_;
  HubOptions options_;
  HubFile file_{HubKind::Dataset, "org/set", "main", "data/a.txt", ""};

  HubTest() {
    options_.endpoint = hub_.url();
    std::string folder = testing::TempDir() + "ipw-hub-XXXXXX";
    options_.cache = ::mkdtemp(folder.data());
    options_.clock = &clock_;
    hub_.routes[kResolve + "data/a.txt"] = [](const auto& r) { return file_response(r, "tag1"); };
  }
  ~HubTest() override { fs::remove_all(options_.cache); }

  fs::path repo() const { return options_.cache / "datasets--org--set"; }
  void answer(int status, Headers headers) {
    hub_.routes[kResolve + "data/a.txt"] = [=](const auto&) {
      return ServerResponse{status, headers, "", {}};
    };
  }
  std::optional<Error> error() {
    try {
      hub_file(file_, options_);
    } catch (const Error& e) {
      return e;
    }
    return std::nullopt;
  }
  void expect_error(ErrorCode code, const std::string& part) {
    const auto e = error();
    ASSERT_TRUE(e) << "nothing was thrown";
    EXPECT_EQ(e->code(), code);
    EXPECT_THAT(e->what(), HasSubstr(part));
    EXPECT_FALSE(e->hint().empty());
  }
  std::size_t count(const std::string& method) const {
    return static_cast<std::size_t>(std::ranges::count(hub_.seen, method, &ServerRequest::method));
  }
};

TEST_F(HubTest, lays_the_cache_out_as_the_python_client_does) {
  const auto result = hub_file(file_, options_);
  EXPECT_EQ(result.commit, kCommit);
  EXPECT_EQ(result.file, repo() / "snapshots" / kCommit / "data/a.txt");
  EXPECT_EQ(fs::read_symlink(result.file), fs::path("../../../blobs/tag1"));
  EXPECT_EQ(read_file(result.file), kContent);
  EXPECT_EQ(read_file(repo() / "refs/main"), kCommit);
  EXPECT_TRUE(fs::exists(options_.cache / ".locks/datasets--org--set/tag1.lock"));
}

TEST_F(HubTest, loads_a_file_once) {
  hub_file(file_, options_);
  hub_file(file_, options_);
  EXPECT_EQ(count("GET"), 1u);
}

TEST_F(HubTest, asks_nothing_for_a_cached_commit) {
  hub_file(file_, options_);
  hub_.seen.clear();
  file_.revision = kCommit;
  EXPECT_EQ(hub_file(file_, options_).commit, kCommit);
  EXPECT_TRUE(hub_.seen.empty());
}

TEST_F(HubTest, X19_offline_resolves_through_refs) {
  const auto online = hub_file(file_, options_);
  hub_.seen.clear();
  options_.offline = true;
  EXPECT_EQ(hub_file(file_, options_).file, online.file);
  EXPECT_TRUE(hub_.seen.empty());
}

TEST_F(HubTest, offline_says_what_is_missing) {
  options_.offline = true;
  expect_error(ErrorCode::Unavailable, "HF_HUB_OFFLINE");
  EXPECT_TRUE(hub_.seen.empty());
}

TEST_F(HubTest, tells_progress) {
  std::uint64_t last = 0, total = 0;
  options_.progress = [&](const std::string& name, std::uint64_t have, std::uint64_t all) {
    EXPECT_EQ(name, "data/a.txt");
    last = have;
    total = all;
  };
  hub_file(file_, options_);
  EXPECT_EQ(last, kContent.size());
  EXPECT_EQ(total, kContent.size());
}

TEST_F(HubTest, follows_a_renamed_repository) {
  hub_.routes["/datasets/old/name/resolve/main/data/a.txt"] = [](const auto&) {
    return ServerResponse{307, {{"Location", kResolve + "data/a.txt"}}, "", {}};
  };
  file_.repo = "old/name";
  EXPECT_EQ(read_file(hub_file(file_, options_).file), kContent);
}

TEST_F(HubTest, never_sends_the_token_to_another_host) {
  FakeHub store;
  store.routes["/blob?sig=1"] = [](const auto& r) { return file_response(r, "x"); };
  const auto location = store.url() + "/blob?sig=1";
  hub_.routes[kResolve + "data/a.txt"] = [=](const auto&) {
    return ServerResponse{302,
                          {{"X-Repo-Commit", kCommit},
                           {"X-Linked-Etag", "\"" + sha256_hex(kContent) + "\""},
                           {"X-Linked-Size", std::to_string(kContent.size())},
                           {"Location", location}},
                          "",
                          {}};
  };
  options_.token = "hf_secret";
  EXPECT_EQ(read_file(hub_file(file_, options_).file), kContent);
  EXPECT_EQ(header(hub_.seen.at(0).headers, "Authorization"), "Bearer hf_secret");
  ASSERT_EQ(store.seen.size(), 1u);
  EXPECT_EQ(header(store.seen.at(0).headers, "Authorization"), std::nullopt);
}

TEST_F(HubTest, never_names_the_token_in_an_error) {
  options_.token = "hf_secret";
  answer(401, {});
  const auto e = error();
  ASSERT_TRUE(e);
  EXPECT_EQ((e->what() + e->hint()).find("hf_secret"), std::string::npos);
}

TEST_F(HubTest, goes_on_where_the_connection_broke_off) {
  hub_.routes[kResolve + "data/a.txt"] = [](const ServerRequest& r) {
    const bool first_get = r.method == "GET" && !header(r.headers, "Range");
    return first_get ? broken_response(10) : file_response(r, "tag1");
  };
  EXPECT_EQ(read_file(hub_file(file_, options_).file), kContent);
  EXPECT_EQ(header(hub_.seen.back().headers, "Range"), "bytes=10-");
}

TEST_F(HubTest, resumes_what_an_earlier_run_left) {
  make_directories(repo() / "blobs");
  AppendFile(repo() / "blobs/tag1.incomplete").append(kContent.substr(0, 7));
  EXPECT_EQ(read_file(hub_file(file_, options_).file), kContent);
  EXPECT_EQ(header(hub_.seen.back().headers, "Range"), "bytes=7-");
}

TEST_F(HubTest, starts_over_when_the_server_ignores_the_range) {
  make_directories(repo() / "blobs");
  AppendFile(repo() / "blobs/tag1.incomplete").append("other bytes");
  hub_.routes[kResolve + "data/a.txt"] = [](ServerRequest r) {
    std::erase_if(r.headers, [](const auto& h) { return h.first == "Range"; });
    return file_response(r, "tag1");
  };
  EXPECT_EQ(read_file(hub_file(file_, options_).file), kContent);
}

TEST_F(HubTest, says_that_the_connection_broke_off_and_keeps_what_came) {
  hub_.routes[kResolve + "data/a.txt"] = [](const ServerRequest& r) {
    if (r.method == "HEAD") return file_response(r, "tag1");
    if (!header(r.headers, "Range")) return broken_response(10);
    return broken_response(0);
  };
  expect_error(ErrorCode::Unavailable, "broke off");
  EXPECT_FALSE(fs::exists(repo() / "snapshots"));
}

TEST_F(HubTest, X18_refuses_content_that_does_not_match_its_tag) {
  const auto wrong = sha256_hex("something else");
  hub_.routes[kResolve + "data/a.txt"] = [=](const auto& r) { return file_response(r, wrong); };
  expect_error(ErrorCode::Format, "checksum");
  EXPECT_FALSE(fs::exists(repo() / "blobs" / wrong));
  EXPECT_FALSE(fs::exists(repo() / "blobs" / (wrong + ".incomplete")));
}

TEST_F(HubTest, X18_checks_a_pinned_file) {
  file_.sha256 = sha256_hex(kContent);
  EXPECT_FALSE(error());
  file_.sha256 = sha256_hex("other");
  expect_error(ErrorCode::Format, "pinned");
}

TEST_F(HubTest, explains_a_missing_repository) {
  answer(401, {{"X-Error-Code", "RepoNotFound"}});
  expect_error(ErrorCode::NotFound, "no repository");
}

TEST_F(HubTest, explains_a_missing_revision) {
  answer(404, {{"X-Error-Code", "RevisionNotFound"}});
  expect_error(ErrorCode::NotFound, "no revision main");
}

TEST_F(HubTest, explains_a_missing_file) {
  answer(404, {{"X-Error-Code", "EntryNotFound"}});
  expect_error(ErrorCode::NotFound, "no file data/a.txt");
}

TEST_F(HubTest, explains_a_gated_repository) {
  answer(403, {{"X-Error-Code", "GatedRepo"}});
  expect_error(ErrorCode::Permission, "gated");
}

TEST_F(HubTest, explains_a_disabled_repository) {
  answer(403, {{"X-Error-Message", "Access to this resource is disabled."}});
  expect_error(ErrorCode::Permission, "disabled");
}

TEST_F(HubTest, names_all_three_meanings_of_a_bare_401) {
  answer(401, {});
  expect_error(ErrorCode::Permission, "does not exist, or is private, or is gated");
}

TEST_F(HubTest, gives_up_after_five_attempts_at_a_rate_limit) {
  answer(429, {{"Retry-After", "7"}});
  expect_error(ErrorCode::Unavailable, "429");
  EXPECT_EQ(hub_.seen.size(), 5u);
  EXPECT_EQ(clock_.now(), Instant(std::chrono::seconds(4 * 7)));
}

TEST_F(HubTest, tries_again_after_a_server_error) {
  int calls = 0;
  hub_.routes[kResolve + "data/a.txt"] = [&](const ServerRequest& r) {
    return ++calls <= 2 ? ServerResponse{503, {}, "", {}} : file_response(r, "tag1");
  };
  EXPECT_EQ(read_file(hub_file(file_, options_).file), kContent);
  EXPECT_EQ(clock_.now(), Instant(std::chrono::seconds(1 + 2)));
}

TEST_F(HubTest, explains_a_hub_that_cannot_be_reached) {
  hub_.server.reset();
  expect_error(ErrorCode::Unavailable, "cannot reach the hub");
}

TEST_F(HubTest, refuses_an_answer_that_is_no_hubs) {
  answer(200, {});
  expect_error(ErrorCode::Format, "names no commit");
}

TEST_F(HubTest, refuses_names_that_leave_the_cache) {
  file_.path = "../../etc/passwd";
  expect_error(ErrorCode::Usage, "path");
  file_.path = "a";
  file_.revision = "../x";
  expect_error(ErrorCode::Usage, "revision");
}

TEST_F(HubTest, refuses_an_entity_tag_that_leaves_the_cache) {
  hub_.routes[kResolve + "data/a.txt"] = [](const auto& r) { return file_response(r, "../../x"); };
  expect_error(ErrorCode::Format, "entity tag");
}

TEST_F(HubTest, quotes_the_revision_whole) {
  file_.revision = "refs/convert/parquet";
  hub_.routes["/datasets/org/set/resolve/refs%2Fconvert%2Fparquet/data/a.txt"] = [](const auto& r) {
    return file_response(r, "tag1");
  };
  hub_file(file_, options_);
  EXPECT_EQ(read_file(repo() / "refs/refs/convert/parquet"), kCommit);
}

TEST_F(HubTest, loads_an_empty_file) {
  hub_.routes[kResolve + "data/a.txt"] = [](const auto&) {
    return ServerResponse{200, {{"X-Repo-Commit", kCommit}, {"ETag", "W/\"e0\""}}, "", {}};
  };
  EXPECT_EQ(fs::file_size(hub_file(file_, options_).file), 0u);
}

TEST_F(HubTest, lists_the_files_of_all_pages) {
  const std::string list = "/api/datasets/org/set/tree/main/data?recursive=true&expand=false";
  hub_.routes[list] = [&](const auto&) {
    return ServerResponse{200,
                          {{"Link", "<" + hub_.url() + list + "&cursor=2>; rel=\"next\""}},
                          R"([{"type":"file","path":"data/a"},{"type":"directory","path":"data/d"}])",
                          {}};
  };
  hub_.routes[list + "&cursor=2"] = [](const auto&) {
    return ServerResponse{200, {}, R"([{"type":"file","path":"data/d/b"}])", {}};
  };
  file_.path = "data";
  EXPECT_THAT(hub_list(file_, options_), ElementsAre("data/a", "data/d/b"));
}

TEST(Listing, entries_of_another_form_are_left_out) {
  EXPECT_THAT(
      files_of_listing(R"([1,{"type":7,"path":"a"},{"type":"file","path":null},{"type":"file","path":"b"}])",
                       "o/n"),
      ElementsAre("b"));
  EXPECT_THROW(files_of_listing("<html>", "o/n"), Error);
}

TEST(RetryDelay, follows_the_server_before_its_own_rule) {
  EXPECT_EQ(retry_delay({{"Retry-After", "3"}}, 2), Seconds(3));
  EXPECT_EQ(retry_delay({{"ratelimit", "\"api\";r=0;t=12"}}, 0), Seconds(12));
  EXPECT_EQ(retry_delay({{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"}}, 2), Seconds(4));
  EXPECT_EQ(retry_delay({{"Retry-After", "86400"}}, 0), Seconds(60));
}

TEST(ResolveUrl, takes_every_kind_of_location) {
  EXPECT_EQ(resolve_url("https://h/a/b?q", "https://o/x"), "https://o/x");
  EXPECT_EQ(resolve_url("https://h/a/b?q", "//o/x"), "https://o/x");
  EXPECT_EQ(resolve_url("https://h/a/b?q", "/x"), "https://h/x");
  EXPECT_EQ(resolve_url("https://h/a/b?q", "x"), "https://h/a/x");
}

/// Set a variable while this lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    if (value)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }
  ~Variable() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(HubOptionsFromEnvironment, reads_what_the_python_client_reads) {
  const Variable endpoint("HF_ENDPOINT", "http://mirror"), home("HF_HOME", "/hf"),
      cache("HF_HUB_CACHE", nullptr), token("HF_TOKEN", nullptr), old_token("HUGGING_FACE_HUB_TOKEN", "t1 "),
      offline("HF_HUB_OFFLINE", "1");
  const auto options = hub_options_from_environment();
  EXPECT_EQ(options.endpoint, "http://mirror");
  EXPECT_EQ(options.cache, "/hf/hub");
  EXPECT_EQ(options.token, "t1");
  EXPECT_TRUE(options.offline);
}

}  // namespace
}  // namespace ipw::http
