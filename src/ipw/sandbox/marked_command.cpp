// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/marked_command.h"

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"
#include "ipw/sandbox/marked.h"

namespace ipw::sandbox {
namespace {

constexpr Seconds kLinger{0.3};
constexpr int kNoSuchProgram = 127, kCannotRun = 126;  // as shells have it

CommandEnd end_of(ProcessResult result) {
  CommandEnd end;
  if (result.timed_out)
    end.limit = "wall";
  else if (result.stopped)
    end.limit = "stopped";
  else if (result.flooded)
    end.limit = "output";
  else
    end.exit_status = result.exit_status;
  end.output = std::move(result.out);
  end.errors = std::move(result.err);
  return end;
}

CommandEnd failed_start(const Error& error) {
  CommandEnd end;
  if (error.code() == ErrorCode::NotFound || error.code() == ErrorCode::Permission) {
    end.exit_status = error.code() == ErrorCode::NotFound ? kNoSuchProgram : kCannotRun;
    end.errors = error.what();
  } else {
    end.error = error.what();
  }
  return end;
}

}  // namespace

CommandEnd run_marked(const MarkedStart& start, const Command& command) {
  const auto mark = "IPW_COMMAND=" + new_mark();
  ProcessRequest request;
  request.argv = start.argv;
  request.timeout = command.wall;
  request.input = command.input;
  request.most_output = command.most_output;
  request.folder = start.folder;
  request.environment = start.environment;
  request.environment.push_back(start.place_mark);
  request.environment.push_back(mark);
  request.only_this_environment = start.only_this_environment;
  request.stop = command.stop;
  request.linger = kLinger;
  CommandEnd end;
  try {
    end = end_of(run_process(request));
  } catch (const Error& error) {
    end = failed_start(error);
  }
  if (!end.limit.empty()) kill_marked(mark);
  return end;
}

}  // namespace ipw::sandbox
