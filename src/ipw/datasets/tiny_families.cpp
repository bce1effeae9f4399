// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/tiny_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"

namespace ipw::datasets {
namespace {

using Texts = std::vector<std::string>;

template <class T>
const T& pick(SplitMix64& random, const std::vector<T>& list) {
  return list[random.below(list.size())];
}

template <class T>
void shuffle(SplitMix64& random, std::vector<T>& list) {
  for (auto left = list.size(); left > 1; --left) std::swap(list[left - 1], list[random.below(left)]);
}

bool heads(SplitMix64& random) {
  return random.below(2) == 0;
}

int power_of_ten(int exponent) {
  int out = 1;
  for (; exponent > 0; --exponent) out *= 10;
  return out;
}

int between(SplitMix64& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low)));
}

/// A number with this many digits; with one digit also 0.
int number(SplitMix64& random, int digits) {
  return between(random, digits > 1 ? power_of_ten(digits - 1) : 0, power_of_ten(digits));
}

std::vector<int> distinct(SplitMix64& random, int low, int high, std::size_t count) {
  std::vector<int> out;
  while (out.size() < count)
    if (const int x = between(random, low, high); std::ranges::find(out, x) == out.end()) out.push_back(x);
  return out;
}

/// Shuffle the options (the right one comes first) and append them as "A) x B) y C) z D) w".
TinyQuestion with_letters(SplitMix64& random, std::string_view question, Texts options) {
  const auto right = options.front();
  shuffle(random, options);
  const auto at = std::ranges::find(options, right) - options.begin();
  return {fmt::format("{} A) {} B) {} C) {} D) {}", question, options[0], options[1], options[2], options[3]),
          std::string(1, static_cast<char>('A' + at)), options};
}

TinyQuestion add(SplitMix64& random, int level, const TinyTables&) {
  const int a = number(random, level), b = number(random, level);
  return {fmt::format("What is {} + {}?", a, b), std::to_string(a + b), {}};
}

TinyQuestion sub(SplitMix64& random, int level, const TinyTables&) {
  const int a = number(random, level), b = number(random, level);
  return {
      fmt::format("What is {} - {}?", std::max(a, b), std::min(a, b)), std::to_string(std::abs(a - b)), {}};
}

TinyQuestion mul(SplitMix64& random, int level, const TinyTables&) {
  const int a = number(random, level > 1 ? 2 : 1);
  const int b = level == 2 ? between(random, 2, 6) : number(random, level > 3 ? 2 : 1);
  return {fmt::format("What is {} x {}?", a, b), std::to_string(a * b), {}};
}

/// Half of the pairs differ in one digit only.
TinyQuestion cmp(SplitMix64& random, int level, const TinyTables&) {
  const int a = number(random, level + 1);
  int b = number(random, level + 1);
  if (heads(random)) {
    auto digits = std::to_string(a);
    digits[random.below(digits.size())] = static_cast<char>('1' + random.below(9));
    b = std::stoi(digits);
  }
  if (a == b) ++b;
  const bool larger = heads(random);
  return {fmt::format("Which is {}, {} or {}?", larger ? "larger" : "smaller", a, b),
          std::to_string(larger ? std::max(a, b) : std::min(a, b)),
          {}};
}

TinyQuestion sort(SplitMix64& random, int level, const TinyTables&) {
  auto numbers = distinct(random, 10, 100, static_cast<std::size_t>(level) + 1);
  const auto problem = fmt::format("Sort {}", fmt::join(numbers, " "));
  std::ranges::sort(numbers);
  return {problem, fmt::format("{}", fmt::join(numbers, " ")), {}};
}

TinyQuestion reverse(SplitMix64& random, int level, const TinyTables& tables) {
  std::string word;
  if (level == 2 && heads(random)) {
    word = pick(random, tables.words);
  } else {
    for (int i = 0; i < level + 2; ++i) word += static_cast<char>('a' + random.below(26));
  }
  return {"Reverse " + word, {word.rbegin(), word.rend()}, {}};
}

