// SPDX-License-Identifier: Apache-2.0
// Streamable HTTP, as a client: each message is a POST; the answer is its body, JSON or a stream of events.
#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "ipw/base/text.h"
#include "ipw/http/sse.h"
#include "ipw/tools/mcp_dialog.h"

namespace ipw::tools::mcp {
namespace {

using http::Headers;

constexpr Seconds kTurn{0.05};  ///< how late a request to stop may be seen
constexpr Seconds kToTell{5};   ///< for what has no answer
constexpr std::size_t kQuoted = 200;

/// The answer to one POST while it arrives.
class Exchange {
 public:
  Exchange(std::string id, const OnNotification& on_notification)
      : id_(std::move(id)),
        on_notification_(on_notification),
        parser_([this](const http::SseEvent& event) { take(event.data); }, kMaxMessage) {}

  void head(int status, const Headers& headers) {
    status_ = status;
    headers_ = headers;
    streams_ =
        to_lower_ascii(http::header(headers, "Content-Type").value_or("")).starts_with("text/event-stream");
  }
  /// False when no more is wanted.
  bool feed(std::string_view bytes) {
    if (!streams_) {
      body_ += bytes.substr(0, kMaxMessage + 1 - body_.size());
      return body_.size() <= kMaxMessage;
    }
    if (!parser_.feed(bytes)) strange_ = "an event of more than 32 MiB";
    return strange_.empty() && !answer_;
  }
  void finish() {
    if (streams_) return parser_.finish();
    take(body_);
  }
  /// A line that the server waits for, if any.
  std::string next_reply() {
    if (replies_.empty()) return "";
    auto reply = std::move(replies_.front());
    replies_.pop_front();
    return reply;
  }
  int status() const { return status_; }
  std::string header(std::string_view name) const { return http::header(headers_, name).value_or(""); }
  const std::optional<Message>& answer() const { return answer_; }
  /// What came instead of an answer.
  std::string instead() const {
    if (status_ < 300 && !strange_.empty()) return strange_;
    return trim(body_).empty() ? "nothing" : to_valid_utf8(trim(body_).substr(0, kQuoted));
  }

 private:
  void take(std::string_view text) {
    if (trim(text).empty()) return;
    for (const auto& message : parse_packet(text).messages) take_message(message);
  }
  void take_message(const Message& message) {
    using Kind = Message::Kind;
    if (message.kind == Kind::Notification && on_notification_) on_notification_(message.method);
    if (message.kind == Kind::Invalid && strange_.empty()) strange_ = message.fault.message;
    const bool is_answer = message.kind == Kind::Result || message.kind == Kind::Error;
    // An error without an id is about what could not be read: the only request there is.
    const bool of_all = message.kind == Kind::Error && (message.id == "null" || status_ >= 400);
    if (is_answer && (message.id == id_ || of_all))
      answer_ = message;
    else if (is_answer && strange_.empty())
      strange_ = fmt::format("an answer to {}, which nobody had asked", message.id.substr(0, kQuoted));
    if (auto reply = answer_to_server(message); !reply.empty()) replies_.push_back(std::move(reply));
  }

  std::string id_;
  const OnNotification& on_notification_;
  http::SseParser parser_;
  int status_ = 0;
  Headers headers_;
  bool streams_ = false;
  std::string body_, strange_;
  std::optional<Message> answer_;
  std::deque<std::string> replies_;
};

Answer trouble_of(const http::TransferFailure& failure, const Patience& patience) {
  using Kind = http::TransferFailure::Kind;
  if (patience.stop.stop_requested()) return {Trouble::Stopped, "it was asked to stop", {}};
  switch (failure.kind) {
    case Kind::Timeout:
      return {Trouble::Late, fmt::format("no answer within {:g} s", patience.most.count()), {}};
    case Kind::Resolve:
    case Kind::Connect:
    case Kind::Tls:
      return {Trouble::Unsent, failure.message, {}};
    default:
      return {Trouble::Lost, failure.message, {}};
  }
}

class HttpChannel final : public Channel {
 public:
  HttpChannel(ServerSpec spec, OnNotification on_notification)
      : spec_(std::move(spec)), on_notification_(std::move(on_notification)) {}
  ~HttpChannel() override {
    if (session_id().empty()) return;
    auto end = request("", {kToTell, {}});
    end.method = "DELETE";
    http::fetch(*borrow(), std::move(end));
  }
  HttpChannel(const HttpChannel&) = delete;
  HttpChannel& operator=(const HttpChannel&) = delete;

