// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/encoded_text.h"

#include <zlib.h>

#include <array>
#include <cstdint>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/text.h"

namespace ipw::datasets {
namespace {

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::Format, what);
}

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::string inflate_all(std::string_view bytes) {
  constexpr std::size_t kMost = std::size_t{512} << 20;
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) fail("no memory to unpack");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 65536> buffer;
  int status = Z_OK;
  while (status == Z_OK && out.size() <= kMost) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    status = ::inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
    if (status == Z_OK && stream.avail_in == 0 && stream.avail_out == buffer.size()) status = Z_BUF_ERROR;
  }
  ::inflateEnd(&stream);
  if (status != Z_STREAM_END) fail("the packed tests are broken, or too large");
  return out;
}

/// Opcodes of pickle (Python's pickletools), as far as one text needs them.
class Pickle {
 public:
  explicit Pickle(std::string_view bytes) : bytes_(bytes) {}

  std::string text() {
    std::string out;
    for (;;) {
      const auto opcode = static_cast<unsigned char>(take(1)[0]);
      if (opcode == '.') return out;
      step(opcode, out);
    }
  }

 private:
  void step(unsigned char opcode, std::string& out) {
    constexpr unsigned char kProto = 0x80, kFrame = 0x95, kShort = 0x8C, kLong = 0x8D, kMemoize = 0x94;
    switch (opcode) {
      case kProto:
        take(1);
        break;
      case kFrame:
        take(8);
        break;
      case kShort:
        out = take(number(1));
        break;
      case 'X':
        out = take(number(4));
        break;
      case kLong:
        out = take(number(8));
        break;
      case kMemoize:
        break;
      case 'q':
        take(1);
        break;
      case 'r':
        take(4);
        break;
      default:
        fail("the packed tests are a pickle of more than one text");
    }
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) fail("the packed tests end too early");
    const auto out = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return out;
  }
  std::size_t number(std::size_t bytes) {
    std::size_t out = 0, shift = 0;
    for (const char c : take(bytes)) {
      out |= static_cast<std::size_t>(static_cast<unsigned char>(c)) << shift;
      shift += 8;
    }
    return out;
  }
  std::string_view bytes_;
};

}  // namespace

std::string decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=' || c == '\n' || c == '\r' || c == ' ') continue;
    const int value = sextet(c);
    if (value < 0) fail("this is no Base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= group.size() ? kLetters[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string decrypt_with_canary(std::string_view text, std::string_view canary) {
  const auto hex = sha256_hex(canary);
  std::string key;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    key += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  auto out = decode_base64(text);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ key[i % key.size()]);
  if (to_valid_utf8(out) != out) fail("the text does not fit its canary");
  return out;
}

std::string decode_private_tests(std::string_view text) {
  return Pickle(inflate_all(decode_base64(text))).text();
}

}  // namespace ipw::datasets
