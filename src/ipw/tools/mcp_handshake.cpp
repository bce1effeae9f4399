// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_handshake.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"

namespace ipw::tools::mcp {
namespace {

constexpr Seconds kProbe{5};  ///< old servers may say nothing to what they do not know

Json client_info() {
  return {{"name", "ipw"}, {"title", "Intelligence Per Watt"}, {"version", IPW_VERSION}};
}

[[noreturn]] void fail(const Answer& answer) {
  const auto code = answer.trouble == Trouble::Stopped ? ErrorCode::Cancelled
                    : answer.trouble == Trouble::Late  ? ErrorCode::Timeout
                    : answer.trouble == Trouble::None  ? ErrorCode::Format
                                                       : ErrorCode::Unavailable;
  throw Error(code, answer.trouble == Trouble::None ? answer.message.fault.message : answer.why,
              "is it an MCP server, and does it run by itself?");
}

bool is_result(const Answer& answer) {
  return answer.trouble == Trouble::None && answer.message.kind == Message::Kind::Result;
}

bool is_error(const Answer& answer, int code) {
  return answer.trouble == Trouble::None && answer.message.kind == Message::Kind::Error &&
         answer.message.fault.code == code;
}

/// Errors that only modern servers make.
bool is_modern_error(const Answer& answer) {
  return is_error(answer, code::kUnsupportedVersion) || is_error(answer, code::kMissingCapability) ||
         is_error(answer, code::kHeaderMismatch);
}

bool has_modern(const Json& versions) {
  return versions.is_array() && std::ranges::any_of(versions, [](const Json& each) {
           return each.is_string() && is_modern(each.get_ref<const std::string&>());
         });
}

class Handshake {
 public:
  Handshake(const OpenChannel& open, const Patience& patience)
      : open_(open), patience_(patience), channel_(open(Transport::Usual)) {}

  Agreed run(const std::string& wanted) {
    if (wanted.empty() || is_modern(wanted)) {
      const auto probe = discover(wanted.empty() ? kProbe : patience_.most);
      if (found(probe)) return finish();
      if (!wanted.empty() || (is_modern_error(probe) && !names_legacy(probe))) fail(probe);
      if (probe.trouble == Trouble::Unsent || probe.trouble == Trouble::Stopped) fail(probe);
      // Some old servers end at the first message that is no handshake.
      if (probe.trouble == Trouble::Lost) channel_ = open_(Transport::Usual);
      channel_->agree("");
    }
    initialize(wanted.empty() ? std::string(kLegacyVersions.back()) : wanted);
    return finish();
  }

 private:
  Answer discover(Seconds most) {
    const std::string version(kModernVersions.back());
    channel_->agree(version);
    return channel_->ask({"server/discover", params_for(version, "{}"), "", {}},
                         {std::min(most, patience_.most), patience_.stop});
  }

  /// Whether the answer is a modern server's; then what it says is kept.
  bool found(const Answer& answer) {
    const auto result = is_result(answer) ? Json::parse(answer.message.body) : Json();
    if (!result.is_object() || !result.contains("supportedVersions") ||
        !has_modern(result["supportedVersions"]))
      return false;
    Json who;
    if (const auto meta = result.find("_meta");
        meta != result.end() && meta->is_object() && meta->contains(kServerKey))
      who = (*meta)[kServerKey];
    else if (result.contains("serverInfo"))
      who = result["serverInfo"];
    info_ = {text_at(who, "name"), text_at(who, "version"), std::string(kModernVersions.back()),
             text_at(result, "instructions"), false};
    return true;
  }

  static bool names_legacy(const Answer& answer) {
    const auto data = parse_json(answer.message.fault.data);
    const auto supported = data && data->is_object() ? data->find("supported") : Json::const_iterator();
    return data && data->is_object() && supported != data->end() && supported->is_array() &&
           std::ranges::any_of(*supported, [](const Json& each) {
             return each.is_string() && is_legacy(each.get_ref<const std::string&>());
           });
  }

  void initialize(const std::string& version) {
    const Json params = {
        {"protocolVersion", version}, {"capabilities", Json::object()}, {"clientInfo", client_info()}};
    auto answer = channel_->ask({"initialize", dump_json(params), "", {}}, patience_);
    if (answer.trouble == Trouble::Refused) answer = ask_the_old_way(dump_json(params), answer);
    if (!is_result(answer)) {
      // A modern server that was slow to start has missed the probe.
      if (is_modern_error(answer) && found(discover(patience_.most))) return;
      fail(answer);
    }
    const auto result = Json::parse(answer.message.body);
    const auto agreed = text_at(result, "protocolVersion");
    if (!is_legacy(agreed))
      throw Error(ErrorCode::Format, fmt::format("the server speaks revision '{}'", agreed),
                  fmt::format("this client speaks {} and {}", fmt::join(kLegacyVersions, ", "),
                              fmt::join(kModernVersions, ", ")));
    const auto who = result.find("serverInfo");
    const Json server = who == result.end() ? Json() : *who;
    info_ = {text_at(server, "name"), text_at(server, "version"), agreed, text_at(result, "instructions"),
             false};
    channel_->agree(agreed);
    channel_->tell("notifications/initialized", "{}");
  }

  /// By the transport of the oldest revision; the first refusal is told if that fails, too.
  Answer ask_the_old_way(const std::string& params, const Answer& refusal) {
    auto old = open_(Transport::OldHttp);
    auto answer = old->ask({"initialize", params, "", {}}, patience_);
    if (!is_result(answer)) return refusal;
    channel_ = std::move(old);
    return answer;
  }

  Agreed finish() { return {std::move(channel_), std::move(info_)}; }

  const OpenChannel& open_;
  const Patience& patience_;
  std::unique_ptr<Channel> channel_;
  ServerInfo info_;
};

}  // namespace

std::string params_for(const std::string& version, const std::string& params) {
  if (!is_modern(version)) return params;
  auto out = Json::parse(params);
  out["_meta"] = {{kVersionKey, version}, {kClientKey, client_info()}, {kCapabilitiesKey, Json::object()}};
  return dump_json(out);
}

Agreed shake_hands(const OpenChannel& open, const std::string& version, const Patience& patience) {
  if (!version.empty() && !is_modern(version) && !is_legacy(version))
    throw Error(ErrorCode::Usage, fmt::format("no revision '{}' of the Model Context Protocol", version),
                fmt::format("{} or {}", fmt::join(kLegacyVersions, ", "), fmt::join(kModernVersions, ", ")));
  return Handshake(open, patience).run(version);
}

}  // namespace ipw::tools::mcp
