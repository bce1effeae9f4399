// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/http/session.h"

namespace ipw::http {

/// Make a session on libcurl's multi interface.
std::unique_ptr<Session> make_curl_session();

}  // namespace ipw::http
