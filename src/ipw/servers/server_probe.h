// SPDX-License-Identifier: Apache-2.0
// What a server says over HTTP: whether it is there, what it serves, whether it answers.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/base/json.h"
#include "ipw/http/session.h"
#include "ipw/servers/server_engines.h"

namespace ipw::servers {

/// Told what goes on, for people.
using Tell = std::function<void(const std::string&)>;

/// Asks one server; it may be hostile: answers are bounded, and what is no answer is a reason in words. One
/// thread at a time. Never throws.
class ServerProbe {
 public:
  ServerProbe(const ServerSpec& spec, std::stop_token stop);

  /// What a port is taken by, before anything is started there.
  struct Look {
    enum class Door { Free, Serving, Other } door = Door::Free;
    std::vector<std::string> models;  ///< that are served
    std::string reason;               ///< for Other: what was answered
  };
  Look look();

  bool ready();
  /// The models by name; absent with the reason where they cannot be read.
  std::optional<std::vector<std::string>> models(std::string& reason);
  /// Let it make one token. Empty when it did, else what went wrong.
  std::string answer_once(Seconds most);
  /// Let Ollama fetch its model. Empty when it has it, else what went wrong.
  std::string pull(const Tell& tell);

 private:
  http::Request bounded(http::Request request, Seconds most) const;
  http::Response get(std::string_view path);
  http::Response post(std::string_view path, const Json& body, Seconds most);
  ServerSpec spec_;
  const Engine* engine_;
  std::stop_token stop_;
  std::unique_ptr<http::Session> session_;
};

/// Whether a model is among those that a server names.
bool serves(const std::vector<std::string>& models, const std::string& model);

}  // namespace ipw::servers
