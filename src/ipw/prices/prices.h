// SPDX-License-Identifier: Apache-2.0
// What a provider charges for tokens, and what the tokens of a query cost by that (docs/guide/cost.md).
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/result.h"
#include "ipw/records/query_record.h"

namespace ipw::prices {

/// One row of a price file; USD per million tokens.
struct Price {
  std::string model;                 ///< the provider's id
  std::vector<std::string> aliases;  ///< other ids of the same model
  double input = 0, output = 0;
  std::optional<double> cached_input;  ///< absent: cached tokens cost what others do
  std::optional<double> reasoning;     ///< absent: they cost what output does
  std::optional<std::int64_t>
      up_to_input_tokens;          ///< a request with more of them has a price that we do not have
  bool reasoning_apart = false;    ///< the provider's count of output tokens leaves the reasoning tokens out
  std::string source;              ///< the price page
  std::string as_of;               ///< the day on which it was read, YYYY-MM-DD
  std::vector<std::string> hosts;  ///< where the price holds; empty: everywhere
  std::string file;                ///< that the row is from
};

/// Read a price file. Throws Error(NotFound | Format) that names file, row and field.
std::vector<Price> read_price_file(const std::filesystem::path& path);

/// The price of a model at an address, or why there is none.
using Quote = Result<Price, std::string>;

/// Price files, the first of which knows best.
class PriceTable {
 public:
  /// Rows of the file that stands first win.
  explicit PriceTable(std::vector<std::vector<Price>> files) : files_(std::move(files)) {}
  /// Find a model by its id, an alias, or the id that a dated snapshot belongs to; nothing is guessed.
  Quote quote(std::string_view model, std::string_view base_url) const;
  const std::vector<std::vector<Price>>& files() const { return files_; }

 private:
  std::vector<std::vector<Price>> files_;
};

/// Open the user's file (empty: none, it must exist), that of the user's settings and ours, where they exist.
PriceTable open_prices(const std::filesystem::path& given, const std::filesystem::path& config_dir,
                       const std::filesystem::path& data_dir);

/// The id without the date of its snapshot: "gpt-5-nano" of "gpt-5-nano-2025-08-07" or "...-20250807"; the
/// same text where there is none.
std::string_view without_date(std::string_view model);

/// What the tokens of one request cost, or why that is not known.
Result<records::Cost, std::string> cost_of(const Price& price, const records::Tokens& tokens);

}  // namespace ipw::prices
