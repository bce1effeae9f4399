// SPDX-License-Identifier: Apache-2.0
// Collectors in a process of their own: what crashes there costs a gap, not the run.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/collectors.h"

namespace ipw::telemetry {

/// The first argument by which a program knows that it is to be a helper; see run_helper().
inline constexpr std::string_view kHelperWord = "--collector-helper";

/// Make a collector that runs in a child process: the program `command` with kHelperWord, the collector's
/// name and its options (encode_options) behind it, and the environment of this process. A child that dies is
/// started again, first after 0.2 s, then more and more slowly; until then its domains are Lost. One that
/// does not answer for ten seconds is killed. The clocks are the machine's, so stamps need no alignment.
/// Throws Error(Unavailable) with the child's own reason when it cannot be made there.
std::unique_ptr<Collector> make_isolated(const std::vector<std::string>& command, const std::string& name,
                                         const CollectorOptions& options);

/// Be the child: answer each byte on standard input with a sample on standard output, until it is closed.
/// `arguments` follow kHelperWord. Returns the exit status.
int run_helper(std::span<const CollectorRow> rows, const std::vector<std::string>& arguments, Clock& clock);

}  // namespace ipw::telemetry
