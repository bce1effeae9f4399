// SPDX-License-Identifier: Apache-2.0
// The helper's side of helper.h.
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <ctime>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"
#include "ipw/telemetry/helper.h"
#include "ipw/telemetry/helper_frames.h"
#include "ipw/telemetry/recording.h"

namespace ipw::telemetry {

namespace {

double process_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

bool send(Frame::Kind kind, std::string_view content) {
  const std::string frame = encode_frame(kind, content);
  for (std::size_t done = 0; done < frame.size();) {
    const ssize_t n = ::write(STDOUT_FILENO, frame.data() + done, frame.size() - done);
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

// A call that hangs must not outlive the program that wanted it.
void end_with_parent() {
  std::thread([] {
    pollfd in{STDIN_FILENO, 0, 0};
    while ((in.revents & (POLLHUP | POLLERR)) == 0) ::poll(&in, 1, -1);
    ::_exit(0);
  }).detach();
}

int answer(Collector& collector, Clock& clock) {
  std::size_t told = collector.domains().size();
  for (char request = 0; ::read(STDIN_FILENO, &request, 1) == 1;) {
    Sample sample;
    try {
      collector.poll(clock, sample);
    } catch (const std::exception& e) {
      sample = {};
      for (std::uint32_t i = 0; i < collector.domains().size(); ++i) sample.silent.emplace_back(i, e.what());
    }
    if (collector.domains().size() > told) {
      told = collector.domains().size();
      if (!send(Frame::Kind::Domains, header_line(collector.domains()))) return 1;
    }
    if (!send(Frame::Kind::Sample, encode_sample(sample, process_cpu_seconds()))) return 1;
  }
  return 0;
}

}  // namespace

int run_helper(std::span<const CollectorRow> rows, const std::vector<std::string>& arguments, Clock& clock) {
  prctl(PR_SET_TIMERSLACK, 1UL);
  end_with_parent();
  try {
    if (arguments.size() != 2) throw Error(ErrorCode::Usage, "a helper needs a collector and its options");
    const auto collector = require("collector", rows, arguments[0]).make(decode_options(arguments[1]));
    records::MachineInfo machine;
    collector->describe(machine);
    if (!send(Frame::Kind::Machine, encode_machine(machine))) return 1;
    if (!send(Frame::Kind::Domains, header_line(collector->domains()))) return 1;
    return answer(*collector, clock);
  } catch (const Error& e) {
    send(Frame::Kind::Failed, encode_error(e));
  } catch (const std::exception& e) {
    send(Frame::Kind::Failed, encode_error({ErrorCode::Internal, e.what()}));
  }
  return 1;
}

}  // namespace ipw::telemetry
