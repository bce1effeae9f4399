// SPDX-License-Identifier: Apache-2.0
// The option that names a price file, the same for every command that knows about money.
#pragma once
#include "ipw/cli/command.h"

namespace ipw::cli {

inline constexpr Option kPricesOption = {"--prices",
                                         "FILE",
                                         "",
                                         "Prices of tokens that win over those of ~/.config/ipw/prices.json "
                                         "and of ipw; `ipw list prices` shows them.",
                                         Kind::Text,
                                         "Cost"};

}  // namespace ipw::cli
