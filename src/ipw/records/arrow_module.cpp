// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/module.h"
#include "ipw/records/arrow_api.h"
#include "ipw/records/arrow_internal.h"

namespace {
constexpr ipw::records::ArrowApi kApi = {ipw::records::open_arrow_files, ipw::records::write_arrow_file};
}

IPW_EXPORT_MODULE(kApi);
