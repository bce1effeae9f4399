// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/module.h"
#include "ipw/http/curl_session.h"
#include "ipw/http/session_api.h"

namespace ipw::http {
namespace {
constexpr SessionApi kApi = {make_curl_session};
}
}  // namespace ipw::http

IPW_EXPORT_MODULE(ipw::http::kApi);
