// SPDX-License-Identifier: Apache-2.0
// The shared secret between a monitor and its clients.
#pragma once
#include <string>
#include <string_view>

namespace ipw::rpc {

/// Compare in a time that does not depend on where two texts differ.
bool same_secret(std::string_view given, std::string_view expected);
/// What a client sends as `authorization`.
std::string bearer(std::string_view token);
/// Tell whether an `authorization` value carries that token.
bool carries(std::string_view authorization, std::string_view token);

}  // namespace ipw::rpc
