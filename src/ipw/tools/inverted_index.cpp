// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/inverted_index.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "ipw/tools/porter.h"
#include "ipw/tools/words.h"

namespace ipw::tools {
namespace {

using Ids = std::unordered_map<std::string, std::uint32_t>;

/// Numbers words in the order in which they are first met; each spelling is stemmed once.
class Vocabulary {
 public:
  std::uint32_t id(const std::string& word) {
    if (const auto it = of_word_.find(word); it != of_word_.end()) return it->second;
    auto stem = word;
    porter_stem(stem);
    const auto [it, is_new] = of_stem_.emplace(std::move(stem), static_cast<std::uint32_t>(of_stem_.size()));
    return of_word_.emplace(word, it->second).first->second;
  }
  const Ids& stems() const { return of_stem_; }

 private:
  Ids of_word_, of_stem_;
};

struct Occurrence {
  std::uint32_t term = 0;
  Posting posting;
};

/// Count the words of one chunk; `ids` is room that is used again.
void count_words(std::string_view text, std::uint32_t chunk, Vocabulary& vocabulary,
                 std::vector<std::uint32_t>& ids, std::vector<Occurrence>& out) {
  ids.clear();
  WordReader reader(text);
  for (std::string word; reader.next(word);) ids.push_back(vocabulary.id(word));
  std::ranges::sort(ids);
  for (std::size_t i = 0, next = 0; i < ids.size(); i = next) {
    while (next < ids.size() && ids[next] == ids[i]) ++next;
    out.push_back({ids[i], {chunk, static_cast<std::uint32_t>(next - i)}});
  }
}

/// Write the words in order; the place of each id in that order.
std::vector<std::uint32_t> write_terms(const Ids& stems, InvertedIndex& index) {
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted(stems.begin(), stems.end());
  std::ranges::sort(sorted);
  std::vector<std::uint32_t> rank(sorted.size());
  for (const auto& [stem, id] : sorted) {
    rank[id] = static_cast<std::uint32_t>(index.term_ends.size());
    index.terms += stem;
    index.term_ends.push_back(index.terms.size());
  }
  return rank;
}

/// Put occurrences, which are in the order of chunks, behind one another word by word: a counting sort.
void place(const std::vector<Occurrence>& occurrences, const std::vector<std::uint32_t>& rank,
           InvertedIndex& index) {
  std::vector<std::uint64_t> next(rank.size() + 1, 0);
  for (const auto& [term, posting] : occurrences) ++next[rank[term] + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  index.posting_ends.assign(next.begin() + 1, next.end());
  index.postings.resize(occurrences.size());
  for (const auto& [term, posting] : occurrences) index.postings[next[rank[term]]++] = posting;
}

}  // namespace

std::string_view InvertedIndex::term(std::size_t i) const {
  const auto begin = i == 0 ? 0 : term_ends[i - 1];
  return std::string_view(terms).substr(begin, term_ends[i] - begin);
}

std::span<const Posting> InvertedIndex::postings_of(std::size_t term) const {
  const auto begin = term == 0 ? 0 : posting_ends[term - 1];
  return std::span(postings).subspan(begin, posting_ends[term] - begin);
}

std::span<const Posting> InvertedIndex::find(std::string_view word) const {
  std::size_t low = 0;
  for (auto high = term_ends.size(); low < high;) {
    const auto middle = low + (high - low) / 2;
    if (term(middle) < word)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == term_ends.size() || term(low) != word) return {};
  return postings_of(low);
}

InvertedIndex build_index(const Corpus& corpus) {
  Vocabulary vocabulary;
  std::vector<Occurrence> occurrences;
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < corpus.chunks().size(); ++i)
    count_words(corpus.text(i), static_cast<std::uint32_t>(i), vocabulary, ids, occurrences);
  InvertedIndex index;
  place(occurrences, write_terms(vocabulary.stems(), index), index);
  count_lengths(index, corpus.chunks().size());
  return index;
}

void count_lengths(InvertedIndex& index, std::size_t chunks) {
  index.lengths.assign(chunks, 0);
  for (const auto& posting : index.postings) index.lengths[posting.chunk] += posting.count;
}

}  // namespace ipw::tools
