// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/rows.h"

#include <algorithm>
#include <span>
#include <type_traits>

namespace ipw::analysis {
namespace {

constexpr std::size_t kBlock = 512;
static_assert(std::is_trivially_copyable_v<QueryRow>);

}  // namespace

std::optional<double> QueryRow::watts() const {
  if (!joules || !(seconds > 0)) return std::nullopt;
  return *joules / seconds;
}

std::optional<double> QueryRow::total_tokens() const {
  if (!input_tokens || !output_tokens) return std::nullopt;
  return *input_tokens + *output_tokens;
}

std::optional<double> QueryRow::net_joules() const {
  if (!joules || !idle_joules) return std::nullopt;
  return *joules - *idle_joules;
}

std::optional<double> QueryRow::tokens_per_second() const {
  if (!output_tokens || !(seconds > 0)) return std::nullopt;
  return *output_tokens / seconds;
}

std::optional<double> QueryRow::tpot_seconds() const {
  if (!ttft_seconds || !output_tokens || *output_tokens < 2 || seconds < *ttft_seconds) return std::nullopt;
  return (seconds - *ttft_seconds) / (*output_tokens - 1);
}

void Rows::push_back(const QueryRow& row) {
  if (held_.size() == kHeld) {
    if (!file_) file_ = std::make_shared<ScratchFile>(scratch_);
    file_->append(std::as_bytes(std::span(held_)));
    on_disk_ += held_.size();
    held_.clear();
  }
  held_.push_back(row);
}

void Rows::read_block(std::size_t first, std::vector<QueryRow>& block) const {
  if (first < on_disk_) {
    block.resize(std::min<std::size_t>(kBlock, static_cast<std::size_t>(on_disk_) - first));
    file_->read(first * sizeof(QueryRow), std::as_writable_bytes(std::span(block)));
  } else {
    const auto from = first - static_cast<std::size_t>(on_disk_);
    const auto n = std::min(kBlock, held_.size() - from);
    block.assign(held_.begin() + static_cast<std::ptrdiff_t>(from),
                 held_.begin() + static_cast<std::ptrdiff_t>(from + n));
  }
  if (!scope_) return;
  for (auto& row : block)
    if (row.scope != *scope_) row.joules = row.half_width_joules = row.idle_joules = std::nullopt;
}

}  // namespace ipw::analysis
