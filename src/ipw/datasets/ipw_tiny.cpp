// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"
#include "ipw/datasets/seen_filter.h"
#include "ipw/datasets/tiny_families.h"

namespace ipw::datasets {
namespace {

constexpr std::int64_t kDefaultCount = 480, kMaxCount = 1'000'000;
constexpr int kMaxTries = 20000;  // one question in twenty is held out, and small families run dry

/// Questions drawn on demand, the families in turn. A family without new questions is left out from then on.
class IpwTiny final : public Dataset {
 public:
  IpwTiny(DatasetInfo info, TinyTables tables, std::uint64_t seed)
      : info_(std::move(info)), tables_(std::move(tables)) {
    for (const auto& family : tiny_families())
      turns_.push_back({&family, SplitMix64(seed * tiny_families().size() + turns_.size())});
  }

  const DatasetInfo& info() const override { return info_; }

  bool next(Question& question) override {
    while (std::cmp_less(index_, *info_.size) && !turns_.empty()) {
      turn_ %= turns_.size();
      if (draw(turns_[turn_], question)) {
        ++turn_;
        return true;
      }
      turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(turn_));
    }
    return false;
  }

 private:
  struct Turn {
    const TinyFamily* family;
    SplitMix64 random;
  };

  bool draw(Turn& turn, Question& out) {
    for (int tries = 0; tries < kMaxTries; ++tries) {
      const int level = 1 + static_cast<int>(turn.random.below(4));
      auto drawn = turn.family->draw(turn.random, level, tables_);
      if (!turn.family->facts && !held_out(drawn.problem)) continue;
      if (!seen_.insert(drawn.problem)) continue;
      const bool number = parse_int(drawn.answer).has_value();
      const auto scorer = !drawn.choices.empty() ? "multiple-choice" : number ? "numeric" : "exact";
      out = {index_,
             fmt::format("ipw-tiny/{}", index_),
             std::move(drawn.problem),
             std::move(drawn.answer),
             std::string(turn.family->name),
             fmt::format(R"({{"difficulty":{}}})", level),
             scorer,
             std::move(drawn.choices)};
      ++index_;
      return true;
    }
    return false;
  }

  DatasetInfo info_;
  TinyTables tables_;
  std::vector<Turn> turns_;
  std::size_t turn_ = 0;
  std::int64_t index_ = 0;
  SeenFilter seen_;
};

}  // namespace

std::unique_ptr<Dataset> make_ipw_tiny(const DatasetOptions& options) {
  static constexpr std::array<std::string_view, 2> kParams = {"n", "seed"};
  options.params.allow("dataset 'ipw-tiny'", kParams);
  const auto count = options.params.integer("n").value_or(kDefaultCount);
  if (count < 1 || count > kMaxCount)
    throw Error(ErrorCode::Usage, fmt::format("parameter n={} is not in 1 to {}", count, kMaxCount));
  const auto seed = options.params.integer("seed");
  DatasetInfo info{.id = "ipw-tiny",
                   .name = "IPW Tiny",
                   .size = static_cast<std::size_t>(count),
                   .source = "generated",
                   .revision = "1",
                   .licence = "Apache-2.0",
                   .max_tokens = 32,
                   .system_prompt = {}};
  return std::make_unique<IpwTiny>(
      std::move(info), read_tiny_tables(std::filesystem::path(options.data_dir) / "ipw-tiny.json"),
      seed ? static_cast<std::uint64_t>(*seed) : options.seed);
}

}  // namespace ipw::datasets
