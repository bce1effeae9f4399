// SPDX-License-Identifier: Apache-2.0
// Tavily's search (POST /search, docs.tavily.com).
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/clients/channel.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/shorten.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"query", ArgumentType::Text, "What to search for.", true},
    Argument{"max_results", ArgumentType::Integer, "How many pages, 1 to 20."},
};
constexpr std::array kOptions = {
    Argument{"base_url", ArgumentType::Text, "Address of the service."},
    Argument{"include_answer", ArgumentType::Flag, "Ask for a short answer as well."},
    Argument{"key_env", ArgumentType::Text, "Environment variable that holds the key."},
    Argument{"max_content_chars", ArgumentType::Integer, "Characters of each page."},
    Argument{"max_results", ArgumentType::Integer, "Pages where the model does not say."},
    Argument{"max_total_chars", ArgumentType::Integer, "Characters of the whole answer."},
    Argument{"search_depth", ArgumentType::Text, "basic or advanced."},
};
constexpr std::int64_t kMostResults = 20;

struct Settings {
  std::string url, key, depth;
  bool wants_answer = true;
  std::int64_t results = 5;
  std::size_t most_content = 2000, most_total = 20000;
};

class WebSearch final : public CheckedTool {
 public:
  explicit WebSearch(Settings settings)
      : CheckedTool("web_search",
                    "Search the web and get title, address and an extract of the pages that fit best.",
                    kArguments),
        settings_(std::move(settings)) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const auto results = arguments.value("max_results", settings_.results);
    if (results < 1 || results > kMostResults)
      return failed(fmt::format("web_search: 'max_results' is 1 to {}", kMostResults));
    const auto query = arguments.at("query").get<std::string>();
    if (trim(query).empty()) return failed("web_search: 'query' is empty");
    const auto response = ask(query, results, context);
    if (response.result.failure)
      return failed(
          fmt::format("web_search: the service was not reached: {}", response.result.failure->message));
    if (!response.ok())
      return failed(replace_all(fmt::format("web_search: the service answered HTTP {}: {}",
                                            response.result.status, clients::error_text(response.body)),
                                settings_.key, "[key]"));
    const auto json = parse_json(response.body);
    if (!json || !json->is_object() || !json->contains("results") || !json->at("results").is_array())
      return failed("web_search: the service answered with something else than results");
    ToolResult out;
    out.text = shorten_middle(shown(*json, results), settings_.most_total);
    return out;
  }

  http::Response ask(const std::string& query, std::int64_t results, const ToolContext& context) const {
    const auto body = dump_json({{"query", query},
                                 {"max_results", results},
                                 {"search_depth", settings_.depth},
                                 {"include_answer", settings_.wants_answer}});
    auto request = clients::json_post(settings_.url, body, settings_.key, context.wall);
    request.stop = context.stop;
    const auto session = http::make_session();
    return http::fetch(*session, std::move(request));
  }

  std::string shown(const Json& reply, std::int64_t most) const {
    std::string out;
    if (const auto answer = text_at(reply, "answer"); !answer.empty()) out = "Answer: " + answer + "\n\n";
    std::int64_t number = 0;
    for (const auto& page : reply.at("results")) {
      if (!page.is_object() || number == most) continue;
      out += fmt::format("{}. {}\n   {}\n   {}\n", ++number, text_at(page, "title"), text_at(page, "url"),
                         shorten_middle(text_at(page, "content"), settings_.most_content));
    }
    return number == 0 && out.empty() ? "No pages were found." : std::string(trim(out));
  }

  Settings settings_;
};

std::size_t count(const Json& given, const char* key, std::size_t fallback) {
  const auto value = given.value(key, static_cast<std::int64_t>(fallback));
  if (value < 1)
    throw Error(ErrorCode::Usage, fmt::format("options of the tool web_search: '{}' is below 1", key));
  return static_cast<std::size_t>(value);
}

}  // namespace

std::unique_ptr<Tool> make_web_search(const ToolOptions& options) {
  const Json given = read_options("web_search", options.options_json, kOptions);
  Settings settings;
  settings.url = http::join_url(
      clients::normalise_url(given.value("base_url", std::string()), "https://api.tavily.com"), "search");
  settings.depth = given.value("search_depth", std::string("basic"));
  settings.wants_answer = given.value("include_answer", true);
  settings.results = static_cast<std::int64_t>(count(given, "max_results", 5));
  settings.most_content = count(given, "max_content_chars", settings.most_content);
  settings.most_total = count(given, "max_total_chars", settings.most_total);
  if (settings.results > kMostResults || (settings.depth != "basic" && settings.depth != "advanced"))
    throw Error(
        ErrorCode::Usage,
        "options of the tool web_search: 'max_results' is 1 to 20, 'search_depth' is basic or advanced");
  const auto name = given.value("key_env", std::string("TAVILY_API_KEY"));
  const char* key = std::getenv(name.c_str());
  if (key == nullptr || *key == '\0')
    throw Error(
        ErrorCode::Unavailable, fmt::format("the tool web_search has no key: {} is not set", name),
        fmt::format("set {} to a key of tavily.com, or name the agent's tools without web_search", name));
  settings.key = key;
  return std::make_unique<WebSearch>(std::move(settings));
}

}  // namespace ipw::tools
