// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/vllm.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/clients/channel.h"
#include "ipw/clients/openai.h"
#include "ipw/clients/prometheus.h"

namespace ipw::clients {
namespace {

class Vllm final : public Client {
 public:
  explicit Vllm(const ClientOptions& options)
      : chat_(make_openai(options)), api_key_(options.api_key), channel_(*options.clock) {}
  Description prepare(const std::string& model) override;
  Response complete(const Request& request, std::stop_token stop) override {
    return chat_->complete(request, std::move(stop));
  }

 private:
  http::Response fetch(const std::string& path) {
    return channel_.fetch(get(http::join_url(root_, path), api_key_));
  }
  void check_health(Description& description);
  Json scrape();

  std::unique_ptr<Client> chat_;
  std::string api_key_;
  Channel channel_;
  std::string root_;  ///< the address without /v1
};

/// 503 means that the engine behind the HTTP server has died; other servers have no /health and that is no
/// fault.
void Vllm::check_health(Description& description) {
  const auto response = fetch("health");
  if (response.result.status == 503)
    throw Error(ErrorCode::Unavailable, fmt::format("the engine of the vLLM server at {} is dead", root_),
                "restart the server");
  if (!response.ok())
    description.warnings.push_back(fmt::format("{} has no /health: is it a vLLM server?", root_));
}

/// Sums over labels of vLLM's counters and gauges; buckets are left out.
Json Vllm::scrape() {
  std::map<std::string, double> sums;
  for (const auto& sample : parse_prometheus(fetch("metrics").body)) {
    const bool wanted = sample.name.starts_with("vllm:") && !sample.name.ends_with("_bucket") &&
                        !sample.name.ends_with("_created");
    if (wanted) sums[sample.name] += sample.value;
  }
  return sums;
}

Description Vllm::prepare(const std::string& model) {
  auto description = chat_->prepare(model);
  root_ = description.base_url.substr(0, description.base_url.rfind('/'));
  check_health(description);
  description.server = "vLLM";
  const auto version = parse_json(fetch("version").body);
  if (version && version->is_object() && version->contains("version") && (*version)["version"].is_string())
    description.version = (*version)["version"];
  auto details = parse_json(description.details_json).value_or(Json::object());
  details["metrics_at_start"] = scrape();
  description.details_json = dump_json(details);
  return description;
}

}  // namespace

std::unique_ptr<Client> make_vllm(const ClientOptions& options) {
  return std::make_unique<Vllm>(options);
}

}  // namespace ipw::clients
