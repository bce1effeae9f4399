// SPDX-License-Identifier: Apache-2.0
// Streamable HTTP: a message or batch is a POST, its reply the body. There is no stream from the server, so
// that GET is refused, as every revision allows.
#include <fmt/format.h>

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/http/gateway.h"
#include "ipw/http/host.h"
#include "ipw/tools/mcp_calls.h"
#include "ipw/tools/mcp_serve.h"

namespace ipw::tools::mcp {
namespace {

using http::Headers;
using http::ServerRequest;
using ReplyPtr = std::shared_ptr<http::Reply>;

constexpr std::size_t kMostSessions = 1000;

/// Pages of other sites must not use a browser to get here, not even by a name that is made to point here.
bool is_foreign(const Headers& headers, bool on_loopback) {
  const auto on_this = [](const std::string& url) { return http::is_loopback(http::host_port(url).host); };
  const auto host = http::header(headers, "Host").value_or("");
  if (on_loopback && !on_this(host)) return true;
  const auto origin = http::header(headers, "Origin");
  if (!origin) return false;
  const auto at = origin->find("://");
  return at == origin->npos ||
         (!on_this(*origin) && (on_loopback || !iequals_ascii(origin->substr(at + 3), host)));
}

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

void answer(http::Reply& reply, int status, std::string_view body, Headers headers = {}) {
  if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Content-Length", std::to_string(body.size()));
  reply.head(status, headers);
  reply.write(body);
  reply.end();
}

void refuse(http::Reply& reply, int status, int code, std::string why, std::string_view id = "null") {
  answer(reply, status, error_line(id, {code, std::move(why), ""}));
}

/// Which of the headers of a modern request says something else than its body.
std::string mismatch(const Headers& headers, const Message& message, const std::string& version) {
  const auto differs = [&](std::string_view name, const std::string& value) {
    const auto given = http::header(headers, name);
    return !given || from_header_value(*given) != value;
  };
  if (differs("MCP-Protocol-Version", version)) return "MCP-Protocol-Version";
  if (differs("Mcp-Method", message.method)) return "Mcp-Method";
  const auto params = parse_json(message.body);
  const auto name = params->find("name");
  if (message.method == "tools/call" && name != params->end() && name->is_string() &&
      differs("Mcp-Name", name->get<std::string>()))
    return "Mcp-Name";
  return "";
}

/// HTTP status of a reply in the modern era, where the error decides it.
int status_of(int fault) {
  if (fault == code::kMethodNotFound) return 404;
  return fault == 0 ? 200 : 400;
}

class HttpServer final : public http::Server {
 public:
  HttpServer(const ToolSet& tools, const ToolContext& context, const HttpOptions& options)
      : tools_(tools), on_loopback_(http::is_loopback(options.address)), calls_(context) {
    gateway_ = http::serve_gateway(
        [this](ServerRequest request, const ReplyPtr& reply, http::Session&) { handle(request, reply); },
        {options.address, options.port});
  }
  ~HttpServer() override { calls_.close(); }  // their replies need the gateway
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  int port() const override { return gateway_->port(); }

 private:
  void handle(const ServerRequest& request, const ReplyPtr& reply) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (is_foreign(request.headers, on_loopback_))
      return refuse(*reply, 403, code::kInvalidRequest, "requests from web pages elsewhere are refused");
    if (path != "/mcp" && path != "/mcp/") return answer(*reply, 404, "");
    if (request.method == "DELETE") return end_session(request, *reply);
    if (request.method != "POST") return answer(*reply, 405, "", {{"Allow", "POST, DELETE"}});
    const auto type = to_lower_ascii(http::header(request.headers, "Content-Type").value_or(""));
    if (!type.starts_with("application/json"))
      return refuse(*reply, 415, code::kInvalidRequest, "the Content-Type must be application/json");
    const auto packet = parse_packet(request.body);
    const auto& first = packet.messages.front();
    if (first.kind == Message::Kind::Invalid && !packet.batch)
      return refuse(*reply, 400, first.fault.code, first.fault.message, first.id);
    if (is_of_modern_client(request, first)) return handle_modern(request, packet, reply);
    handle_legacy(request, packet, reply);
  }

