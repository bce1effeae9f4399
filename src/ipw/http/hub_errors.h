// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "ipw/base/error.h"
#include "ipw/http/hub.h"
#include "ipw/http/session.h"

namespace ipw::http {

/// Say what a refusal of the hub means and what to do (reference: protocols.md 9.2). Never holds the token.
Error hub_error(const HubFile& file, const HubOptions& options, const Result& result);

}  // namespace ipw::http
