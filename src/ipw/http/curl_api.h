// SPDX-License-Identifier: Apache-2.0
// What the module "curl" exports.
#pragma once
#include <memory>

#include "ipw/http/session.h"

namespace ipw::http {

struct CurlApi {
  std::unique_ptr<Session> (*make_session)();
};

}  // namespace ipw::http