TinyQuestion count(SplitMix64& random, int level, const TinyTables&) {
  static constexpr std::string_view kLetters = "abcdeilnorst";
  const auto letter = [&] { return kLetters[random.below(kLetters.size())]; };
  const auto length = 3 + 2 * static_cast<std::size_t>(level);
  const char sought = letter();
  std::vector<char> word(random.below(std::min<std::size_t>(length, 6) + 1), sought);
  while (word.size() < length) word.push_back(letter());
  shuffle(random, word);
  return {fmt::format("How many {} in {}?", sought, std::string(word.begin(), word.end())),
          std::to_string(std::ranges::count(word, sought)),
          {}};
}

TinyQuestion extreme(SplitMix64& random, int level, const TinyTables&) {
  const int digits = 1 + (level + 1) / 2;
  auto numbers = distinct(random, power_of_ten(digits - 1), power_of_ten(digits), 4);
  const bool largest = heads(random);
  std::ranges::sort(numbers);
  if (largest) std::ranges::reverse(numbers);
  Texts options;
  for (const int x : numbers) options.push_back(std::to_string(x));
  return with_letters(random, largest ? "Which is the largest?" : "Which is the smallest?",
                      std::move(options));
}

TinyQuestion rhyme(SplitMix64& random, int, const TinyTables& tables) {
  auto groups = tables.rhymes;
  shuffle(random, groups);
  shuffle(random, groups[0]);
  Texts options = {groups[0][1]};
  for (std::size_t i = 1; i < 4; ++i) options.push_back(pick(random, groups[i]));
  return with_letters(random, fmt::format("Which rhymes with {}?", groups[0][0]), std::move(options));
}

TinyQuestion capital(SplitMix64& random, int level, const TinyTables& tables) {
  const auto& [country, city] = pick(random, tables.capitals);
  if (level <= 2) return {fmt::format("What is the capital of {}?", country), city, {}};
  Texts options = {city};
  while (options.size() < 4)
    if (const auto& other = pick(random, tables.capitals).second;
        std::ranges::find(options, other) == options.end())
      options.push_back(other);
  return with_letters(random, fmt::format("Capital of {}?", country), std::move(options));
}

TinyQuestion element(SplitMix64& random, int level, const TinyTables& tables) {
  const auto& [name, symbol] = pick(random, tables.elements);
  if (level <= 2) return {fmt::format("What is the symbol of {}?", name), symbol, {}};
  return {fmt::format("Which element is {}?", symbol), name, {}};
}

TinyQuestion day(SplitMix64& random, int level, const TinyTables& tables) {
  const auto from = random.below(7), days = 1 + random.below(3 * static_cast<std::uint64_t>(level));
  return {fmt::format("What day is {} days after {}?", days, tables.days[from]),
          tables.days[(from + days) % 7],
          {}};
}

std::vector<std::pair<std::string, std::string>> pairs(const Json& list) {
  return list.get<std::vector<std::pair<std::string, std::string>>>();
}

}  // namespace

TinyTables read_tiny_tables(const std::filesystem::path& file) {
  const auto json = read_json_file(file.string());
  try {
    return {json.at("words").get<Texts>(), json.at("days").get<Texts>(),
            json.at("rhymes").get<std::vector<Texts>>(), pairs(json.at("capitals")),
            pairs(json.at("elements"))};
  } catch (const std::exception& error) {
    throw Error(ErrorCode::Format, fmt::format("{}: {}", file.string(), error.what()),
                "install the data again");
  }
}

std::span<const TinyFamily> tiny_families() {
  static constexpr std::array<TinyFamily, 12> kFamilies = {{{"add", false, &add},
                                                            {"sub", false, &sub},
                                                            {"mul", false, &mul},
                                                            {"cmp", false, &cmp},
                                                            {"sort", false, &sort},
                                                            {"rev", false, &reverse},
                                                            {"count", false, &count},
                                                            {"max", false, &extreme},
                                                            {"rhyme", false, &rhyme},
                                                            {"cap", true, &capital},
                                                            {"elem", true, &element},
                                                            {"day", true, &day}}};
  return kFamilies;
}

bool held_out(std::string_view problem) {
  std::uint32_t hash = 2166136261U;
  for (const char c : problem) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return (hash >> 7) % 20 == 0;
}

}  // namespace ipw::datasets
