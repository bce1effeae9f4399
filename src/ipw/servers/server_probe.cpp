// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/clients/channel.h"

namespace ipw::servers {
namespace {

constexpr Seconds kQuickly{2};
constexpr std::size_t kLargestAnswer = std::size_t{4} << 20;
constexpr std::size_t kLongestLine = std::size_t{64} << 10;
constexpr std::size_t kLongestReason = 300;

std::string shortened(std::string text) {
  if (text.size() > kLongestReason) text = text.substr(0, kLongestReason) + "...";
  return to_valid_utf8(trim(text));
}

std::string trouble_of(const http::Response& response) {
  if (response.result.failure) return response.result.failure->message;
  if (response.ok()) return {};
  return fmt::format("HTTP {}: {}", response.result.status, shortened(clients::error_text(response.body)));
}

std::optional<std::vector<std::string>> names_in(const std::string& body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const auto data = parsed->find("data");
  if (data == parsed->end() || !(data->is_array() || data->is_null())) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& row : *data)
    if (row.is_object() && row.contains("id") && row["id"].is_string())
      out.push_back(row["id"].get<std::string>());
  return out;
}

/// Reads the lines of a pull: what is told of them, and how it ended.
class PullLines {
 public:
  explicit PullLines(const Tell& tell) : tell_(tell) {}

  bool feed(std::string_view bytes) {
    pending_ += bytes;
    for (auto end = pending_.find('\n'); end != pending_.npos; end = pending_.find('\n')) {
      read(pending_.substr(0, end));
      pending_.erase(0, end + 1);
    }
    return pending_.size() <= kLongestLine;
  }
  bool succeeded() const { return status_ == "success"; }
  const std::string& error() const { return error_; }

 private:
  void read(const std::string& line) {
    const auto parsed = parse_json(line);
    if (!parsed || !parsed->is_object()) return;
    const auto number = [&](const char* key) {
      const auto it = parsed->find(key);
      return it != parsed->end() && it->is_number() ? it->get<double>() : 0.0;
    };
    if (parsed->contains("error")) error_ = shortened(clients::error_text(line));
    const auto it = parsed->find("status");
    if (it == parsed->end() || !it->is_string()) return;
    const auto status = shortened(it->get<std::string>());
    const double total = number("total"), done = number("completed");
    const int tenths = total > 0 ? std::clamp(static_cast<int>(10 * done / total), 0, 10) : 0;
    if (status == status_ && tenths <= tenths_) return;
    status_ = status;
    tenths_ = tenths;
    tell_(total > 0 ? fmt::format("ollama: {}, {} of {}", status, human_bytes(bytes(done)),
                                  human_bytes(bytes(total)))
                    : fmt::format("ollama: {}", status));
  }
  static std::uint64_t bytes(double count) {
    return static_cast<std::uint64_t>(std::clamp(count, 0.0, 1e18));
  }

  const Tell& tell_;
  std::string pending_, status_, error_;
  int tenths_ = -1;
};

}  // namespace

ServerProbe::ServerProbe(const ServerSpec& spec, std::stop_token stop)
    : spec_(spec), engine_(&engine_of(spec)), stop_(std::move(stop)), session_(http::make_session()) {}

http::Request ServerProbe::bounded(http::Request request, Seconds most) const {
  request.connect_timeout = std::min(most, kQuickly);
  request.stop = stop_;
  return request;
}

http::Response ServerProbe::get(std::string_view path) {
  auto asked = clients::get(http::join_url(root_url(spec_), path), spec_.key, kQuickly);
  return http::fetch(*session_, bounded(std::move(asked), kQuickly), kLargestAnswer);
}

http::Response ServerProbe::post(std::string_view path, const Json& body, Seconds most) {
  auto asked = clients::json_post(http::join_url(root_url(spec_), path), dump_json(body), spec_.key, most);
  return http::fetch(*session_, bounded(std::move(asked), most), kLargestAnswer);
}

ServerProbe::Look ServerProbe::look() {
  const auto answer = get(engine_->ready_path);
  using Kind = http::TransferFailure::Kind;
  if (answer.result.failure && answer.result.failure->kind == Kind::Connect) return {};
  Look out;
  out.door = Look::Door::Other;
  if (!answer.ok()) {
    out.reason = fmt::format("GET {}: {}", engine_->ready_path, trouble_of(answer));
    return out;
  }
  const auto names = models(out.reason);
  if (!names) return out;
  out.door = Look::Door::Serving;
  out.models = *names;
  return out;
}

bool ServerProbe::ready() {
  return get(engine_->ready_path).ok();
}

std::optional<std::vector<std::string>> ServerProbe::models(std::string& reason) {
  const auto answer = get("/v1/models");
  if (!answer.ok()) {
    reason = "GET /v1/models: " + trouble_of(answer);
    return std::nullopt;
  }
  auto out = names_in(answer.body);
  if (!out) reason = "GET /v1/models gives no list of models";
  return out;
}

std::string ServerProbe::answer_once(Seconds most) {
  if (engine_->many_models)
    return trouble_of(post(
        "/api/generate",
        {{"model", spec_.model}, {"prompt", "Hello"}, {"stream", false}, {"options", {{"num_predict", 1}}}},
        most));
  const Json hello = Json::array({{{"role", "user"}, {"content", "Hello"}}});
  const auto trouble = trouble_of(
      post("/v1/chat/completions", {{"model", spec_.model}, {"messages", hello}, {"max_tokens", 1}}, most));
  if (trouble.empty()) return {};
  // A base model has no form for chats.
  const auto plain =
      post("/v1/completions", {{"model", spec_.model}, {"prompt", "Hello"}, {"max_tokens", 1}}, most);
  return plain.ok() ? "" : trouble;
}

std::string ServerProbe::pull(const Tell& tell) {
  constexpr Seconds kNoLimit{0}, kSilent{600};  // checking the sum of what was fetched is silent
  const Json body = {{"model", spec_.model}, {"stream", true}};
  auto asked =
      clients::json_post(http::join_url(root_url(spec_), "/api/pull"), dump_json(body), spec_.key, kNoLimit);
  asked.idle_timeout = kSilent;
  PullLines lines(tell);
  http::Response response;
  response.result = http::send(*session_, bounded(std::move(asked), kQuickly), [&](const http::Chunk& chunk) {
    if (response.body.size() < kLongestLine) response.body += chunk.bytes;
    return lines.feed(chunk.bytes);
  });
  if (!lines.error().empty()) return lines.error();
  if (const auto trouble = trouble_of(response); !trouble.empty()) return trouble;
  return lines.succeeded() ? "" : "the pull ended without success";
}

bool serves(const std::vector<std::string>& models, const std::string& model) {
  return std::ranges::any_of(
      models, [&](const std::string& name) { return name == model || name == model + ":latest"; });
}

}  // namespace ipw::servers
