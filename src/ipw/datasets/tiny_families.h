// SPDX-License-Identifier: Apache-2.0
// The question families of the tiny models, as models/recipe/data.py words them: twelve families, levels 1
// to 4.
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/datasets/random.h"

namespace ipw::datasets {

/// The closed lists that questions are drawn from (data/ipw-tiny.json, shared with the training recipe).
struct TinyTables {
  std::vector<std::string> words, days;
  std::vector<std::vector<std::string>> rhymes;                         ///< groups of words that rhyme
  std::vector<std::pair<std::string, std::string>> capitals, elements;  ///< country, capital; name, symbol
};

/// Throws Error(NotFound | Format).
TinyTables read_tiny_tables(const std::filesystem::path& file);

struct TinyQuestion {
  std::string problem, answer;
  std::vector<std::string> choices;  ///< of the families with options A to D; the problem names them
};

struct TinyFamily {
  std::string_view name;
  bool facts;  ///< a closed set that training saw whole; the others hold 5 % back
  TinyQuestion (*draw)(SplitMix64&, int level, const TinyTables&);
};
std::span<const TinyFamily> tiny_families();

/// Whether training never saw this question: the same hash of the text as in the recipe, one in twenty.
bool held_out(std::string_view problem);

}  // namespace ipw::datasets
