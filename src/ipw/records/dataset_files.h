// SPDX-License-Identifier: Apache-2.0
// The two JSON files beside the shards of a Hugging Face dataset (`save_to_disk` layout).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/records/rows.h"

namespace ipw::records {

/// Extra key of state.json: the length of the journal that the dataset was made from. Other loaders ignore
/// it.
inline constexpr const char* kJournalBytesKey = "_ipw_journal_bytes";

Json dataset_info_json(const std::vector<Column>& columns, const std::string& description);
Json state_json(const std::vector<std::string>& shards, const std::string& fingerprint,
                std::uint64_t journal_bytes);

}  // namespace ipw::records
