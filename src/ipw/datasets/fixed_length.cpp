// SPDX-License-Identifier: Apache-2.0
// Synthetic prompts of one length, for speed and energy by length: no answer is right or wrong.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/factories.h"
#include "ipw/datasets/random.h"

namespace ipw::datasets {
namespace {

constexpr std::int64_t kLongestPrompt = 4'000'000, kMostSamples = 1'000'000;
constexpr std::string_view kRequest = "\n\nSummarise the text above.";
constexpr std::array<std::string_view, 32> kWords = {
    "river",   "winter",  "garden",   "letter", "market",  "silver",  "bridge",  "travel",
    "summer",  "window",  "village",  "forest", "morning", "stone",   "engine",  "harbour",
    "paper",   "music",   "northern", "quiet",  "yellow",  "distant", "carries", "opens",
    "follows", "between", "beneath",  "toward", "after",   "without", "because", "and"};

struct Settings {
  std::int64_t prompt_tokens = 100, samples = 8, output_tokens = 0;
  double chars_per_token = 5;
  bool identical = false;
  std::uint64_t seed = 0;
};

/// Text of `length` characters; it differs from that of another seed from its first words on.
std::string text_of(std::uint64_t seed, std::size_t length) {
  SplitMix64 random(seed);
  std::string out;
  while (out.size() < length) {
    if (!out.empty()) out += ' ';
    out += kWords[static_cast<std::size_t>(random.below(kWords.size()))];
  }
  out.resize(length);
  return out;
}

class FixedLength final : public Dataset {
 public:
  explicit FixedLength(const Settings& settings) : settings_(settings) {
    info_.id = "fixed-length";
    info_.name = "Fixed length";
    info_.size = static_cast<std::size_t>(settings.samples);
    info_.source = "generated";
    info_.licence = "Apache-2.0";
    info_.max_tokens = static_cast<int>(settings.output_tokens);
  }

  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    if (index_ == settings_.samples) return false;
    const auto length =
        static_cast<std::size_t>(static_cast<double>(settings_.prompt_tokens) * settings_.chars_per_token);
    const auto variant = settings_.identical ? 0 : static_cast<std::uint64_t>(index_);
    question = {};
    question.index = index_;
    question.id = fmt::format("fixed-length/{}", index_++);
    question.problem =
        text_of(settings_.seed * kMostSamples + variant, length - std::min(length, kRequest.size())) +
        std::string(kRequest);
    question.subject = fmt::format("{} tokens", settings_.prompt_tokens);
    question.metadata = dump_json({{"target_tokens", settings_.prompt_tokens},
                                   {"chars_per_token", settings_.chars_per_token},
                                   {"identical", settings_.identical}});
    return true;
  }

 private:
  Settings settings_;
  DatasetInfo info_;
  std::int64_t index_ = 0;
};

std::int64_t whole(const Params& params, const char* name, std::int64_t fallback, std::int64_t most) {
  const auto value = params.integer(name).value_or(fallback);
  if (value >= 1 && value <= most) return value;
  throw Error(ErrorCode::Usage, fmt::format("parameter {}={} is not in 1 to {}", name, value, most));
}

}  // namespace

std::unique_ptr<Dataset> make_fixed_length(const DatasetOptions& options) {
  const Params& params = options.params;
  constexpr std::array<std::string_view, 5> kNames = {"prompt_length", "num_samples", "chars_per_token",
                                                      "output_length", "identical"};
  params.allow("dataset 'fixed-length'", kNames);
  Settings out;
  out.prompt_tokens = whole(params, "prompt_length", out.prompt_tokens, kLongestPrompt);
  out.samples = whole(params, "num_samples", out.samples, kMostSamples);
  if (params.get("output_length")) out.output_tokens = whole(params, "output_length", 1, kLongestPrompt);
  out.chars_per_token = params.number("chars_per_token").value_or(out.chars_per_token);
  if (!(out.chars_per_token >= 0.1 && out.chars_per_token <= 100))
    throw Error(ErrorCode::Usage, "parameter chars_per_token is not in 0.1 to 100");
  out.identical = params.flag("identical").value_or(false);
  out.seed = options.seed;
  return std::make_unique<FixedLength>(out);
}

}  // namespace ipw::datasets
