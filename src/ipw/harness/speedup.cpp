// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/speedup.h"

#include <re2/re2.h>

#include <cmath>

#include "ipw/base/text.h"

namespace ipw::harness {

std::optional<Runtime> runtime_of(std::string_view log) {
  static const RE2 kFigure(R"((?:Mean|Std\s*Dev):\s*(\S+))", RE2::Latin1);
  std::string lines;
  for (const auto line : split(log, '\n'))
    if (!line.starts_with('+')) (lines += line) += '\n';
  re2::StringPiece rest(lines);
  std::string mean, deviation;
  if (!RE2::FindAndConsume(&rest, kFigure, &mean) || !RE2::FindAndConsume(&rest, kFigure, &deviation))
    return std::nullopt;
  const auto m = parse_double(mean), d = parse_double(deviation);
  if (!m || !d || *m <= 0 || *d < 0) return std::nullopt;
  return Runtime{*m, *d};
}

bool Speedup::is_faster() const {
  return before.mean - after.mean > std::hypot(before.deviation, after.deviation);
}

std::string_view isolated_workload_runner() {
  return R"(import os
import runpy
import struct
import sys
import timeit
import traceback


def once(stmt, setup, timer, number, namespace):
    """Seconds of one repetition, measured in a child."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            seconds = timeit.Timer(stmt, setup, timer, namespace).timeit(number)
            os.write(writing, struct.pack("d", seconds))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or len(answer) != struct.calcsize("d"):
        raise RuntimeError("a repetition of the workload failed")
    return struct.unpack("d", answer)[0]


def repeat(stmt="pass", setup="pass", timer=timeit.default_timer, repeat=5, number=1, globals=None):
    return [once(stmt, setup, timer, number, globals) for _ in range(repeat)]


timeit.repeat = repeat
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
)";
}

TestStatuses statuses_by_file(std::string_view log, LogParser parser) {
  TestStatuses out;
  for (auto at = log.find(kTestFileMarker); at != std::string_view::npos;) {
    const auto next = log.find(kTestFileMarker, at + kTestFileMarker.size());
    for (const auto& [test, status] : parser(log.substr(at, next == log.npos ? log.npos : next - at)))
      out[test] = status;
    at = next;
  }
  return out;
}

std::vector<std::string> not_passed(const std::vector<std::string>& pass_to_pass,
                                    const TestStatuses& statuses) {
  std::vector<std::string> out;
  for (const auto& test : pass_to_pass) {
    const auto it = statuses.find(test);
    if (it == statuses.end() || it->second.find("PASS") == std::string::npos) out.push_back(test);
  }
  return out;
}

}  // namespace ipw::harness
