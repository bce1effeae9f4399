// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/presets.h"

#include <algorithm>
#include <array>

namespace ipw::execution {
namespace {

constexpr std::array kPresets{
    Preset{"glm-4.7-flash", "zai-org/GLM-4.7-FP8"},
    Preset{"glm-5-fp8", "zai-org/GLM-5-FP8"},
    Preset{"glm-5-nvfp4", "lukealonso/GLM-5-NVFP4"},
    Preset{"gpt-oss-120b", "openai/gpt-oss-120b"},
    Preset{"gpt-oss-20b", "openai/gpt-oss-20b"},
    Preset{"kimi-k2.5", "moonshotai/Kimi-K2.5"},
    Preset{"kimi-k2.5-nvfp4", "nvidia/Kimi-K2.5-NVFP4"},
    Preset{"minimax-m2.5", "MiniMaxAI/MiniMax-M2.5"},
    Preset{"qwen3-235b-a22b-fp8", "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"},
    Preset{"qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B"},
    Preset{"qwen3-30b-a3b-fp8", "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8"},
    Preset{"qwen35-122b-a10b-fp8", "Qwen/Qwen3.5-122B-A10B-FP8"},
    Preset{"qwen35-27b", "Qwen/Qwen3.5-27B"},
    Preset{"qwen35-35b-a3b", "Qwen/Qwen3.5-35B-A3B"},
    Preset{"qwen35-397b-a17b-fp8", "Qwen/Qwen3.5-397B-A17B-FP8"},
};
static_assert(std::ranges::is_sorted(kPresets, {}, &Preset::name));

}  // namespace

std::span<const Preset> presets() {
  return kPresets;
}

}  // namespace ipw::execution
