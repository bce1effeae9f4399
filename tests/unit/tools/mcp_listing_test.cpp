// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_listing.h"

#include <gtest/gtest.h>

#include "ipw/base/error.h"

namespace ipw::tools::mcp {
namespace {

std::string list_of(const std::string& tools) {
  return R"({"tools":[)" + tools + "]}";
}

TEST(McpListing, A17_reads_names_descriptions_schemas_and_the_next_page) {
  const auto page = parse_tools(
      R"({"tools":[{"name":"a.b","title":"T","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}},
                   {"name":"c","description":"D","inputSchema":{"properties":{"x":{}}}}],"nextCursor":"p\"2"})",
      false);
  ASSERT_EQ(page.tools.size(), 2U);
  EXPECT_EQ(page.tools[0].spec.description, "T");
  EXPECT_TRUE(page.tools[0].repeatable);
  EXPECT_FALSE(page.tools[1].repeatable);
  EXPECT_EQ(page.tools[1].spec.parameters_json, R"({"properties":{"x":{}},"type":"object"})");
  EXPECT_EQ(page.cursor, R"("p\"2")");
}

TEST(McpListing, that_is_none_is_an_error) {
  for (const auto& text :
       {std::string("[]"), std::string("{}"), std::string("x"), list_of("5"), list_of("{}"),
        list_of(R"({"name":"a"})"), list_of(R"({"name":"a","inputSchema":[]})"),
        list_of(R"({"name":"a","inputSchema":{"type":"array"}})")})
    EXPECT_THROW(parse_tools(text, false), Error) << text;
}

TEST(McpListing, makes_names_that_models_can_write) {
  std::vector<ListedTool> tools(4);
  tools[0].name = "files/read";
  tools[1].name = "files.read";
  tools[2].name = "Größe";
  tools[3].name = std::string(200, 'n');
  make_names(tools);
  EXPECT_EQ(tools[0].spec.name, "files_read");
  EXPECT_EQ(tools[1].spec.name, "files_read_2");
  EXPECT_EQ(tools[2].spec.name, "Gr____e");
  EXPECT_EQ(tools[3].spec.name.size(), 64U);
  tools[1].name = tools[0].name;
  EXPECT_THROW(make_names(tools), Error);
}

TEST(McpListing, takes_headers_from_arguments) {
  const auto page = parse_tools(list_of(R"({"name":"q","inputSchema":{"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},"deep":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}},
        "yes":{"type":"boolean","x-mcp-header":"Yes"},"none":{"type":"string","x-mcp-header":"None"}}}})"),
                                true);
  ASSERT_EQ(page.tools.size(), 1U);
  const http::Headers expected = {
      {"Mcp-Param-Region", "=?base64?w6k=?="}, {"Mcp-Param-N", "42"}, {"Mcp-Param-Yes", "true"}};
  EXPECT_EQ(headers_of(page.tools[0], R"({"region":"é","deep":{"n":42},"yes":true,"none":null})"), expected);
  EXPECT_TRUE(headers_of(page.tools[0], "no JSON").empty());
}

TEST(McpListing, leaves_out_a_tool_whose_headers_are_wrong_over_http) {
  for (const std::string property :
       {R"({"type":"string","x-mcp-header":""})", R"({"type":"string","x-mcp-header":"a\r\nb"})",
        R"({"type":"number","x-mcp-header":"N"})", R"({"type":"string","x-mcp-header":"other"})"}) {
    const auto text =
        list_of(R"({"name":"q","inputSchema":{"properties":{"a":)" + property +
                R"(,"b":{"type":"string","x-mcp-header":"Other"}}}},{"name":"r","inputSchema":{}})");
    EXPECT_EQ(parse_tools(text, true).tools.size(), 1U) << property;
    EXPECT_EQ(parse_tools(text, false).tools.size(), 2U);
  }
}

TEST(McpResult, is_the_text_of_its_blocks) {
  const auto text = [](const std::string& blocks) {
    return read_result(R"({"content":[)" + blocks + "]}").text;
  };
  EXPECT_EQ(text(R"({"type":"text","text":"one"},{"type":"text","text":"two"})"), "one\ntwo");
  EXPECT_EQ(text(R"({"type":"image","mimeType":"image/png","data":"AAAAAAAA"})"),
            "[image, image/png, 6 bytes: not shown]");
  EXPECT_EQ(text(R"({"type":"resource","resource":{"uri":"file:///a","text":"content"}})"), "content");
  EXPECT_EQ(text(R"({"type":"resource","resource":{"uri":"file:///a","blob":"AAAA"}})"),
            "[resource file:///a, 3 bytes: not shown]");
  EXPECT_EQ(text(R"({"type":"resource_link","name":"a","uri":"file:///a"})"), "[link: a file:///a]");
  EXPECT_EQ(text(R"({"type":"hologram"},7)"),
            "[content of an unknown kind: not shown]\n[content of an unknown kind: not shown]");
}

TEST(McpResult, falls_back_on_structured_content) {
  EXPECT_EQ(read_result(R"({"content":[],"structuredContent":{"a":[1]}})").text, R"({"a":[1]})");
  EXPECT_EQ(read_result(R"({"content":[{"type":"text","text":"x"}],"structuredContent":{"a":1}})").text, "x");
}

TEST(McpResult, A23_tells_failures_from_results) {
  EXPECT_TRUE(read_result(R"({"content":[{"type":"text","text":"no"}],"isError":true})").failed);
  EXPECT_FALSE(read_result(R"({"content":[],"isError":false})").failed);
  for (const auto* text : {"", "[]", "{}", R"({"content":"x"})", R"({"resultType":"input_required"})"})
    EXPECT_TRUE(read_result(text).failed) << text;
}

TEST(McpResult, is_cut_between_characters) {
  EXPECT_EQ(read_result(R"({"content":[{"type":"text","text":"ééé"}]})", 3).text,
            "é\n[cut: 2 of 6 bytes are shown]");
}

}  // namespace
}  // namespace ipw::tools::mcp
