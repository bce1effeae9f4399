// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/retriever.h"

#include <tuple>

namespace ipw::tools {

bool stands_before(const Hit& a, const Hit& b) {
  if (a.score != b.score) return a.score > b.score;
  return std::tie(a.document, a.begin) < std::tie(b.document, b.begin);
}

}  // namespace ipw::tools
