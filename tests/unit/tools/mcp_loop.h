// SPDX-License-Identifier: Apache-2.0
// Servers in this process for tests of an MCP client: our own, and ones that answer as a test says.
#pragma once
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipw/tools/mcp_calls.h"
#include "ipw/tools/mcp_connection.h"
#include "ipw/tools/mcp_dialog.h"
#include "ipw/tools/mcp_server.h"

namespace ipw::tools::mcp {

/// A server whose answers are a function of the question.
class ScriptedChannel final : public Channel {
 public:
  using Script = std::function<Answer(const Ask&)>;
  struct Log {
    std::vector<std::string> asked, told;
    std::string agreed;
  };
  ScriptedChannel(Script script, std::shared_ptr<Log> log)
      : script_(std::move(script)), log_(std::move(log)) {}
  Answer ask(const Ask& ask, const Patience&) override {
    log_->asked.push_back(ask.method);
    return script_(ask);
  }
  void tell(const std::string& method, const std::string&) override { log_->told.push_back(method); }
  void agree(const std::string& version) override { log_->agreed = version; }

 private:
  Script script_;
  std::shared_ptr<Log> log_;
};

inline Answer result(const std::string& body) {
  Answer out;
  out.message.kind = Message::Kind::Result;
  out.message.body = body;
  return out;
}
inline Answer error(int code, const std::string& message, const std::string& data = "") {
  Answer out;
  out.message.kind = Message::Kind::Error;
  out.message.fault = {code, message, data};
  return out;
}
inline Answer trouble(Trouble kind, const std::string& why) {
  return {kind, why, {}};
}

/// Our own server, each message through its line.
class LoopChannel final : public Channel {
 public:
  explicit LoopChannel(const ToolSet& tools) : session_(tools), calls_(ToolContext{}) {}
  Answer ask(const Ask& ask, const Patience& patience) override {
    Message request;
    request.id = dialog_.open();
    request.method = ask.method;
    request.body = ask.params;
    feed(request);
    return dialog_.await(request.id, patience);
  }
  void tell(const std::string& method, const std::string& params) override {
    Message notification;
    notification.kind = Message::Kind::Notification;
    notification.method = method;
    notification.body = params;
    feed(notification);
  }
  void agree(const std::string&) override {}

 private:
  void feed(const Message& message) {
    const std::lock_guard lock(mutex_);
    calls_.handle(session_, "", parse_packet(to_line(message)), {},
                  [this](const PacketReply& reply) { dialog_.take(reply.text); });
  }
  Dialog dialog_{nullptr};
  std::mutex mutex_;
  ServerSession session_;
  Calls calls_;
};

}  // namespace ipw::tools::mcp
