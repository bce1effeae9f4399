// SPDX-License-Identifier: Apache-2.0
// How long somebody waits for an answer.
#pragma once
#include <stop_token>

#include "ipw/base/clock.h"

namespace ipw::tools {

struct Patience {
  Seconds most{30};
  std::stop_token stop;  ///< ends it before
};

}  // namespace ipw::tools
