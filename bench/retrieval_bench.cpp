// SPDX-License-Identifier: Apache-2.0
// What a search costs over 100,000 passages of 100 words. Goals: a query of 5 words in 20 ms, an index built
// at 20 MB/s.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ipw/tools/bm25.h"
#include "ipw/tools/fusion.h"
#include "ipw/tools/grep.h"
#include "ipw/tools/index_file.h"

namespace {

using namespace ipw::tools;

constexpr std::size_t kPassages = 100'000, kWords = 100, kVocabulary = 200'000;

/// Draws words so that the n-th most frequent has a share of 1/n (Zipf), as texts have.
class ZipfWords {
 public:
  ZipfWords() {
    double sum = 0;
    for (std::size_t i = 0; i < kVocabulary; ++i) {
      sums_.push_back(sum += 1 / static_cast<double>(i + 1));
      words_.push_back(spell(i));
    }
  }
  const std::string& word(std::size_t rank) const { return words_[rank]; }
  const std::string& next() {
    const double at = std::uniform_real_distribution(0.0, sums_.back())(random_);
    return words_[static_cast<std::size_t>(std::ranges::upper_bound(sums_, at) - sums_.begin())];
  }

 private:
  /// Syllables with an English ending, so that stemming has work to do.
  static std::string spell(std::size_t i) {
    static constexpr const char* kEndings[] = {"", "s", "ing", "ed", "ation", "ness", "ly", "er"};
    std::string out;
    for (auto left = i + 1; left > 0; left /= 60) {
      out += "bcdfghlmnprt"[left % 12];
      out += "aeiou"[left / 12 % 5];
    }
    return out + kEndings[i % 8];
  }

  std::mt19937_64 random_{1};
  std::vector<double> sums_;
  std::vector<std::string> words_;
};

struct Material {
  std::shared_ptr<const Corpus> corpus;
  std::size_t bytes = 0;
  std::vector<std::string> queries;
  std::string frequent;  ///< the five most frequent words
};

const Material& material() {
  static const Material made = [] {
    ZipfWords words;
    const auto text = [&](std::size_t count) {
      std::string out;
      for (std::size_t i = 0; i < count; ++i) (out += words.next()) += i % 15 == 14 ? ". " : " ";
      return out;
    };
    Material out;
    std::vector<Document> documents;
    for (std::size_t i = 0; i < kPassages; ++i) {
      documents.push_back({"passage-" + std::to_string(i), text(kWords), ""});
      out.bytes += documents.back().content.size();
    }
    for (std::size_t i = 0; i < 5; ++i) out.frequent += words.word(i) + " ";
    for (int i = 0; i < 200; ++i) out.queries.push_back(text(5));
    out.corpus = std::make_shared<Corpus>(std::move(documents));
    return out;
  }();
  return made;
}

std::shared_ptr<const Bm25> searcher() {
  static const auto made = std::make_shared<const Bm25>(material().corpus);
  return made;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(material().bytes));
}

void build(benchmark::State& state) {
  material();
  for (auto _ : state) benchmark::DoNotOptimize(Bm25(material().corpus));
  count_bytes(state);
}
BENCHMARK(build)->Unit(benchmark::kMillisecond);

void chunk_and_build(benchmark::State& state) {
  const auto documents = material().corpus->documents();
  for (auto _ : state) benchmark::DoNotOptimize(Bm25(std::make_shared<Corpus>(documents)));
  count_bytes(state);
}
BENCHMARK(chunk_and_build)->Unit(benchmark::kMillisecond);

/// Queries of words as frequent as they are in the texts; the slowest of 200 beside the mean.
void query_5_words(benchmark::State& state) {
  const auto bm25 = searcher();
  std::size_t i = 0;
  double slowest = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(bm25->search(material().queries[i++ % material().queries.size()], 10));
    slowest =
        std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  state.counters["slowest_ms"] = slowest * 1000;
}
BENCHMARK(query_5_words)->Unit(benchmark::kMillisecond)->MinTime(2);

void query_5_most_frequent_words(benchmark::State& state) {
  const auto bm25 = searcher();
  for (auto _ : state)
    benchmark::DoNotOptimize(bm25->search(material().frequent, static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(query_5_most_frequent_words)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

void save_and_load(benchmark::State& state) {
  const auto index = build_index(*material().corpus);
  const auto key = content_key(*material().corpus, "bench");
  for (auto _ : state) {
    const auto bytes = to_bytes(index, key);
    benchmark::DoNotOptimize(index_from_bytes(bytes, key, material().corpus->chunks().size()));
    state.counters["file_bytes"] = static_cast<double>(bytes.size());
  }
}
BENCHMARK(save_and_load)->Unit(benchmark::kMillisecond);

void grep_a_rare_word(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(grep(*material().corpus, "no such (word|text)"));
  count_bytes(state);
}
BENCHMARK(grep_a_rare_word)->Unit(benchmark::kMillisecond);

}  // namespace