  Answer ask(const Ask& ask, const Patience& patience) override {
    Message message;
    message.id = std::to_string(++last_);
    message.method = ask.method;
    message.body = ask.params;
    const auto answer = post(message, ask, patience);
    const bool given_up = answer.trouble == Trouble::Late || answer.trouble == Trouble::Stopped;
    if (given_up && ask.method != "initialize" && !is_modern(version()))  // there, hanging up says it
      tell("notifications/cancelled",
           fmt::format(R"({{"requestId":{},"reason":"{}"}})", message.id, answer.why));
    return answer;
  }
  void tell(const std::string& method, const std::string& params) override {
    Message message;
    message.kind = Message::Kind::Notification;
    message.method = method;
    message.body = params;
    post(message, {method, params, "", {}}, {kToTell, {}});
  }
  void agree(const std::string& version) override {
    const std::lock_guard lock(mutex_);
    version_ = version;
  }

 private:
  using SessionPtr = std::shared_ptr<http::Session>;

  std::string version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  std::string session_id() const {
    const std::lock_guard lock(mutex_);
    return session_id_;
  }

  /// A set of connections for one exchange, given back when the last reference goes.
  SessionPtr borrow() {
    std::unique_ptr<http::Session> session;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        session = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!session) session = http::make_session();
    return {session.release(), [this](http::Session* used) {
              std::unique_ptr<http::Session> own(used);
              const std::lock_guard lock(mutex_);
              idle_.push_back(std::move(own));
            }};
  }

  http::Request request(std::string body, const Patience& patience) const {
    http::Request out;
    out.method = "POST";
    out.url = spec_.url;
    out.headers = spec_.headers;
    out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("Accept", "application/json, text/event-stream");
    const std::lock_guard lock(mutex_);
    if (!version_.empty()) out.headers.emplace_back("MCP-Protocol-Version", version_);
    if (!session_id_.empty()) out.headers.emplace_back("Mcp-Session-Id", session_id_);
    out.body = std::move(body);
    out.total_timeout = patience.most;
    out.stop = patience.stop;
    return out;
  }

  Answer post(const Message& message, const Ask& ask, const Patience& patience) {
    const bool had_session = !session_id().empty();
    auto out = request(to_line(message), patience);
    if (is_modern(version())) {
      out.headers.emplace_back("Mcp-Method", header_value(ask.method));
      if (!ask.name.empty()) out.headers.emplace_back("Mcp-Name", header_value(ask.name));
      out.headers.insert(out.headers.end(), ask.headers.begin(), ask.headers.end());
    }
    Exchange exchange(message.id, on_notification_);
    const auto result = run(std::move(out), exchange, patience);
    if (ask.method == "initialize" && exchange.status() == 200) {
      const std::lock_guard lock(mutex_);
      session_id_ = exchange.header("Mcp-Session-Id");
    }
    if (had_session && exchange.status() == 404)
      return {Trouble::Expired, "the server has forgotten the session", {}};
    return read(exchange, result, message, patience);
  }

  http::Result run(http::Request request, Exchange& exchange, const Patience& patience) {
    const auto session = borrow();
    std::optional<http::Result> result;
    session->start(
        std::move(request), [&](int status, const Headers& headers) { exchange.head(status, headers); },
        [&](const http::Chunk& chunk) { return exchange.feed(chunk.bytes); },
        [&](http::Result r) { result = std::move(r); });
    while (!result) {
      session->drive(kTurn);
      for (auto reply = exchange.next_reply(); !reply.empty(); reply = exchange.next_reply())
        session->start(this->request(reply, {kToTell, patience.stop}), {}, {}, [](const http::Result&) {});
    }
    while (session->drive(kTurn)) {
    }
    return std::move(*result);
  }

  Answer read(Exchange& exchange, const http::Result& result, const Message& message,
              const Patience& patience) const {
    if (!exchange.answer() && !result.failure) exchange.finish();
    if (exchange.answer()) return {Trouble::None, "", *exchange.answer()};
    if (result.failure && exchange.status() < 300) {
      if (result.failure->kind == http::TransferFailure::Kind::Cancelled && !patience.stop.stop_requested())
        return {Trouble::Nonsense, exchange.instead(), {}};
      return trouble_of(*result.failure, patience);
    }
    if (exchange.status() >= 300) return {Trouble::Refused, refusal(exchange), {}};
    if (message.kind == Message::Kind::Notification) return {};
    return {Trouble::Nonsense, "instead of an answer came " + exchange.instead(), {}};
  }

  static std::string refusal(const Exchange& exchange) {
    const int status = exchange.status();
    if (status == 401 || status == 403)
      return fmt::format("HTTP {}: it wants to know who asks; give a header such as Authorization", status);
    if (status < 400)
      return fmt::format("HTTP {}: it sends us to {}; give that address", status,
                         exchange.header("Location"));
    return fmt::format("HTTP {}: {}", status, exchange.instead());
  }

  const ServerSpec spec_;
  const OnNotification on_notification_;
  std::atomic<std::int64_t> last_ = 0;
  mutable std::mutex mutex_;
  std::string version_, session_id_;                  // guarded by mutex_
  std::vector<std::unique_ptr<http::Session>> idle_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<Channel> open_http_channel(const ServerSpec& spec, OnNotification on_notification) {
  return std::make_unique<HttpChannel>(spec, std::move(on_notification));
}

}  // namespace ipw::tools::mcp
