// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/llamacpp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
#include "ipw/base/module.h"
#include "ipw/clients/gguf.h"
#include "ipw/clients/llama_api.h"
#include "ipw/clients/parameters.h"

namespace ipw::clients {
namespace {

constexpr std::array<std::string_view, 8> kParams = {"batch",      "cache", "ctx",      "flash_attention",
                                                     "gpu_layers", "seed",  "template", "threads"};

std::optional<int> positive(const Params& params, std::string_view key) {
  const auto value = params.integer(key);
  if (!value) return {};
  if (*value >= 1 && *value <= 1 << 30) return static_cast<int>(*value);
  throw Error(ErrorCode::Usage, fmt::format("parameter {}={} of llamacpp is out of range", key, *value),
              "give a whole number of 1 or more");
}

bool read_raw_prompt(const Params& params) {
  const auto text = params.text("template", "model");
  if (text == "model" || text == "raw") return text == "raw";
  throw Error(ErrorCode::Usage, fmt::format("parameter template={} of llamacpp is not known", text),
              "template=model applies the model's chat template, template=raw sends the text as it is");
}

EngineOptions read_options(const ClientOptions& options) {
  const Params& params = options.params;
  params.allow("llamacpp", kParams);
  EngineOptions out;
  out.sequences = std::max(options.concurrency, 1);
  out.threads = positive(params, "threads").value_or(0);  // 0: by the model, in prepare()
  out.context = positive(params, "ctx");
  out.batch = positive(params, "batch").value_or(out.batch);
  out.flash_attention = params.flag("flash_attention");
  out.gpu_layers = static_cast<int>(params.integer("gpu_layers").value_or(0));
  out.reuse_prefix = params.flag("cache").value_or(false);
  out.seed = static_cast<std::uint32_t>(params.integer("seed").value_or(0));
  out.raw_prompt = read_raw_prompt(params);
  return out;
}

class LlamaCpp final : public Client {
 public:
  explicit LlamaCpp(const ClientOptions& options) : options_(read_options(options)), clock_(*options.clock) {}

  Description prepare(const std::string& model) override;
  Response complete(const Request& request, std::stop_token stop) override {
    auto response = engine_->complete(request, std::move(stop));
    note_unseen_images(request, response);
    return response;
  }

 private:
  void warm_up(const std::string& model);
  EngineOptions options_;
  Clock& clock_;
  std::unique_ptr<Engine> engine_;
};

Description LlamaCpp::prepare(const std::string& model) {
  check_gguf(model);
  options_.model = model;
  if (options_.threads == 0) options_.threads = default_threads(model);
  Description description;
  if (const int most = allowed_cpus(); options_.threads > most) {
    description.warnings.push_back(fmt::format(
        "threads={} was cut to the {} processors that this process may use", options_.threads, most));
    options_.threads = most;
  }
  const Instant begun = clock_.now();
  engine_ = module_api<LlamaApi>("llama").load(
      options_, clock_, [](std::string_view line) { log::debug("llama.cpp: {}", line); });
  const Instant loaded = clock_.now();
  warm_up(model);
  const auto& facts = engine_->facts();
  auto details = parse_json(facts.details_json).value_or(Json::object());
  details["load_seconds"] = to_seconds(loaded - begun);
  details["warm_up_seconds"] = to_seconds(clock_.now() - loaded);
  description.server = "llama.cpp in this process";
  description.version = facts.version;
  description.models = {model};
  description.warnings.insert(description.warnings.end(), facts.warnings.begin(), facts.warnings.end());
  description.details_json = dump_json(details);
  return description;
}

/// Touch the weights and allocate what the first decode allocates, so that no measured query pays for it.
void LlamaCpp::warm_up(const std::string& model) {
  Request request{model, {{"user", "Hello"}}, {}, Seconds(600)};
  request.sampling.max_tokens = 4;
  const auto response = engine_->complete(request, {});
  if (!response.failure) return;
  throw Error(ErrorCode::Unavailable,
              fmt::format("{}: the warm-up failed: {}", model, response.failure->message));
}

}  // namespace

std::unique_ptr<Client> make_llamacpp(const ClientOptions& options) {
  return std::make_unique<LlamaCpp>(options);
}

}  // namespace ipw::clients
