// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_doorman.h"

#include <unistd.h>

#include "ipw/base/text.h"
#include "ipw/rpc/token.h"

namespace ipw::rpc {
namespace {

// gRPC names a connection that we accepted ourselves after its descriptor.
constexpr std::string_view kOurs = "fd:";

bool has_token(const grpc::ServerContextBase& context, const std::string& token) {
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  bool found = false;
  for (auto i = first; i != last; ++i) found = carries({i->second.data(), i->second.size()}, token) || found;
  return found;
}

}  // namespace

void Doorman::note_user(int descriptor, uid_t user) {
  const std::lock_guard lock(mutex_);
  users_[descriptor] = user;
}

Peer Doorman::judge(const grpc::ServerContextBase& context) const {
  if (has_token(context, token_)) return {true, true};
  const std::string peer = context.peer();
  if (!peer.starts_with(kOurs)) return {token_.empty(), false};
  const auto descriptor = parse_int(std::string_view(peer).substr(kOurs.size()));
  const std::lock_guard lock(mutex_);
  const auto user = users_.find(static_cast<int>(descriptor.value_or(-1)));
  const bool trusted = user != users_.end() && (user->second == 0 || user->second == ::geteuid());
  return {true, trusted};
}

}  // namespace ipw::rpc
