// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl_mirror.h"

#include <algorithm>

namespace ipw::telemetry {

namespace {
constexpr int kChanges = 8;     // after so many the offset is no accident
constexpr int kSameReads = 16;  // for registers that are equal
constexpr double kRounding = 1e-9;
}  // namespace

bool is_mirror(const std::function<std::optional<double>()>& first,
               const std::function<std::optional<double>()>& second, int most_reads) {
  double least = -1e300, most = 1e300;  // what the offset can be
  bool equal = true;
  int changes = 0;
  auto before = first();
  for (int n = 0; n < most_reads; ++n) {
    const auto other = second(), after = first();
    if (!before || !other || !after || *after < *before) return false;
    equal = equal && *other > 0 && *before <= *other && *other <= *after;
    least = std::max(least, *other - *after - kRounding);
    most = std::min(most, *other - *before + kRounding);
    if (least > most) return false;
    if (equal && n >= kSameReads) return true;
    changes += *after > *before ? 1 : 0;
    if (changes >= kChanges) return true;
    before = after;
  }
  return false;
}

}  // namespace ipw::telemetry
