// SPDX-License-Identifier: Apache-2.0
// The transport of 2024-11-05: one stream of events from the server, which names the address to POST to.
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/sse.h"
#include "ipw/tools/mcp_dialog.h"

namespace ipw::tools::mcp {
namespace {

using http::Headers;

constexpr Seconds kTurn{0.25};  ///< how late the end may be seen
constexpr Seconds kToTell{10};
constexpr Seconds kForever{1e8};

std::string origin_of(const std::string& url) {
  const auto host = url.find("://");
  return host == url.npos ? "" : url.substr(0, url.find('/', host + 3));
}

class SseChannel final : public Channel {
 public:
  SseChannel(ServerSpec spec, OnNotification on_notification)
      : spec_(std::move(spec)),
        dialog_(std::move(on_notification)),
        session_(http::make_session()),
        reader_([this](const std::stop_token& stop) { listen(stop); }) {}
  ~SseChannel() override { reader_.request_stop(); }
  SseChannel(const SseChannel&) = delete;
  SseChannel& operator=(const SseChannel&) = delete;

  Answer ask(const Ask& ask, const Patience& patience) override {
    Message request;
    request.id = dialog_.open();
    request.method = ask.method;
    request.body = ask.params;
    if (auto sent = send(to_line(request), patience); sent.trouble != Trouble::None) {
      dialog_.await(request.id, {Seconds(0), {}});
      return sent;
    }
    auto answer = dialog_.await(request.id, patience);
    if ((answer.trouble == Trouble::Late || answer.trouble == Trouble::Stopped) && ask.method != "initialize")
      tell("notifications/cancelled",
           fmt::format(R"({{"requestId":{},"reason":"{}"}})", request.id, answer.why));
    return answer;
  }
  void tell(const std::string& method, const std::string& params) override {
    Message notification;
    notification.kind = Message::Kind::Notification;
    notification.method = method;
    notification.body = params;
    send(to_line(notification), {kToTell, {}});
  }
  void agree(const std::string&) override {}

 private:
  http::Request request(const std::string& method, const std::string& url, Seconds most) const {
    http::Request out;
    out.method = method;
    out.url = url;
    out.headers = spec_.headers;
    out.total_timeout = most;
    return out;
  }

  bool has_endpoint(const Patience& patience) const {
    for (Seconds waited{0}; waited < patience.most && !patience.stop.stop_requested(); waited += kTurn)
      if (endpoint_.wait_for(std::min(kTurn, patience.most)) == std::future_status::ready) return true;
    return false;
  }

  /// Without trouble where the server has the line or may have it: one that answers the request only when its
  /// tool is done does, and what came of it stands in the stream.
  Answer send(const std::string& line, const Patience& patience) {
    const bool named = has_endpoint(patience);
    if (patience.stop.stop_requested()) return {Trouble::Stopped, "it was asked to stop", {}};
    if (!named) return {Trouble::Unsent, "the server names no address to send to", {}};
    const auto url = endpoint_.get();
    if (url.empty()) return {Trouble::Unsent, "the stream of the server has ended", {}};
    auto out = request("POST", url, std::min(patience.most, kToTell));
    out.headers.emplace_back("Content-Type", "application/json");
    out.body = line;
    out.stop = patience.stop;
    const auto session = http::make_session();
    return sent(http::fetch(*session, std::move(out)));
  }

  static Answer sent(const http::Response& response) {
    using Kind = http::TransferFailure::Kind;
    const int status = response.result.status;
    if (const auto& failure = response.result.failure) {
      const bool refused =
          failure->kind == Kind::Resolve || failure->kind == Kind::Connect || failure->kind == Kind::Tls;
      return refused ? Answer{Trouble::Unsent, failure->message, {}} : Answer{};
    }
    if (response.ok()) return {};
    return {status >= 500 ? Trouble::Refused : Trouble::Unsent, fmt::format("HTTP {}", status), {}};
  }

  void listen(const std::stop_token& stop) {
    bool named = false;
    http::SseParser parser(
        [&](const http::SseEvent& event) {
          if (event.event == "endpoint" && !std::exchange(named, true)) name_endpoint(event.data);
          if (event.event == "message") take(event.data, stop);
        },
        kMaxMessage);
    auto out = request("GET", spec_.url, kForever);
    out.headers.emplace_back("Accept", "text/event-stream");
    out.stop = stop;
    const auto result = run(std::move(out), parser);
    if (!named) endpoint_is_.set_value("");
    dialog_.end(Trouble::Lost, result.failure
                                   ? "the stream of the server has ended: " + result.failure->message
                                   : "the stream of the server has ended");
  }

  http::Result run(http::Request out, http::SseParser& parser) {
    std::optional<http::Result> result;
    bool good = false;
    session_->start(
        std::move(out),
        [&](int status, const Headers& headers) {
          const auto type = to_lower_ascii(http::header(headers, "Content-Type").value_or(""));
          good = status == 200 && type.starts_with("text/event-stream");
        },
        [&](const http::Chunk& chunk) { return good && parser.feed(chunk.bytes); },
        [&](http::Result r) { result = std::move(r); });
    while (!result) session_->drive(kTurn);
    return std::move(*result);
  }

  /// Relative to the address of the stream, and on the same server, as the old revision wants it.
  void name_endpoint(const std::string& data) {
    const auto origin = origin_of(spec_.url);
    const bool relative = data.starts_with('/') && !data.starts_with("//");
    const auto url = relative ? origin + data : data;
    endpoint_is_.set_value(origin_of(url) == origin ? url : "");
  }

  void take(const std::string& data, const std::stop_token& stop) {
    const auto reply = dialog_.take(data);
    if (!reply.empty()) send(reply, {kToTell, stop});
  }

  const ServerSpec spec_;
  Dialog dialog_;
  std::promise<std::string> endpoint_is_;
  const std::shared_future<std::string> endpoint_ = endpoint_is_.get_future().share();
  std::unique_ptr<http::Session> session_;  // of the reader
  std::jthread reader_;                     // the first to go
};

}  // namespace

std::unique_ptr<Channel> open_sse_channel(const ServerSpec& spec, OnNotification on_notification) {
  return std::make_unique<SseChannel>(spec, std::move(on_notification));
}

}  // namespace ipw::tools::mcp
