// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/flops.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "ipw/base/text.h"

namespace ipw::analysis {
namespace {

// Sources: the models' cards and config.json (num_hidden_layers, num_attention_heads, head_dim). Layers are 0
// where some layers attend to a window or are linear, so that the sum over the whole context does not hold.
constexpr std::array kSizes{
    ModelSize{"afm-3", 3, 3},
    ModelSize{"afm-3-core", 3, 3},
    ModelSize{"afm-3-core-advanced", 4, 4},
    ModelSize{"deepseek-coder-v-2", 21, 236, 60, 20480},
    ModelSize{"deepseek-r-1", 37, 671, 61, 20480},
    ModelSize{"deepseek-r-1-0528-qwen-3-8b", 8.19, 8.19, 36, 4096},
    ModelSize{"deepseek-r-1-distill-llama-70b", 70.6, 70.6, 80, 8192},
    ModelSize{"deepseek-r-1-distill-llama-8b", 8.03, 8.03, 32, 4096},
    ModelSize{"deepseek-r-1-distill-qwen-1.5b", 1.78, 1.78, 28, 1536},
    ModelSize{"deepseek-r-1-distill-qwen-14b", 14.8, 14.8, 48, 5120},
    ModelSize{"deepseek-r-1-distill-qwen-32b", 32.8, 32.8, 64, 5120},
    ModelSize{"deepseek-r-1-distill-qwen-7b", 7.62, 7.62, 28, 3584},
    ModelSize{"deepseek-v-2.5", 21, 236, 60, 20480},
    ModelSize{"deepseek-v-3", 37, 671, 61, 20480},
    ModelSize{"deepseek-v-3.1", 37, 671, 61, 20480},
    ModelSize{"gemma-2-27b", 27.2, 27.2},
    ModelSize{"gemma-2-2b", 2.61, 2.61},
    ModelSize{"gemma-2-9b", 9.24, 9.24},
    ModelSize{"gemma-3-12b", 12.2, 12.2},
    ModelSize{"gemma-3-1b", 1, 1},
    ModelSize{"gemma-3-27b", 27.4, 27.4},
    ModelSize{"gemma-3-4b", 4.3, 4.3},
    ModelSize{"glm-4.7", 32, 355, 92, 12288},
    ModelSize{"glm-5", 40, 744},
    ModelSize{"gpt-oss-120b", 5.1, 117},
    ModelSize{"gpt-oss-20b", 3.6, 21},
    ModelSize{"kimi-k-2.5", 32, 1000, 61, 10240},
    ModelSize{"llama-3.1-405b", 405, 405, 126, 16384},
    ModelSize{"llama-3.1-70b", 70.6, 70.6, 80, 8192},
    ModelSize{"llama-3.1-8b", 8.03, 8.03, 32, 4096},
    ModelSize{"llama-3.2-1b", 1.24, 1.24, 16, 2048},
    ModelSize{"llama-3.2-3b", 3.21, 3.21, 28, 3072},
    ModelSize{"llama-3.3-70b", 70.6, 70.6, 80, 8192},
    ModelSize{"llama-4-maverick", 17, 400},
    ModelSize{"llama-4-maverick-17b-128e", 17, 400},
    ModelSize{"llama-4-scout", 17, 109},
    ModelSize{"llama-4-scout-17b-16e", 17, 109},
    ModelSize{"minimax-m-2.5", 10, 230, 62, 6144},
    ModelSize{"mistral-7b", 7.24, 7.24, 32, 4096},
    ModelSize{"mixtral-8x22b", 39.1, 141, 56, 6144},
    ModelSize{"mixtral-8x7b", 12.9, 46.7, 32, 4096},
    ModelSize{"phi-3-medium", 14, 14, 40, 5120},
    ModelSize{"phi-3-mini", 3.82, 3.82, 32, 3072},
    ModelSize{"phi-3-small", 7.39, 7.39},
    ModelSize{"phi-4", 14.7, 14.7, 40, 5120},
    ModelSize{"phi-4-mini", 3.84, 3.84, 32, 3072},
    ModelSize{"qwen-2.5-0.5b", 0.49, 0.49, 24, 896},
    ModelSize{"qwen-2.5-1.5b", 1.54, 1.54, 28, 1536},
    ModelSize{"qwen-2.5-14b", 14.8, 14.8, 48, 5120},
    ModelSize{"qwen-2.5-32b", 32.5, 32.5, 64, 5120},
    ModelSize{"qwen-2.5-3b", 3.09, 3.09, 36, 2048},
    ModelSize{"qwen-2.5-72b", 72.7, 72.7, 80, 8192},
    ModelSize{"qwen-2.5-7b", 7.62, 7.62, 28, 3584},
    ModelSize{"qwen-3-0.6b", 0.6, 0.6, 28, 2048},
    ModelSize{"qwen-3-1.7b", 1.7, 1.7, 28, 2048},
    ModelSize{"qwen-3-14b", 14.8, 14.8, 40, 5120},
    ModelSize{"qwen-3-235b", 22, 235, 94, 8192},
    ModelSize{"qwen-3-235b-a-22b", 22, 235, 94, 8192},
    ModelSize{"qwen-3-30b-a-3b", 3.3, 30.5, 48, 4096},
    ModelSize{"qwen-3-32b", 32.8, 32.8, 64, 8192},
    ModelSize{"qwen-3-4b", 4, 4, 36, 4096},
    ModelSize{"qwen-3-8b", 8.2, 8.2, 36, 4096},
    ModelSize{"qwen-3.5-122b-a-10b", 10, 122},
    ModelSize{"qwen-3.5-27b", 27, 27},
    ModelSize{"qwen-3.5-35b-a-3b", 3, 35},
    ModelSize{"qwen-3.5-397b-a-17b", 17, 397},
    ModelSize{"smollm-2-135m", 0.1345, 0.1345, 30, 576},
    ModelSize{"smollm-2-360m", 0.362, 0.362, 32, 960},
};
static_assert(std::ranges::is_sorted(kSizes, {}, &ModelSize::key));

/// What may stand behind a name without making it another model.
bool is_mark(std::string_view word) {
  static constexpr std::string_view kMarks[] = {
      "instruct", "chat",    "it",        "base", "latest", "hf",   "thinking", "preview", "fp",   "bf",
      "int",      "nvfp",    "mxfp",      "awq",  "gptq",   "gguf", "q",        "w",       "a",    "k",
      "m",        "s",       "v",         "xl",   "bnb",    "mlx",  "bit",      "4bit",    "8bit", "4a",
      "8a",       "dynamic", "quantized", "iq",   "ud",     "4k",   "8k",       "128k",    "1m"};
  if (std::ranges::find(kMarks, word) != std::end(kMarks)) return true;
  return parse_double(word).has_value();
}

bool only_marks(std::string_view rest) {
  return std::ranges::all_of(split(rest, '-'), is_mark);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

}  // namespace

std::span<const ModelSize> model_sizes() {
  return kSizes;
}

std::string normal_model_name(std::string_view name) {
  const auto slash = name.rfind('/');
  const auto text = to_lower_ascii(slash == std::string_view::npos ? name : name.substr(slash + 1));
  std::string out;
  for (const char raw : text) {
    const char c = raw == ':' || raw == '_' ? '-' : raw;
    const char last = out.empty() ? '-' : out.back();
    if (c == '-' && last == '-') continue;
    if (is_digit(c) && is_letter(last) && last != 'x') out += '-';
    out += c;
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

ipw::Result<ModelSize, std::string> find_model_size(std::string_view name) {
  const auto normal = normal_model_name(name);
  const ModelSize* best = nullptr;
  for (const auto& size : kSizes) {
    const bool exact = normal == size.key;
    const bool marked = normal.starts_with(std::string(size.key) + "-") &&
                        only_marks(std::string_view(normal).substr(size.key.size() + 1));
    if ((exact || marked) && (best == nullptr || size.key.size() > best->key.size())) best = &size;
  }
  if (best != nullptr) return *best;
  return Unexpected<std::string>(
      normal.empty() ? std::string("the model has no name")
                     : fmt::format("the size of '{}' is not in the table of models (as '{}')", name, normal));
}

FlopsEstimate flops_of(const ModelSize& model, std::int64_t input_tokens, std::int64_t output_tokens) {
  const double tokens = static_cast<double>(input_tokens) + static_cast<double>(output_tokens);
  FlopsEstimate out{2 * model.active * 1e9 * tokens, {}};
  // Token p: 2 operations a multiplied pair, for p scores and for the sum of p values, in every layer.
  if (model.layers > 0)
    out.attention = 4.0 * model.layers * model.attention_width * tokens * (tokens + 1) / 2;
  return out;
}

std::optional<FlopsEstimate> flops_of(const ModelSize& model, const records::QueryRecord& record) {
  FlopsEstimate sum;
  if (model.layers > 0) sum.attention = 0;
  const auto add = [&](const records::Tokens& tokens) {
    if (!tokens.input || !tokens.output) return false;
    const auto one = flops_of(model, *tokens.input, *tokens.output);
    sum.parameters += one.parameters;
    if (one.attention) *sum.attention += *one.attention;
    return true;
  };
  if (record.spans.empty()) return add(record.tokens) ? std::optional(sum) : std::nullopt;
  for (const auto& span : record.spans)
    if (span.kind == "model" && !add(span.tokens)) return std::nullopt;
  return sum;
}

}  // namespace ipw::analysis