  static bool is_of_modern_client(const ServerRequest& request, const Message& first) {
    const auto header = http::header(request.headers, "MCP-Protocol-Version").value_or("");
    return is_modern(header) || !version_of(first).empty();
  }

  void handle_modern(const ServerRequest& request, const Packet& packet, const ReplyPtr& reply) {
    const auto& message = packet.messages.front();
    if (message.kind != Message::Kind::Request || packet.batch)
      return packet.batch ? refuse(*reply, 400, code::kInvalidRequest, "this revision has no batches")
                          : answer(*reply, 202, "");
    const auto version = version_of(message);
    if (version.empty())
      return refuse(*reply, 400, code::kInvalidParams, fmt::format("_meta lacks {}", kVersionKey),
                    message.id);
    const auto wrong = mismatch(request.headers, message, version);
    if (!wrong.empty())
      return refuse(*reply, 400, code::kHeaderMismatch,
                    fmt::format("the header {} is missing or differs from the body", wrong), message.id);
    ServerSession session(tools_);
    calls_.handle(session, random_id(), packet, reply->gone(), [reply](PacketReply text) {
      reply->post([reply, text = std::move(text)] { answer(*reply, status_of(text.fault), text.text); });
    });
  }

  void handle_legacy(const ServerRequest& request, const Packet& packet, const ReplyPtr& reply) {
    const auto& first = packet.messages.front();
    if (first.method == "initialize" && !packet.batch) return begin_session(packet, reply);
    const auto id = http::header(request.headers, "Mcp-Session-Id");
    if (!id) return refuse(*reply, 400, code::kInvalidRequest, "the header Mcp-Session-Id is missing");
    const auto session = sessions_.find(*id);
    if (session == sessions_.end())
      return refuse(*reply, 404, code::kInvalidRequest, "no such session; initialize begins one");
    const auto version = http::header(request.headers, "MCP-Protocol-Version");
    if (version && !is_legacy(*version))
      return refuse(*reply, 400, code::kInvalidRequest, "unsupported MCP-Protocol-Version " + *version);
    calls_.handle(session->second, *id, packet, reply->gone(), [reply](PacketReply text) {
      reply->post(
          [reply, text = std::move(text)] { answer(*reply, text.text.empty() ? 202 : 200, text.text); });
    });
  }

  void begin_session(const Packet& packet, const ReplyPtr& reply) {
    const auto id = random_id();
    const auto session = sessions_.try_emplace(id, tools_).first;
    auto step = session->second.take(packet.messages.front());
    if (step.fault != 0) {
      sessions_.erase(session);
      return answer(*reply, 400, step.reply);
    }
    order_.push_back(id);
    if (order_.size() > kMostSessions) {  // the one that began first, which may be over already
      sessions_.erase(order_.front());
      order_.pop_front();
    }
    answer(*reply, 200, step.reply, {{"Mcp-Session-Id", id}});
  }

  void end_session(const ServerRequest& request, http::Reply& reply) {
    const auto id = http::header(request.headers, "Mcp-Session-Id");
    if (!id) return answer(reply, 405, "", {{"Allow", "POST"}});
    answer(reply, sessions_.erase(*id) > 0 ? 200 : 404, "");
  }

  const ToolSet& tools_;
  const bool on_loopback_;
  std::map<std::string, ServerSession> sessions_;  // of the gateway's thread, as order_
  std::deque<std::string> order_;
  Calls calls_;
  std::unique_ptr<http::Server> gateway_;
};

}  // namespace

std::unique_ptr<http::Server> serve_http(const ToolSet& tools, const ToolContext& context,
                                         const HttpOptions& options) {
  return std::make_unique<HttpServer>(tools, context, options);
}

}  // namespace ipw::tools::mcp
