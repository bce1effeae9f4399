// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"
#include "ipw/http/host.h"

namespace ipw::servers {
namespace {

constexpr Nanoseconds kPoll = std::chrono::milliseconds(200);
constexpr Nanoseconds kStillWaiting = std::chrono::seconds(10);
constexpr Seconds kGently{10}, kForced{5};
constexpr std::size_t kShownLines = 12;

/// It stays a zombie, so that its number is nobody else's.
Error ended(const ServerSpec& spec, const ServerEntry& entry) {
  siginfo_t info{};
  std::string how;
  if (::waitid(P_PID, static_cast<id_t>(entry.process.pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
      info.si_pid == entry.process.pid)
    how = fmt::format(" {} {}", info.si_code == CLD_EXITED ? "with status" : "by signal", info.si_status);
  return {ErrorCode::Unavailable,
          fmt::format("{} ended{} before it was ready; its last words:\n{}", spec.engine, how,
                      last_lines(entry.log, kShownLines)),
          fmt::format("all it said is in {}; if the program is not installed: {}", entry.log,
                      engine_of(spec).install_hint)};
}

Error late(const ServerSpec& spec, const ServerEntry& entry, ServerProbe& probe, Nanoseconds waited) {
  const auto reason = probe.look().reason;  // it may listen and refuse us
  return {ErrorCode::Timeout,
          fmt::format("{} was not ready on port {} after {:.1f} s{}, and was stopped; its last words:\n{}",
                      spec.engine, spec.port, to_seconds(waited), reason.empty() ? "" : " (" + reason + ")",
                      last_lines(entry.log, kShownLines)),
          fmt::format("--wait-timeout, in bench --ready-timeout, gives it longer; all it said is in {}",
                      entry.log)};
}

Error another_model(const ServerSpec& spec, const std::vector<std::string>& models) {
  return {ErrorCode::Unavailable,
          fmt::format("port {} serves {}, not {}", spec.port,
                      models.empty() ? "no model" : fmt::format("{}", fmt::join(models, ", ")), spec.model),
          fmt::format("take another port, or stop that server; `ipw servers stop --port {}` stops it if ipw "
                      "started it",
                      spec.port)};
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "stopped while a server was being started");
}

/// However long it takes: its size is the network's matter, not that of the time for getting ready.
void fetch_model(const ServerSpec& spec, ServerProbe& probe, const StartOptions& options,
                 const std::stop_token& stop) {
  const auto trouble = probe.pull(options.tell);
  throw_if_stopped(stop);
  if (!trouble.empty())
    throw Error(ErrorCode::Unavailable,
                fmt::format("{} cannot fetch {}: {}", spec.engine, spec.model, trouble),
                "look whether the model's name is right and whether its registry can be reached");
}

}  // namespace

std::string last_lines(const std::string& path, std::size_t lines) {
  constexpr std::streamoff kMost = 8192;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return "(it has no log)";
  in.seekg(std::max<std::streamoff>(0, in.tellg() - kMost));
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto body = trim(text);
  if (body.empty()) return "(it said nothing)";
  std::size_t from = body.size();
  for (std::size_t i = 0; i < lines && from != body.npos && from > 0; ++i) from = body.rfind('\n', from - 1);
  return to_valid_utf8(from == body.npos || from == 0 ? body : body.substr(from + 1));
}

RunningServer ServerHost::start(const ServerSpec& spec, const StartOptions& options,
                                const std::stop_token& stop) const {
  check(spec);
  ServerProbe probe(spec, stop);
  RunningServer out{spec, {}, root_url(spec) + "/v1", false};
  out.reused = reuse(spec, probe, options, stop);
  const auto limit = clock_.now() + std::chrono::duration_cast<Nanoseconds>(options.wait);
  if (out.reused) {
    if (options.until_ready) make_answer(spec, probe, limit, options, stop);
    return out;
  }
  if (!http::is_loopback(spec.host))
    options.tell(fmt::format("everybody who reaches {}:{} can use the server", spec.host, spec.port));
  out.entry = launch(spec, options);
  if (!options.until_ready) return out;
  try {
    await_ready(spec, out.entry, probe, limit, options, stop);
    make_answer(spec, probe, limit, options, stop);
  } catch (...) {
    discard(out.entry);
    throw;
  }
  return out;
}

bool ServerHost::reuse(const ServerSpec& spec, ServerProbe& probe, const StartOptions& options,
                       const std::stop_token& stop) const {
  const auto look = probe.look();
  throw_if_stopped(stop);
  if (look.door == ServerProbe::Look::Door::Free) return false;
  if (look.door == ServerProbe::Look::Door::Other)
    throw Error(ErrorCode::Unavailable,
                fmt::format("port {} is taken by something that is no {} which is ready ({})", spec.port,
                            spec.engine, look.reason),
                "take another port, or end what listens there");
  if (!engine_of(spec).many_models && !serves(look.models, spec.model))
    throw another_model(spec, look.models);
  const auto known = ledger_.read();
  for (const auto& entry : known.running) {
    if (entry.port != spec.port || !entry.run) continue;
    if (entry.run->pid == ::getpid()) return true;  // an Ollama of this run, for one more model
    if (ledger_.processes().runs(*entry.run))
      throw Error(ErrorCode::Unavailable,
                  fmt::format("port {} serves another `ipw bench`, which will stop its server", spec.port),
                  "wait for its end, or take another port");
  }
  options.tell(fmt::format("port {} already serves {}: it is used as it is, and not stopped afterwards",
                           spec.port, spec.model.empty() ? spec.engine : spec.model));
  return true;
}

ServerEntry ServerHost::launch(const ServerSpec& spec, const StartOptions& options) const {
  const auto& engine = engine_of(spec);
  const auto line = engine.command(spec);
  ServerEntry entry;
  entry.log = ledger_.log_path(spec.engine, spec.port).string();
  std::error_code ignored;
  std::filesystem::remove(entry.log, ignored);  // that of the server before
  pid_t pid = -1;
  try {
    pid = start_detached({line.argv, line.environment, entry.log});
  } catch (Error& error) {
    if (error.code() != ErrorCode::NotFound) throw;
    throw Error(ErrorCode::NotFound, fmt::format("there is no program {} on PATH", engine.program),
                std::string(engine.install_hint));
  }
  entry.process.pid = pid;
  entry.engine = spec.engine;
  entry.model = spec.model;
  entry.host = spec.host;
  entry.port = spec.port;
  entry.argv = without_secrets(line.argv);
  if (options.for_this_run) entry.run = ledger_.processes().identify(::getpid());
  entry.started_unix = std::chrono::floor<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
  const auto process = ledger_.processes().identify(pid);
  if (!process) {
    const auto error = ended(spec, entry);
    discard(entry);
    throw error;
  }
  entry.process = *process;
  try {
    ledger_.add(entry);
  } catch (const Error&) {
    discard(entry);  // nobody would know of it
    throw;
  }
  options.tell(fmt::format("{} starts on port {}; its log is {}", spec.engine, spec.port, entry.log));
  return entry;
}

void ServerHost::await_ready(const ServerSpec& spec, const ServerEntry& entry, ServerProbe& probe,
                             Instant limit, const StartOptions& options, const std::stop_token& stop) const {
  const auto begun = clock_.now();
  auto next_word = begun + kStillWaiting;
  while (!probe.ready()) {
    throw_if_stopped(stop);
    if (!ledger_.processes().runs(entry.process)) throw ended(spec, entry);
    const auto now = clock_.now();
    if (now >= limit) throw late(spec, entry, probe, now - begun);
    if (now >= next_word) {
      options.tell(fmt::format("waiting for {}, {:.0f} s: {}", spec.engine, to_seconds(now - begun),
                               last_lines(entry.log, 1)));
      next_word = now + kStillWaiting;
    }
    clock_.sleep_until(now + kPoll);
  }
  throw_if_stopped(stop);
  if (!ledger_.processes().runs(entry.process)) throw ended(spec, entry);
  std::string reason;
  const auto models = probe.models(reason);
  if (!models) throw Error(ErrorCode::Unavailable, fmt::format("{}: {}", spec.engine, reason));
  if (!engine_of(spec).many_models && !serves(*models, spec.model)) throw another_model(spec, *models);
}

void ServerHost::make_answer(const ServerSpec& spec, ServerProbe& probe, Instant limit,
                             const StartOptions& options, const std::stop_token& stop) const {
  if (spec.model.empty()) return;
  const auto begun = clock_.now();
  if (engine_of(spec).many_models) fetch_model(spec, probe, options, stop);
  limit += clock_.now() - begun;
  const auto trouble = probe.answer_once(std::max(Seconds(1), Seconds(limit - clock_.now())));
  throw_if_stopped(stop);
  if (!trouble.empty())
    throw Error(
        ErrorCode::Unavailable,
        fmt::format("{} on port {} does not answer for {}: {}", spec.engine, spec.port, spec.model, trouble),
        "look whether the model's name is right and whether it fits into the memory");
}

void ServerHost::discard(const ServerEntry& entry) const {
  if (stop(entry)) return;
  send_(-entry.process.pid, SIGKILL);  // its workers; it is our zombie, so the number is still its own
  ::waitpid(entry.process.pid, nullptr, WNOHANG);
}

bool ServerHost::gone(const ServerEntry& entry, Seconds within) const {
  const auto limit = clock_.now() + std::chrono::duration_cast<Nanoseconds>(within);
  for (;;) {
    ::waitpid(entry.process.pid, nullptr, WNOHANG);  // it is our child, or nobody's
    if (!ledger_.processes().runs(entry.process)) return true;
    if (clock_.now() >= limit) return false;
    clock_.sleep_until(clock_.now() + kPoll / 4);
  }
}

bool ServerHost::stop(const ServerEntry& entry) const {
  if (!ledger_.processes().runs(entry.process)) {
    ledger_.remove(entry);
    return false;
  }
  const pid_t group = -entry.process.pid;  // it leads a session of its own
  if (send_(group, SIGTERM) != 0 && errno != ESRCH)
    throw Error(ErrorCode::Permission, fmt::format("cannot stop {} on port {} (process {}): {}", entry.engine,
                                                   entry.port, entry.process.pid, std::strerror(errno)));
  if (!gone(entry, kGently)) {
    send_(group, SIGKILL);
    if (!gone(entry, kForced))
      throw Error(
          ErrorCode::Unavailable,
          fmt::format("{} on port {} (process {}) does not end", entry.engine, entry.port, entry.process.pid),
          "its driver may hang; look at it with ps and dmesg");
  }
  send_(group, SIGKILL);  // workers that it has left behind
  ledger_.remove(entry);
  return true;
}

}  // namespace ipw::servers
