// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/container_exec.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/sandbox/exec_stream.h"
#include "ipw/sandbox/marked.h"

namespace ipw::sandbox {
namespace {

constexpr const char* kMark = "IPW_COMMAND";

/// Stop all that have the mark until no new one is found, then kill them. Builtins of the shell alone: at
/// its limit of processes a container has none left to start others with. Signals have numbers since names
/// differ between shells.
constexpr const char* kKillScript = R"(all() {
  n=0
  for p in /proc/[0-9]*; do
    while IFS= read -r l || [ -n "$l" ]; do
      case $l in *"$1"*) kill -s "$2" "${p#/proc/}" 2>/dev/null; n=$((n + 1)); break ;; esac
    done 2>/dev/null <"$p/environ"
  done
}
r=0
while [ $r -lt 50 ]; do
  r=$((r + 1)); b=-1; n=0
  while [ $n != $b ]; do b=$n; all "$1" STOP; done
  [ $n = 0 ] && exit 0
  all "$1" KILL
done 2>/dev/null)";

using Clock = std::chrono::steady_clock;

Clock::time_point after(Seconds wait) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(wait);
}

/// The words that the container starts.
Json words(const Command& command, const std::string& input_file) {
  Json out = {"sh", "-c"};
  if (input_file.empty()) {
    out.insert(out.end(), {R"(exec "$@")", "sh"});
  } else {
    out.insert(out.end(), {R"(exec <"$0"; rm -f "$0" 2>/dev/null; exec "$@")", input_file});
  }
  for (const auto& word : command.argv) out.push_back(word);
  return out;
}

}  // namespace

/// What is heard of a command while it runs.
struct ContainerExec::Watch {
  CommandEnd& end;
  std::size_t most;
  std::string foreign;  ///< what the engine sent in place of the streams
  bool flooded = false;

  void take(int stream, std::string_view bytes) {
    auto& into = stream == 2 ? end.errors : end.output;
    const auto room = most - std::min(most, into.size());
    into += bytes.substr(0, room);
    flooded = flooded || bytes.size() > room;
  }
};

void ContainerExec::run(const Command& command, const std::string& input_file, CommandEnd& end) const {
  const auto mark = new_mark();
  const auto exec = create(command, input_file, mark);
  collect(exec, command, end);
  if (!end.limit.empty()) return kill(exec, mark);
  const auto state = ended(exec, Seconds(5));
  if (state.exit_status >= 128 || state.exit_status < 0) must_run();
  end.exit_status = state.exit_status;
}

std::string ContainerExec::create(const Command& command, const std::string& input_file,
                                  const std::string& mark) const {
  Json environment = {fmt::format("{}={}", kMark, mark)};
  for (const auto& [name, value] : command.environment)
    environment.push_back(fmt::format("{}={}", name, value));
  Json body = {{"AttachStdout", true},
               {"AttachStderr", true},
               {"Env", environment},
               {"Cmd", words(command, input_file)}};
  if (!command.folder.empty()) body["WorkingDir"] = command.folder;
  if (!command.user.empty()) body["User"] = command.user;
  const EngineCall call{
      .method = "POST", .path = fmt::format("/containers/{}/exec", container_), .body = dump_json(body)};
  try {
    return api_.must_json(call, "cannot run a command in the container").at("Id").get<std::string>();
  } catch (const Error&) {
    must_run();
    throw;
  }
}

