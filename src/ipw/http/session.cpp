// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/session.h"

#include <fmt/format.h>

#include "ipw/base/module.h"
#include "ipw/base/text.h"
#include "ipw/http/curl_api.h"

namespace ipw::http {

std::unique_ptr<Session> make_session() {
  return module_api<CurlApi>("curl").make_session();
}

Result send(Session& session, Request request, OnChunk on_chunk, OnHeaders on_headers) {
  std::optional<Result> result;
  session.start(std::move(request), std::move(on_headers), std::move(on_chunk),
                [&](Result r) { result = std::move(r); });
  while (!result) session.drive(Seconds(1));
  return std::move(*result);
}

Response fetch(Session& session, Request request, std::size_t max_body) {
  Response response;
  bool too_large = false;
  response.result = send(session, std::move(request), [&](const Chunk& chunk) {
    too_large = response.body.size() + chunk.bytes.size() > max_body;
    if (!too_large) response.body += chunk.bytes;
    return !too_large;
  });
  if (too_large)
    response.result.failure = {TransferFailure::Kind::Protocol,
                               fmt::format("the body is larger than {}", human_bytes(max_body))};
  return response;
}

}  // namespace ipw::http
