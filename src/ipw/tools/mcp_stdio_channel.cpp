// SPDX-License-Identifier: Apache-2.0
// A server as a program: a message per line on its standard streams.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "ipw/base/subprocess.h"
#include "ipw/tools/mcp_dialog.h"

namespace ipw::tools::mcp {
namespace {

constexpr Seconds kTurn{1};      ///< of the reader, when nothing comes
constexpr Seconds kToRead{10};   ///< for the server to read a message
constexpr Seconds kToFinish{2};  ///< for the server to end when its input has

/// What a program needs to run at all; the rest of our environment may hold keys that are not its own.
constexpr const char* kPassedOn[] = {"HOME", "LANG",   "LC_ALL", "LOGNAME", "PATH",          "SHELL",
                                     "TERM", "TMPDIR", "TZ",     "USER",    "XDG_CACHE_HOME"};

DialogRequest request_of(const ServerSpec& spec) {
  DialogRequest out;
  out.argv = spec.argv;
  out.folder = spec.folder;
  out.only_this_environment = true;
  out.environment = spec.environment;
  for (const char* name : kPassedOn) {
    const auto given = [&](const std::string& each) { return each.starts_with(std::string(name) + "="); };
    const char* value = std::getenv(name);
    if (value != nullptr && std::ranges::none_of(spec.environment, given))
      out.environment.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

class StdioChannel final : public Channel {
 public:
  StdioChannel(const ServerSpec& spec, OnNotification on_notification)
      : dialog_(std::move(on_notification)), process_(request_of(spec)) {
    reader_ = std::jthread([this](const std::stop_token& stop) {
      read(stop);
      over_.set_value();
    });
  }
  ~StdioChannel() override {
    {
      const std::lock_guard lock(writing_);
      process_.close_input();
    }
    read_over_.wait_for(kToFinish);
  }
  StdioChannel(const StdioChannel&) = delete;
  StdioChannel& operator=(const StdioChannel&) = delete;

  Answer ask(const Ask& ask, const Patience& patience) override {
    Message request;
    request.id = dialog_.open();
    request.method = ask.method;
    request.body = ask.params;
    const bool was_over = ended_;
    const bool sent = send(to_line(request));
    auto answer = dialog_.await(request.id, patience);
    if (!sent && (was_over || answer.trouble == Trouble::Lost)) answer.trouble = Trouble::Unsent;
    const bool given_up = answer.trouble == Trouble::Late || answer.trouble == Trouble::Stopped;
    if (given_up && ask.method != "initialize")
      tell("notifications/cancelled",
           fmt::format(R"({{"requestId":{},"reason":"{}"}})", request.id,
                       answer.trouble == Trouble::Late ? "it took too long" : "the caller stopped"));
    return answer;
  }
  void tell(const std::string& method, const std::string& params) override {
    Message notification;
    notification.kind = Message::Kind::Notification;
    notification.method = method;
    notification.body = params;
    send(to_line(notification));
  }
  void agree(const std::string&) override {}  // the messages say it themselves

 private:
  /// False when the server has ended, or reads nothing, after which nothing more can be said to it.
  bool send(const std::string& line) {
    const std::lock_guard lock(writing_);
    if (ended_) return false;
    if (process_.write(line + "\n", kToRead)) return true;
    // The reader says why when the program has ended; here it is half a line that somebody must answer for.
    ended_ = true;
    if (read_over_.wait_for(Seconds(1)) != std::future_status::ready)
      dialog_.end(Trouble::Nonsense, "the server does not read what it is asked");
    return false;
  }

  void read(const std::stop_token& stop) {
    std::string text;
    std::size_t looked_at = 0;
    while (!stop.stop_requested() && process_.read(text, kTurn)) {
      looked_at = take_lines(text, looked_at);
      if (text.size() <= kMaxMessage) continue;
      ended_ = true;
      return dialog_.end(Trouble::Nonsense, "the server wrote a line of more than 32 MiB");
    }
    if (stop.stop_requested()) return;
    take_lines(text += "\n", looked_at);
    ended_ = true;
    const auto words = process_.last_words();
    dialog_.end(Trouble::Lost, fmt::format("the server has ended{}{}", words.empty() ? "" : ": ", words));
  }

  /// Take the whole lines off the text; how much of the rest holds no line's end.
  std::size_t take_lines(std::string& text, std::size_t looked_at) {
    std::size_t begin = 0;
    for (auto end = text.find('\n', looked_at); end != text.npos; end = text.find('\n', begin)) {
      const auto reply = dialog_.take(std::string_view(text).substr(begin, end - begin));
      if (!reply.empty()) send(reply);
      begin = end + 1;
    }
    text.erase(0, begin);
    return text.size();
  }

  Dialog dialog_;
  DialogProcess process_;
  std::mutex writing_;
  std::atomic<bool> ended_ = false;
  std::promise<void> over_;
  const std::shared_future<void> read_over_ = over_.get_future().share();
  std::jthread reader_;  // the first to go
};

}  // namespace

std::unique_ptr<Channel> open_stdio_channel(const ServerSpec& spec, OnNotification on_notification) {
  return std::make_unique<StdioChannel>(spec, std::move(on_notification));
}

}  // namespace ipw::tools::mcp
