// SPDX-License-Identifier: Apache-2.0
// Base64, and the texts that benchmarks hide from search engines and crawlers.
#pragma once
#include <string>
#include <string_view>

namespace ipw::datasets {

/// Base64 (RFC 4648) with or without padding; white space is passed over. Throws Error(Format).
std::string decode_base64(std::string_view text);
/// Base64 with padding.
std::string encode_base64(std::string_view bytes);

/// BrowseComp's way: Base64, then XOR with the SHA-256 of the row's canary, repeated. Throws Error(Format).
std::string decrypt_with_canary(std::string_view text, std::string_view canary);

/// LiveCodeBench's private tests: Base64 of a zlib stream (RFC 1950) of a Python pickle that is one text. No
/// more than that of pickle is understood, and nothing is executed. Throws Error(Format), also beyond 512
/// MiB.
std::string decode_private_tests(std::string_view text);

}  // namespace ipw::datasets
