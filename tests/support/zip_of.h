// SPDX-License-Identifier: Apache-2.0
// Zip files for tests, written by another program than the one that is tested.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"

namespace ipw {

/// A zip of these members in this order, by Python's zipfile.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& members) {
  ProcessRequest request;
  request.argv = {"python3", "-c",
                  "import io, sys, zipfile\n"
                  "data, out, at = sys.stdin.buffer.read(), io.BytesIO(), 0\n"
                  "with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:\n"
                  "    for name, size in zip(sys.argv[1::2], map(int, sys.argv[2::2])):\n"
                  "        z.writestr(name, data[at:at + size])\n"
                  "        at += size\n"
                  "sys.stdout.buffer.write(out.getvalue())\n"};
  request.timeout = Seconds(60);
  for (const auto& [name, content] : members) {
    request.argv.push_back(name);
    request.argv.push_back(std::to_string(content.size()));
    request.input += content;
  }
  auto result = run_process(request);
  if (result.exit_status != 0) throw Error(ErrorCode::Unavailable, "python3 made no zip: " + result.err);
  return std::move(result.out);
}

}  // namespace ipw
