// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ipw/base/error.h"
#include "ipw/datasets/dataset.h"
#include "ipw/datasets/random.h"

namespace ipw::datasets {
namespace {

/// Questions in memory, in order.
class Listed final : public Dataset {
 public:
  Listed(DatasetInfo info, std::vector<Question> questions)
      : info_(std::move(info)), questions_(std::move(questions)) {
    info_.size = questions_.size();
  }
  const DatasetInfo& info() const override { return info_; }
  bool next(Question& question) override {
    if (at_ == questions_.size()) return false;
    question = questions_[at_++];
    return true;
  }

 private:
  DatasetInfo info_;
  std::vector<Question> questions_;
  std::size_t at_ = 0;
};

struct Ticket {
  std::uint64_t number;
  Question question;
  bool operator<(const Ticket& other) const { return number < other.number; }
};
using Subjects = std::map<std::string, std::vector<Ticket>>;

/// Give every question a number that depends on the seed and its index only; per subject the `count` lowest
/// stay.
Subjects draw(Dataset& dataset, std::size_t count, std::uint64_t seed) {
  const auto mixed_seed = SplitMix64(seed).next();
  Subjects subjects;
  for (Question question; dataset.next(question);) {
    auto& heap = subjects[question.subject];
    const auto number = SplitMix64(mixed_seed ^ static_cast<std::uint64_t>(question.index)).next();
    heap.push_back({number, std::move(question)});
    std::ranges::push_heap(heap, std::less{});
    if (heap.size() <= count) continue;
    std::ranges::pop_heap(heap, std::less{});
    heap.pop_back();
  }
  for (auto& [subject, heap] : subjects) std::ranges::sort_heap(heap, std::less{});
  return subjects;
}

/// Deal places to the subjects in turn, so that shares differ by one at most unless a subject runs out. Who
/// gets the odd places is drawn by the first ticket, not by the alphabet.
std::vector<Question> deal(Subjects& subjects, std::size_t count) {
  std::vector<std::vector<Ticket>*> turns;
  for (auto& [subject, tickets] : subjects) turns.push_back(&tickets);
  std::ranges::sort(turns, {}, [](const auto* tickets) { return tickets->front().number; });
  std::vector<Question> out;
  for (std::size_t round = 0; out.size() < count; ++round) {
    const auto before = out.size();
    for (auto* tickets : turns)
      if (round < tickets->size() && out.size() < count) out.push_back(std::move((*tickets)[round].question));
    if (out.size() == before) break;
  }
  std::ranges::sort(out, {}, &Question::index);
  return out;
}

class Skip final : public Dataset {
 public:
  Skip(std::unique_ptr<Dataset> dataset, std::size_t count)
      : dataset_(std::move(dataset)), info_(dataset_->info()), left_(count) {
    if (info_.size) *info_.size -= std::min(*info_.size, count);
  }
  const DatasetInfo& info() const override { return info_; }
  bool next(Question& question) override {
    for (; left_ > 0; --left_)
      if (!dataset_->next(question)) return false;
    return dataset_->next(question);
  }

 private:
  std::unique_ptr<Dataset> dataset_;
  DatasetInfo info_;
  std::size_t left_;
};

class First final : public Dataset {
 public:
  First(std::unique_ptr<Dataset> dataset, std::size_t count)
      : dataset_(std::move(dataset)), info_(dataset_->info()), left_(count) {
    if (info_.size) info_.size = std::min(*info_.size, count);
  }
  const DatasetInfo& info() const override { return info_; }
  bool next(Question& question) override {
    if (left_ == 0 || !dataset_->next(question)) return false;
    --left_;
    return true;
  }

 private:
  std::unique_ptr<Dataset> dataset_;
  DatasetInfo info_;
  std::size_t left_;
};

/// A dataset of which the first question has been taken.
class Resumed final : public Dataset {
 public:
  Resumed(Question taken, std::unique_ptr<Dataset> rest) : taken_(std::move(taken)), rest_(std::move(rest)) {}
  const DatasetInfo& info() const override { return rest_->info(); }
  bool next(Question& question) override {
    if (!taken_) return rest_->next(question);
    question = std::move(*taken_);
    taken_.reset();
    return true;
  }

 private:
  std::optional<Question> taken_;
  std::unique_ptr<Dataset> rest_;
};

class Shard final : public Dataset {
 public:
  Shard(std::unique_ptr<Dataset> dataset, std::size_t i, std::size_t n)
      : dataset_(std::move(dataset)), info_(dataset_->info()), i_(i), n_(n) {
    info_.size.reset();  // indices may have gaps, after a sample for one
  }
  const DatasetInfo& info() const override { return info_; }
  bool next(Question& question) override {
    while (dataset_->next(question))
      if (static_cast<std::size_t>(question.index) % n_ == i_ - 1) return true;
    return false;
  }

 private:
  std::unique_ptr<Dataset> dataset_;
  DatasetInfo info_;
  std::size_t i_, n_;
};

}  // namespace

std::unique_ptr<Dataset> sample_evenly(std::unique_ptr<Dataset> dataset, std::size_t count,
                                       std::uint64_t seed) {
  if (count == 0) return dataset;
  auto subjects = draw(*dataset, count, seed);
  return std::make_unique<Listed>(dataset->info(), deal(subjects, count));
}

std::unique_ptr<Dataset> skip(std::unique_ptr<Dataset> dataset, std::size_t count) {
  return std::make_unique<Skip>(std::move(dataset), count);
}

std::unique_ptr<Dataset> first(std::unique_ptr<Dataset> dataset, std::size_t count) {
  return std::make_unique<First>(std::move(dataset), count);
}

std::optional<Question> look_at_first(std::unique_ptr<Dataset>& dataset) {
  Question question;
  if (!dataset->next(question)) return std::nullopt;
  dataset = std::make_unique<Resumed>(question, std::move(dataset));
  return question;
}

std::unique_ptr<Dataset> shard(std::unique_ptr<Dataset> dataset, std::size_t i, std::size_t n) {
  if (i == 0 || i > n)
    throw Error(ErrorCode::Usage, fmt::format("shard {}/{} does not exist", i, n),
                "shards count from 1: 1/4 to 4/4");
  return std::make_unique<Shard>(std::move(dataset), i, n);
}

}  // namespace ipw::datasets
