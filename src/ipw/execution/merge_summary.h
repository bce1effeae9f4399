// SPDX-License-Identifier: Apache-2.0
// What the summaries of several shards say together: pure functions of JSON.
#pragma once
#include <string>
#include <vector>

#include "ipw/base/json.h"

namespace ipw::execution {

/// Add numbers up, key by key, in objects of any depth; what is equal everywhere stays, all else is null.
Json add_up(const std::vector<Json>& values);
/// The value that a key has in all of them, else null.
Json common(const std::vector<Json>& summaries, const char* key);

/// The instrument's card of all shards: joules, ticks and CPU seconds are sums; domains are those of the
/// first that has them; idle baselines, gauges, activity and problems stay apart by `shard`, whose numbers
/// stand in `shards` in the same order.
Json join_telemetry(const std::vector<Json>& summaries, const std::vector<std::size_t>& shards);
/// Requests + idle + unattributed = device, over all shards; null where no shard has it.
/// Dedicated where every shard was, not where one was not; the processes of others with their shards.
Json join_dedicated(const std::vector<Json>& summaries);
Json join_attribution(const std::vector<Json>& summaries);
/// The phases of scoring together; null where no shard has one.
Json join_scoring(const std::vector<Json>& summaries);

}  // namespace ipw::execution
