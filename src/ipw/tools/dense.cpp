// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/dense.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/log.h"

namespace ipw::tools {
namespace {

static_assert(std::endian::native == std::endian::little, "the file has numbers as this machine has them");

constexpr std::string_view kMagic = "IPW-DNSE";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kDigits = 64;  ///< of a SHA-256
constexpr std::size_t kMostDimensions = 65536;
constexpr Seconds kForever{1e8};

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorCode::Format, problem, "delete the file and build the index again");
}

void append_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint64_t number_at(std::string_view bytes, std::size_t place) {
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data() + place, sizeof out);
  return out;
}

/// Scale to length 1.
void normalise(Vector& vector) {
  double sum = 0;
  for (const float x : vector) sum += double{x} * x;
  if (!(sum > 0) || !std::isfinite(sum))
    throw Error(ErrorCode::Format, "an embedding has no length: its numbers are all 0 or not finite",
                "check that the model is one for embeddings");
  const double scale = 1 / std::sqrt(sum);
  for (float& x : vector) x = static_cast<float>(x * scale);
}

void check_length(std::size_t length, std::size_t expected) {
  if (length != expected)
    throw Error(ErrorCode::Format,
                fmt::format("an embedding has {} numbers in place of {}", length, expected),
                "the model must be that which the index was made with");
}

double product(const Vector& a, const float* b) {
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out += double{a[i]} * b[i];
  return out;
}

}  // namespace

std::string dense_key(const Corpus& corpus, const DenseOptions& options) {
  return content_key(corpus, fmt::format("dense {}:{} {}:{} {}:{}", options.model.size(), options.model,
                                         options.query_prefix.size(), options.query_prefix,
                                         options.document_prefix.size(), options.document_prefix));
}

Dense::Dense(std::shared_ptr<const Corpus> corpus, Embed embed, DenseOptions options,
             const std::stop_token& stop, const OnEmbedded& on_embedded)
    : corpus_(std::move(corpus)), embed_(std::move(embed)), options_(std::move(options)) {
  constexpr std::size_t kAtOnce = 256;
  const auto chunks = corpus_->chunks().size();
  for (std::size_t begin = 0; begin < chunks; begin += kAtOnce) {
    std::vector<std::string> texts;
    for (std::size_t i = begin; i < std::min(chunks, begin + kAtOnce); ++i)
      texts.push_back(options_.document_prefix + std::string(corpus_->text(i)));
    auto [vectors, cut] = embed_(texts, {kForever, stop});
    cut_ += cut;
    check_length(vectors.size(), texts.size());
    for (auto& vector : vectors) {
      if (dimensions_ == 0) dimensions_ = vector.size();
      check_length(vector.size(), dimensions_);
      normalise(vector);
      vectors_.insert(vectors_.end(), vector.begin(), vector.end());
    }
    if (on_embedded) on_embedded(begin + texts.size(), chunks);
  }
}

Dense::Dense(std::shared_ptr<const Corpus> corpus, Embed embed, DenseOptions options, std::size_t dimensions,
             std::vector<float> vectors)
    : corpus_(std::move(corpus)),
      embed_(std::move(embed)),
      options_(std::move(options)),
      dimensions_(dimensions),
      vectors_(std::move(vectors)) {}

void Dense::save(const std::filesystem::path& path) const {
  std::string out(kMagic);
  append_number(out, kVersion);
  out += dense_key(*corpus_, options_);
  append_number(out, corpus_->chunks().size());
  append_number(out, dimensions_);
  out.append(reinterpret_cast<const char*>(vectors_.data()), vectors_.size() * sizeof(float));
  write_file_atomic(path, out + sha256_hex(out));
}

std::pair<std::size_t, std::vector<float>> parse_dense(std::string_view bytes, std::string_view key,
                                                       std::size_t chunks) {
  constexpr std::size_t kHeader = kMagic.size() + 8 + kDigits + 16;
  if (!bytes.starts_with(kMagic)) refuse("this is no index of embeddings of ipw");
  if (bytes.size() < kHeader + kDigits) refuse("the index is cut off");
  if (const auto version = number_at(bytes, kMagic.size()); version != kVersion)
    refuse(fmt::format("the index has version {}, this program reads {}", version, kVersion));
  const auto content = bytes.substr(0, bytes.size() - kDigits);
  if (sha256_hex(content) != bytes.substr(content.size()))
    refuse("the index is cut off or damaged: its checksum is wrong");
  if (bytes.substr(kMagic.size() + 8, kDigits) != key)
    refuse("the index was made with another model, of other documents or with other parameters");
  const auto count = number_at(bytes, kHeader - 16), dimensions = number_at(bytes, kHeader - 8);
  if (count != chunks || dimensions > kMostDimensions ||
      content.size() - kHeader != chunks * dimensions * sizeof(float))
    refuse("the index is damaged: its size is not that of its vectors");
  std::vector<float> vectors(chunks * dimensions);
  if (!vectors.empty()) std::memcpy(vectors.data(), content.data() + kHeader, vectors.size() * sizeof(float));
  if (!std::ranges::all_of(vectors, [](float x) { return std::isfinite(x); }))
    refuse("the index is damaged: a number is not finite");
  return {dimensions, std::move(vectors)};
}

Dense Dense::load(const std::filesystem::path& path, std::shared_ptr<const Corpus> corpus, Embed embed,
                  DenseOptions options) {
  const auto bytes = read_file(path);
  try {
    auto [dimensions, vectors] = parse_dense(bytes, dense_key(*corpus, options), corpus->chunks().size());
    return {std::move(corpus), std::move(embed), std::move(options), dimensions, std::move(vectors)};
  } catch (Error& error) {
    throw error.with_context(fmt::format("reading {}", path.string()));
  }
}

std::vector<Hit> Dense::find(std::string_view query, std::size_t top_k, const Patience& patience) const {
  if (vectors_.empty() || top_k == 0) return {};
  auto [vectors, cut] = embed_({options_.query_prefix + std::string(query)}, patience);
  if (cut > 0) log::warning("a query is longer than the context of the model of embeddings: its end was cut");
  check_length(vectors.size(), 1);
  Vector& asked = vectors.front();
  check_length(asked.size(), dimensions_);
  normalise(asked);
  std::vector<double> scores(corpus_->chunks().size());
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = product(asked, &vectors_[i * dimensions_]);
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto count = std::min(top_k, order.size());
  // Chunks are in the order of ids and places, so the smaller index stands before at equal scores.
  std::ranges::partial_sort(
      order, order.begin() + static_cast<std::ptrdiff_t>(count),
      [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<Hit> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(corpus_->hit(order[i], scores[order[i]]));
  return out;
}

}  // namespace ipw::tools
