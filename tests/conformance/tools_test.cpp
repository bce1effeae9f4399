// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of tools must have.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/http/server.h"
#include "ipw/tools/tools.h"

namespace ipw::tools {
namespace {

class EveryTool : public testing::TestWithParam<ToolEntry> {
 protected:
  EveryTool()
      : cache_(std::filesystem::temp_directory_path() / fmt::format("ipw-tools-{}", ::getpid())),
        embeddings_(http::serve([](const http::ServerRequest& request) {
          Json rows = Json::array();
          for (std::size_t i = 0; i < parse_json(request.body)->at("input").size(); ++i)
            rows.push_back({{"index", i}, {"embedding", {1.0, 2.0}}});
          return http::ServerResponse{200, {}, dump_json({{"data", rows}}), {}};
        })) {
    ::setenv("IPW_TEST_KEY", "key", 1);
  }
  ~EveryTool() override {
    std::filesystem::remove_all(cache_);
    ::unsetenv("IPW_TEST_KEY");
  }
  std::string name() const { return std::string(GetParam().name); }
  /// The options that a row cannot do without.
  std::string options() const {
    const Json docs = {{"path", IPW_SOURCE_DIR "/docs/guide"}};
    Json dense = docs;
    dense["embedding_url"] = fmt::format("http://127.0.0.1:{}", embeddings_->port());
    dense["embedding_model"] = "m";
    const std::map<std::string, Json> needed = {{"ask_model", {{"models", {"small:vllm:m"}}}},
                                                {"search_bm25", docs},
                                                {"search_dense", dense},
                                                {"search_hybrid", dense},
                                                {"search_text", docs},
                                                {"web_search", {{"key_env", "IPW_TEST_KEY"}}}};
    const auto it = needed.find(name());
    return it == needed.end() ? "{}" : dump_json(it->second);
  }
  std::unique_ptr<Tool> make() const { return GetParam().make({options(), cache_, nullptr}); }

  std::filesystem::path cache_;
  std::unique_ptr<http::Server> embeddings_;
};

TEST_P(EveryTool, has_a_page_that_begins_with_its_name) {
  const auto page = read_file(IPW_SOURCE_DIR "/docs/reference/tools/" + name() + ".md");
  EXPECT_TRUE(page.starts_with("# " + name() + "\n"));
  const auto schema = *parse_json(make()->spec().parameters_json);
  for (const auto& [argument, property] : schema.at("properties").items())
    EXPECT_NE(page.find("`" + argument + "`"), std::string::npos) << argument;
}

TEST_P(EveryTool, A20_can_be_made_and_has_a_schema_of_its_arguments) {
  const auto tool = make();
  EXPECT_EQ(tool->spec().name, name());
  EXPECT_GT(tool->spec().description.size(), 20U);
  const auto schema = *parse_json(tool->spec().parameters_json);
  EXPECT_EQ(schema.at("type"), "object");
  EXPECT_EQ(schema.at("additionalProperties"), false);
  EXPECT_FALSE(schema.at("required").empty());
  for (const auto& [argument, property] : schema.at("properties").items()) {
    EXPECT_TRUE(property.at("type").is_string()) << argument;
    EXPECT_FALSE(property.at("description").get<std::string>().empty()) << argument;
  }
  for (const auto& required : schema.at("required"))
    EXPECT_TRUE(schema.at("properties").contains(required.get<std::string>()));
}

TEST_P(EveryTool, A17_tells_a_model_what_is_wrong_with_its_arguments) {
  const auto tool = make();
  for (const auto* arguments :
       {"", "{}", "no JSON", "[]", "\"text\"", R"({"no_such_argument": 1})", "\xff\xfe"}) {
    const auto out = tool->call(arguments, {});
    EXPECT_TRUE(out.failed) << arguments;
    EXPECT_NE(out.text.find("send {"), std::string::npos) << out.text;
  }
}

TEST_P(EveryTool, rejects_an_unknown_option) {
  auto options = *parse_json(this->options());
  options["no_such_option"] = 1;
  EXPECT_THROW(GetParam().make({dump_json(options), cache_, nullptr}), Error);
  EXPECT_THROW(GetParam().make({"[]", cache_, nullptr}), Error);
}

TEST(ToolNames, of_the_python_suite_lead_to_a_row) {
  for (const auto* name :
       {"calculator", "think", "code_interpreter", "file_read", "file_write", "web_search", "bash", "shell",
        "retrieval:grep", "retrieval:bm25", "retrieval:dense", "retrieval:hybrid"})
    EXPECT_NE(find(tools(), canonical_name(name)), nullptr) << name;
}

std::string name_of(const testing::TestParamInfo<ToolEntry>& info) {
  return std::string(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(Tools, EveryTool, testing::ValuesIn(tools().begin(), tools().end()), name_of);

}  // namespace
}  // namespace ipw::tools
