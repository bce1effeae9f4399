// SPDX-License-Identifier: Apache-2.0
// The numbers of every query of a run, gone through as often as an analysis likes, in constant memory.
#pragma once
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "ipw/base/scratch_file.h"

namespace ipw::analysis {

/// Failed: no answer came, counted as wrong. Unscored: an answer came that no scorer judged, left out and
/// shown.
enum class Outcome : std::uint8_t { Correct, Wrong, Failed, Unscored };

/// The numbers of one query. Energies are joules of the run's headline scope unless their name says
/// otherwise.
struct QueryRow {
  std::uint64_t question = 0;  ///< equal for repeats of one question, the same on every machine
  std::uint32_t subject = 0;   ///< index into RunData::subjects
  std::uint32_t scope = 0;     ///< index into the collector's scopes, meaningless after finish()
  std::int32_t sample = -1;    ///< which asking of the question; -1 where each is asked once
  std::uint64_t answer = 0;    ///< of what the rule took out of the response; 0 where there is none
  Outcome outcome = Outcome::Unscored;
  double seconds = 0;
  std::optional<double> joules, half_width_joules, random_half_width_joules, idle_joules;
  std::optional<double> gpu_joules, cpu_joules, gpu_watts;
  std::optional<double> ttft_seconds, itl_median_seconds;
  std::optional<double> input_tokens, output_tokens;
  std::optional<double> cost_usd;
  std::optional<double> turns, tool_calls;  ///< of an agent's task

  /// Power of a query is its energy over its latency, everywhere.
  std::optional<double> watts() const;
  std::optional<double> total_tokens() const;
  std::optional<double> net_joules() const;
  /// Output tokens over the whole latency, prefill included.
  std::optional<double> tokens_per_second() const;
  /// Time per output token after the first: (latency - TTFT) / (output tokens - 1).
  std::optional<double> tpot_seconds() const;
};

/// Rows in the order in which they were added. A few thousand are held, the rest lies in a scratch file.
/// Copies share that file; only one of them may take more rows. One thread at a time.
class Rows {
 public:
  class Iterator;
  static constexpr std::size_t kHeld = 4096;

  Rows() : Rows(std::filesystem::path()) {}
  /// The scratch file, when one is needed, is made in this folder.
  explicit Rows(std::filesystem::path scratch) : scratch_(std::move(scratch)) {}
  void push_back(const QueryRow& row);
  /// From now on the energies of rows with another scope are absent.
  void keep_scope(std::uint32_t scope) { scope_ = scope; }

  std::size_t size() const { return static_cast<std::size_t>(on_disk_) + held_.size(); }
  bool empty() const { return size() == 0; }
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }
  const std::filesystem::path& scratch() const { return scratch_; }

 private:
  /// Rows from `first` on, as many as one block holds; none at the end.
  void read_block(std::size_t first, std::vector<QueryRow>& block) const;

  std::filesystem::path scratch_;
  std::shared_ptr<ScratchFile> file_;
  std::uint64_t on_disk_ = 0;
  std::vector<QueryRow> held_;
  std::optional<std::uint32_t> scope_;
};

/// One way through the rows; it holds a block of them.
class Rows::Iterator {
 public:
  using value_type = QueryRow;
  using difference_type = std::ptrdiff_t;
  explicit Iterator(const Rows& rows) : rows_(&rows) { rows_->read_block(0, block_); }
  const QueryRow& operator*() const { return block_[at_]; }
  Iterator& operator++() {
    if (++at_ == block_.size()) {
      first_ += at_;
      at_ = 0;
      rows_->read_block(first_, block_);
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return block_.empty(); }

 private:
  const Rows* rows_;
  std::vector<QueryRow> block_;
  std::size_t first_ = 0, at_ = 0;
};

inline Rows::Iterator Rows::begin() const {
  return Iterator(*this);
}

}  // namespace ipw::analysis