/// Collect both streams until they end, the command has ended (what it left in the background may hold
/// them), or a limit is reached.
void ContainerExec::collect(const std::string& exec, const Command& command, CommandEnd& end) const {
  constexpr Seconds kTurn{0.05}, kLinger{0.3};
  Watch watch{end, command.most_output, {}, false};
  ExecStream stream([&](int number, std::string_view bytes) { watch.take(number, bytes); });
  std::stop_source stop;
  auto request = api_.request({.method = "POST",
                               .path = fmt::format("/exec/{}/start", exec),
                               .body = R"({"Detach":false,"Tty":false})",
                               .timeout = Seconds(0),
                               .stop = stop.get_token()});
  std::optional<http::Result> result;
  int status = 0;
  const auto session = http::make_session();
  session->start(
      std::move(request), [&](int code, const http::Headers&) { status = code; },
      [&](const http::Chunk& chunk) {
        if (status >= 300 || !stream.feed(chunk.bytes)) watch.foreign += chunk.bytes;
        return !watch.flooded && watch.foreign.size() < 65536;
      },
      [&](http::Result r) { result = std::move(r); });
  const auto deadline = after(command.wall);
  Seconds pause{0.2};
  auto look = after(pause);
  std::optional<Clock::time_point> linger;
  while (!result) {
    session->drive(kTurn);
    if (command.stop.stop_requested()) end.limit = "stopped";
    if (end.limit.empty() && Clock::now() >= deadline) end.limit = "wall";
    if (!linger && Clock::now() >= look) {
      if (status == 200 && !inspect(exec).running) linger = after(kLinger);
      pause = std::min(pause * 1.5, Seconds(2));
      look = after(pause);
    }
    if (!end.limit.empty() || (linger && Clock::now() >= *linger)) break;
  }
  if (!result) stop.request_stop();
  while (!result) session->drive(kTurn);
  if (watch.flooded) end.limit = "output";
  if (status >= 300 || !watch.foreign.empty())
    throw Error(ErrorCode::Unavailable,
                fmt::format("the container engine: {}", engine_message(watch.foreign)));
  if (status == 0 && end.limit.empty()) {
    must_run();
    throw Error(ErrorCode::Unavailable,
                fmt::format("the container engine at {} does not answer", api_.where()));
  }
}

ContainerExec::ExecState ContainerExec::inspect(const std::string& exec) const {
  const auto answer = api_.ask({.path = fmt::format("/exec/{}/json", exec)});
  if (!answer.ok()) {
    must_run();
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot ask for the end of a command: {}", engine_message(answer.body)));
  }
  const auto json = parse_json(answer.body).value_or(Json::object());
  const auto running = json.find("Running");
  const auto code = json.find("ExitCode");
  ExecState out;
  out.running = running != json.end() && running->is_boolean() && running->get<bool>();
  if (code != json.end() && code->is_number_integer()) out.exit_status = code->get<int>();
  return out;
}

ContainerExec::ExecState ContainerExec::ended(const std::string& exec, Seconds within) const {
  const auto deadline = after(within);
  for (;;) {
    const auto state = inspect(exec);
    if (!state.running) return state;
    if (Clock::now() >= deadline) {
      must_run();
      throw Error(ErrorCode::Timeout, "the streams of a command ended, the command did not");
    }
    ::usleep(10'000);
  }
}

ContainerState ContainerExec::state() const {
  const auto answer = api_.ask({.path = fmt::format("/containers/{}/json", container_)});
  if (answer.result.status == 404) return {};
  const auto json = parse_json(answer.body);
  if (!answer.ok() || !json || !json->is_object() || !json->contains("State"))
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot ask for the container: {}", engine_message(answer.body)));
  const auto& state = json->at("State");
  return {state.value("Running", false), state.value("Pid", 0)};
}

void ContainerExec::must_run() const {
  if (!state().running)
    throw Error(ErrorCode::Unavailable,
                "the container has ended before its time: killed from outside or out of memory");
}

void ContainerExec::kill(const std::string& exec, const std::string& mark) const {
  constexpr Seconds kPatience{5};
  try {
    if (kill_marked(fmt::format("{}={}", kMark, mark)) == 0) kill_from_inside(mark);
    ended(exec, kPatience);
  } catch (const Error& error) {
    log::warning("a command in a container could not be ended, so the container is: {}", error.what());
    api_.ask({.method = "POST", .path = fmt::format("/containers/{}/kill", container_)});
  }
}

void ContainerExec::kill_from_inside(const std::string& mark) const {
  const Json body = {{"User", "0"},
                     {"AttachStdout", true},
                     {"AttachStderr", true},
                     {"Privileged", true},  // to see the environment of other users' processes
                     {"Cmd", {"sh", "-c", kKillScript, "sh", fmt::format("{}={}", kMark, mark)}}};
  const auto made = api_.must_json(
      {.method = "POST", .path = fmt::format("/containers/{}/exec", container_), .body = dump_json(body)},
      "cannot end a command in the container");
  api_.must({.method = "POST",
             .path = fmt::format("/exec/{}/start", made.at("Id").get<std::string>()),
             .body = R"({"Detach":false,"Tty":false})",
             .timeout = Seconds(15)},
            "cannot end a command in the container");
}

}  // namespace ipw::sandbox
