// SPDX-License-Identifier: Apache-2.0
// ipw mcp: list and call the tools of a server of the Model Context Protocol, and be one.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/registry.h"
#include "ipw/base/say.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/http/host.h"
#include "ipw/sandbox/workplaces.h"
#include "ipw/tools/mcp_client.h"
#include "ipw/tools/mcp_serve.h"
#include "ipw/tools/tools.h"

namespace ipw::cli {
namespace {

namespace mcp = tools::mcp;

constexpr Positional kPositionals[] = {
    {"ACTION", "tools, call or serve."},
    {"SERVER", "An address, a command line in quotes, or a JSON object. serve: whose tools to pass on.",
     false},
    {"TOOL", "call: its name, as tools lists it.", false},
    {"ARGUMENTS", "call: a JSON object.", false}};
constexpr Option kOptions[] = {
    {"--tool", "NAME[=JSON]", "", "serve: a tool of ours, with its options; ipw list tools names them.",
     Kind::List},
    {"--workspace", "DIR", "",
     "serve: the folder in which bash, code_interpreter and the file tools work, in bubblewrap, without a "
     "network."},
    {"--http", "[ADDRESS:]PORT", "standard input and output",
     "serve: listen there, at /mcp; 0 takes any free port, and the address is 127.0.0.1 if there is none."},
    {"--timeout", "SECONDS", "120", "Longest time of a call."},
    {"--json", "", "", "tools, call: print JSON.", Kind::Flag}};

std::string wanted(const Values& values, std::string_view what) {
  const auto text = values.text(what);
  if (!text)
    throw Error(ErrorCode::Usage, fmt::format("{} is missing", what), "ipw mcp --help shows what it takes");
  return *text;
}

tools::ToolContext tool_context(const Values& values, const Context& context) {
  tools::ToolContext out;
  out.wall = Seconds(values.number("--timeout", 0.001).value_or(120));
  out.stop = context.stop;
  return out;
}

void print_tool(const tools::ToolSpec& spec) {
  fmt::print("{}\n", spec.name);
  for (const auto line : split(trim(spec.description), '\n')) fmt::print("  {}\n", line);
  const auto schema = Json::parse(spec.parameters_json);
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return;
  for (const auto& [name, property] : properties->items())
    fmt::print("    {}: {}\n", name, dump_json(property));
}

int list_tools(const Values& values, Context& context) {
  const auto client = mcp::connect(mcp::parse_server(wanted(values, "SERVER")), context.stop);
  const auto found = client->tools();
  const auto info = client->info();
  if (!values.has("--json")) {
    fmt::print("{} {}, revision {}: {} tools\n", info.name, info.version, info.protocol, found.size());
    for (const auto& tool : found) print_tool(tool->spec());
    return 0;
  }
  Json all = Json::array();
  for (const auto& tool : found)
    all.push_back({{"name", tool->spec().name},
                   {"description", tool->spec().description},
                   {"inputSchema", Json::parse(tool->spec().parameters_json)}});
  fmt::print("{}", pretty_json({{"server", {{"name", info.name}, {"version", info.version}}},
                                {"protocol", info.protocol},
                                {"instructions", info.instructions},
                                {"tools", all}}));
  return 0;
}

const tools::Tool& find_tool(const tools::ToolSet& all, const std::string& name) {
  std::vector<std::string_view> known;
  for (const auto& tool : all) {
    if (tool->spec().name == name) return *tool;
    known.push_back(tool->spec().name);
  }
  throw_unknown("tool", name, known);
}

int call_tool(const Values& values, Context& context) {
  const auto name = wanted(values, "TOOL");
  const auto around = tool_context(values, context);
  const auto client = mcp::connect(mcp::parse_server(wanted(values, "SERVER")), context.stop);
  const auto all = client->tools();
  const auto result = find_tool(all, name).call(values.text("ARGUMENTS").value_or("{}"), around);
  if (context.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "stopped");
  if (values.has("--json"))
    fmt::print("{}", pretty_json({{"text", result.text}, {"failed", result.failed}}));
  else
    fmt::print("{}\n", result.text);
  return result.failed ? 1 : 0;
}

mcp::HttpOptions http_options(const std::string& text) {
  const auto colon = text.rfind(':');
  mcp::HttpOptions out;
  if (colon != text.npos) out.address = text.substr(0, colon);
  if (out.address.starts_with('[') && out.address.ends_with(']'))
    out.address = out.address.substr(1, out.address.size() - 2);
  const auto port = parse_int(colon == text.npos ? text : text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535)
    throw Error(ErrorCode::Usage, fmt::format("--http {} names no port", text), "such as --http 8000");
  out.port = static_cast<int>(*port);
  return out;
}

void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait(lock, stop, [] { return false; });
}

int serve_at(const mcp::HttpOptions& options, const tools::ToolSet& served,
             const tools::ToolContext& around) {
  const auto server = mcp::serve_http(served, around, options);
  const bool six = options.address.find(':') != std::string::npos;
  say("http://{}:{}/mcp\nCtrl-C ends it\n", six ? "[" + options.address + "]" : options.address,
      server->port());
  if (!http::is_loopback(options.address)) say("everybody who reaches this address can call the tools\n");
  wait_for(around.stop);
  return 0;
}

tools::ToolSet our_tools(const Values& values, Context& context) {
  tools::ToolSet out;
  for (const auto& each : values.list("--tool")) {
    const auto equals = each.find('=');
    tools::ToolOptions options;
    if (equals != each.npos) options.options_json = each.substr(equals + 1);
    options.clock = &context.around.clock;
    options.stop = context.stop;
    options.tell = [](const std::string& what) { say("{}\n", what); };
    out.push_back(tools::make_tool(each.substr(0, equals), options));
  }
  return out;
}

/// What is served: tools of ours, and those of another server.
tools::ToolSet served_tools(const Values& values, Context& context) {
  auto out = our_tools(values, context);
  if (values.has("SERVER")) {
    const auto client = mcp::connect(mcp::parse_server(wanted(values, "SERVER")), context.stop);
    for (auto& tool : client->tools()) out.push_back(std::move(tool));
  }
  if (out.empty())
    throw Error(ErrorCode::Usage, "there is nothing to serve",
                "name tools of ours (--tool calculator), or a server whose tools to pass on");
  std::set<std::string> names;
  for (const auto& tool : out)
    if (!names.insert(tool->spec().name).second)
      throw Error(ErrorCode::Usage, fmt::format("two tools are named '{}'", tool->spec().name),
                  "leave one out");
  return out;
}

std::unique_ptr<sandbox::Workplace> workspace(const Values& values) {
  const auto folder = values.text("--workspace");
  if (!folder) return nullptr;
  sandbox::PlaceOptions options;
  options.folder = std::filesystem::absolute(*folder);
  if (!std::filesystem::is_directory(options.folder))
    throw Error(ErrorCode::NotFound, fmt::format("--workspace {} is no folder", *folder), "make it first");
  return sandbox::make_bubblewrap_workplace(options);
}

int serve(const Values& values, Context& context) {
  auto around = tool_context(values, context);
  const auto at = values.text("--http");
  const auto options = at ? std::optional(http_options(*at)) : std::nullopt;
  const auto place = workspace(values);
  around.place = place.get();
  const auto served = served_tools(values, context);
  if (options) return serve_at(*options, served, around);
  mcp::serve_streams(served, around, STDIN_FILENO, STDOUT_FILENO, context.stop);
  return 0;
}

struct Action {
  std::string_view name;
  int (*run)(const Values&, Context&);
};
constexpr std::array kActions = {Action{"call", &call_tool}, Action{"serve", &serve},
                                 Action{"tools", &list_tools}};

int run(const Values& values, Context& context) {
  return require("action of mcp", std::span<const Action>(kActions), wanted(values, "ACTION"))
      .run(values, context);
}

}  // namespace

const Command kMcp = {
    "mcp",
    "List and call the tools of an MCP server, or serve tools to others.",
    "Speaks the Model Context Protocol, revisions 2024-11-05 to 2026-07-28, with programs over\n"
    "their standard input and output and with servers over HTTP.\n\n"
    "Examples:\n"
    "  ipw mcp tools http://localhost:8000/mcp\n"
    "  ipw mcp call 'python3 server.py' add '{\"a\": 1, \"b\": 2}'\n"
    "  ipw mcp serve --tool calculator --tool think\n"
    "  ipw mcp serve 'python3 server.py' --http 8000",
    kPositionals,
    kOptions,
    run};

}  // namespace ipw::cli
