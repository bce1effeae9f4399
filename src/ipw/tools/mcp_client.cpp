// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_client.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/tools/mcp_connection.h"
#include "ipw/tools/mcp_listing.h"

namespace ipw::tools::mcp {
namespace {

constexpr std::size_t kMostTools = 10'000, kMostPages = 1000;

class McpTool final : public Tool {
 public:
  McpTool(std::shared_ptr<Connection> connection, ListedTool tool)
      : connection_(std::move(connection)), tool_(std::move(tool)) {}

  const ToolSpec& spec() const override { return tool_.spec; }
  ToolResult call(const std::string& arguments, const ToolContext& context) const override {
    const auto given = trim(arguments).empty() ? "{}" : arguments;
    const auto parsed = parse_json(given);
    if (!parsed || !parsed->is_object())
      return {fmt::format("the arguments of {} must be a JSON object{}", tool_.spec.name,
                          parsed ? "" : ": " + parsed.error()),
              true};
    const Json params = {{"name", tool_.name}, {"arguments", *parsed}};
    try {
      return ask({"tools/call", dump_json(params), tool_.name, headers_of(tool_, given)},
                 {context.wall, context.stop});
    } catch (const Error& error) {
      return {fmt::format("{}: {}", connection_->name(), error.what()), true};
    }
  }

 private:
  ToolResult ask(const Ask& ask, const Patience& patience) const {
    const auto answer = connection_->ask(ask, patience, tool_.repeatable);
    if (answer.trouble != Trouble::None)
      return {fmt::format("{}: {}", connection_->name(), answer.why), true};
    if (answer.message.kind == Message::Kind::Result) return read_result(answer.message.body);
    return {fmt::format("{}: error {}: {}", connection_->name(), answer.message.fault.code,
                        answer.message.fault.message),
            true};
  }

  std::shared_ptr<Connection> connection_;
  ListedTool tool_;
};

[[noreturn]] void fail_listing(const Connection& connection, const Answer& answer) {
  const auto why = answer.trouble == Trouble::None ? answer.message.fault.message : answer.why;
  throw Error(answer.trouble == Trouble::Stopped ? ErrorCode::Cancelled : ErrorCode::Unavailable,
              fmt::format("{} does not list its tools: {}", connection.name(), why));
}

/// All pages. A server may not make us ask without end.
std::vector<ListedTool> list_tools(Connection& connection, const Patience& patience) {
  std::vector<ListedTool> out;
  std::string params = "{}", before;
  std::size_t pages = 0;
  do {
    const auto answer = connection.ask({"tools/list", params, "", {}}, patience, true);
    if (answer.trouble != Trouble::None || answer.message.kind != Message::Kind::Result)
      fail_listing(connection, answer);
    auto page = parse_tools(answer.message.body, connection.is_http());
    std::ranges::move(page.tools, std::back_inserter(out));
    if (++pages > kMostPages || out.size() > kMostTools || (!page.cursor.empty() && page.cursor == before))
      throw Error(ErrorCode::Format, fmt::format("{} lists tools without end", connection.name()));
    before = page.cursor;
    params = page.cursor.empty() ? "" : fmt::format(R"({{"cursor":{}}})", page.cursor);
  } while (!params.empty());
  return out;
}

class ConnectedClient final : public Client {
 public:
  ConnectedClient(std::shared_ptr<Connection> connection, Patience patience)
      : connection_(std::move(connection)), patience_(std::move(patience)) {}

  ToolSet tools() override {
    connection_->tools_are_listed();
    auto listed = list_tools(*connection_, patience_);
    make_names(listed);
    ToolSet out;
    for (auto& tool : listed) out.push_back(std::make_unique<McpTool>(connection_, std::move(tool)));
    return out;
  }
  ServerInfo info() const override { return connection_->info(); }

 private:
  std::shared_ptr<Connection> connection_;
  const Patience patience_;
};

}  // namespace

Connection::Connection(OpenWith open, ServerSpec spec) : open_(std::move(open)), spec_(std::move(spec)) {}

void Connection::connect(const Patience& patience) {
  const std::lock_guard connecting(connecting_);
  reconnect(nullptr, patience);
}

std::string Connection::name() const {
  if (!spec_.name.empty()) return spec_.name;
  return "MCP server " + (spec_.argv.empty() ? spec_.url : spec_.argv.front());
}

ServerInfo Connection::info() const {
  const std::lock_guard lock(mutex_);
  auto out = info_;
  out.tools_have_changed = changed_;
  return out;
}

std::pair<std::shared_ptr<Channel>, std::string> Connection::current() const {
  const std::lock_guard lock(mutex_);
  return {channel_, info_.protocol};
}

/// Only who still has the channel that failed connects again; the others find the new one.
void Connection::reconnect(const std::shared_ptr<Channel>& failed, const Patience& patience) {
  if (current().first != failed) return;
  const auto open = [this](Transport transport) {
    return open_(spec_, transport, [this](std::string_view method) {
      if (method == "notifications/tools/list_changed") changed_ = true;
    });
  };
  Agreed agreed;
  try {
    agreed = shake_hands(open, spec_.version, patience);
  } catch (Error& error) {
    error.with_context("connecting to " + name());
    throw;
  }
  const std::lock_guard lock(mutex_);
  channel_ = std::move(agreed.channel);
  info_ = std::move(agreed.info);
}

Answer Connection::ask(const Ask& ask, const Patience& patience, bool repeatable) {
  const auto ask_on = [&](const auto& now) {
    const auto& [channel, version] = now;
    return channel->ask({ask.method, params_for(version, ask.params), ask.name, ask.headers}, patience);
  };
  const auto before = current();
  auto answer = ask_on(before);
  const bool gone = answer.trouble == Trouble::Unsent || answer.trouble == Trouble::Lost ||
                    answer.trouble == Trouble::Expired;
  if (!gone) return answer;
  {
    const std::lock_guard connecting(connecting_);
    reconnect(before.first, {std::min(spec_.start, patience.most), patience.stop});
  }
  if (answer.trouble != Trouble::Lost || repeatable) return ask_on(current());
  answer.why += "; it runs again, but the call was not repeated, since it may have had its effect";
  return answer;
}

std::unique_ptr<Channel> open_channel(const ServerSpec& spec, Transport transport,
                                      OnNotification on_notification) {
  if (spec.argv.empty() == spec.url.empty())
    throw Error(ErrorCode::Usage, "an MCP server is either a command or an address",
                "such as 'python3 server.py' or http://localhost:8000/mcp");
  if (spec.url.empty()) return open_stdio_channel(spec, std::move(on_notification));
  return transport == Transport::Usual ? open_http_channel(spec, std::move(on_notification))
                                       : open_sse_channel(spec, std::move(on_notification));
}

std::unique_ptr<Client> connect_with(OpenWith open, const ServerSpec& spec, std::stop_token stop) {
  auto connection = std::make_shared<Connection>(std::move(open), spec);
  Patience patience{spec.start, std::move(stop)};
  connection->connect(patience);
  return std::make_unique<ConnectedClient>(std::move(connection), std::move(patience));
}

std::unique_ptr<Client> connect(const ServerSpec& spec, std::stop_token stop) {
  return connect_with(open_channel, spec, std::move(stop));
}

}  // namespace ipw::tools::mcp
