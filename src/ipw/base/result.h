// SPDX-License-Identifier: Apache-2.0
// A value or the reason why there is none, for seams where the caller branches at once.
#pragma once
#include <tl/expected.hpp>

namespace ipw {

template <class T, class E>
using Result = tl::expected<T, E>;
template <class E>
using Unexpected = tl::unexpected<E>;

}  // namespace ipw
