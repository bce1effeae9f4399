// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/exec_stream.h"

#include <algorithm>

namespace ipw::sandbox {

bool ExecStream::feed(std::string_view bytes) {
  while (sound_ && !bytes.empty()) {
    if (left_ > 0) {
      const auto piece = bytes.substr(0, left_);
      take_(stream_, piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      continue;
    }
    const auto more = std::min(head_.size() - have_, bytes.size());
    std::ranges::copy(bytes.substr(0, more), head_.begin() + static_cast<std::ptrdiff_t>(have_));
    have_ += more;
    bytes.remove_prefix(more);
    if (have_ == head_.size()) sound_ = read_head();
  }
  return sound_;
}

bool ExecStream::read_head() {
  have_ = 0;
  stream_ = head_[0];
  if (stream_ < 0 || stream_ > 3 || head_[1] != 0 || head_[2] != 0 || head_[3] != 0) return false;
  left_ = 0;
  for (std::size_t i = 4; i < head_.size(); ++i) left_ = left_ << 8 | static_cast<unsigned char>(head_[i]);
  return true;
}

}  // namespace ipw::sandbox
