// SPDX-License-Identifier: Apache-2.0
// Every namespace is a new one, so there is no network but a loopback of its own, and when the first process
// ends the kernel ends all others. The system's programs are there read-only; /scratch lies in memory.
//
// The limit on processes is the kernel's count for a user in a user namespace (getrlimit(2), RLIMIT_NPROC).
// It does not hold for the superuser, so as root the sandbox is entered as the user 65534.
#include "ipw/sandbox/bubblewrap.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;

void check_names(const std::map<std::string, std::string>& files) {
  for (const auto& [name, content] : files)
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
      throw Error(ErrorCode::Usage, fmt::format("'{}' is no plain name of a file", name));
}

/// A folder for the files of a job that goes with it. Its user in the sandbox may be another one.
class ProgramFolder {
 public:
  ProgramFolder() {
    auto name = (fs::temp_directory_path() / "ipw-job-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(ErrorCode::Unavailable, fmt::format("cannot make a folder like {}", name));
    path_ = name;
    fs::permissions(path_, fs::perms(0755));
  }
  ~ProgramFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ProgramFolder(const ProgramFolder&) = delete;
  ProgramFolder& operator=(const ProgramFolder&) = delete;
  const fs::path& path() const { return path_; }

  void write(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, content] : files) {
      AppendFile(path_ / name).append(content);
      fs::permissions(path_ / name, fs::perms(0644));
    }
  }

 private:
  fs::path path_;
};

using Arguments = std::vector<std::string>;

void append(Arguments& to, Arguments more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// The command that enters the namespaces, up to the job's own words.
Arguments entry(const fs::path& program, const Limits& limits) {
  Arguments out;
  if (::geteuid() == 0)
    append(out, {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"});
  append(out, {"bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop",
               "ALL", "--json-status-fd", "3"});
  append(out, {"--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/scratch", "--setenv",
               "LANG", "C.UTF-8"});
  append(out, system_folders());
  append(out, {"--proc", "/proc", "--dev", "/dev", "--ro-bind", program, "/program", "--size",
               fmt::to_string(limits.disk_bytes), "--tmpfs", "/scratch", "--remount-ro", "/", "--chdir",
               "/scratch", "--"});
  append(out,
         {"prlimit", fmt::format("--nproc={}", limits.processes), fmt::format("--as={}", limits.memory_bytes),
          fmt::format("--fsize={}", limits.disk_bytes), "--core=0", "--"});
  return out;
}

/// The last value of a key in what bwrap reports of the job; nothing when it never came so far.
std::optional<int> reported(std::string_view report, const char* key) {
  std::optional<int> out;
  for (const auto line : split(report, '\n')) {
    const auto json = Json::parse(line, nullptr, false);
    if (json.is_object() && json.contains(key) && json[key].is_number_integer()) out = json[key].get<int>();
  }
  return out;
}

/// Whether a process is gone, or only waits for whoever is its parent now to ask for its status.
bool has_ended(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string stat;
  if (!std::getline(file, stat)) return true;
  const auto name_end = stat.rfind(')');  // proc(5): number (name) state
  return name_end != std::string::npos && stat.compare(name_end, 3, ") Z") == 0;
}

/// Wait until the first process of the namespace has ended, which the kernel lets do so last of all.
void end_namespace(pid_t first) {
  for (int i = 0; i < 5000 && !has_ended(first); ++i) {
    ::kill(first, SIGKILL);
    ::usleep(1000);
  }
}

JobEnd to_end(ProcessResult result) {
  JobEnd end;
  if (result.timed_out)
    end.limit = "wall";
  else if (result.flooded)
    end.limit = "output";
  else if (const auto status = reported(result.report, "exit-code"); !status)
    end.error = fmt::format("bubblewrap: {}", trim(result.err));
  else if (*status < 128)
    end.exit_status = status;
  end.output = std::move(result.out);
  end.errors = std::move(result.err);
  return end;
}

class Bubblewrap final : public Sandbox {
 public:
  JobEnd run(const Job& job) const override {
    check_names(job.files);
    try {
      return run_in(ProgramFolder(), job);
    } catch (const Error& error) {
      JobEnd end;
      end.error = error.what();
      return end;
    }
  }

 private:
  static JobEnd run_in(const ProgramFolder& folder, const Job& job) {
    folder.write(job.files);
    ProcessRequest request;
    request.argv = entry(folder.path(), job.limits);
    append(request.argv, job.argv);
    request.timeout = job.limits.wall;
    request.input = job.input;
    request.most_output = job.limits.output_bytes;
    request.report = true;
    auto result = run_process(request);
    if (const auto first = reported(result.report, "child-pid")) end_namespace(*first);
    return to_end(std::move(result));
  }
};

}  // namespace

std::vector<std::string> system_folders() {
  Arguments out = {"--ro-bind", "/usr", "/usr"};
  for (const fs::path folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64"}) {
    if (fs::is_symlink(folder))
      append(out, {"--symlink", fs::read_symlink(folder), folder});
    else if (fs::is_directory(folder))
      append(out, {"--ro-bind", folder, folder});
  }
  for (const std::string file : {"/etc/alternatives", "/etc/ld.so.cache"})
    append(out, {"--ro-bind-try", file, file});
  return out;
}

std::unique_ptr<Sandbox> make_bubblewrap() {
  auto sandbox = std::make_unique<Bubblewrap>();
  const auto end = sandbox->run({{"true"}, {}, {}, {}});
  if (end.exit_status != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("the sandbox 'bubblewrap' does not work here: {}",
                            end.error.empty() ? trim(end.errors) : end.error),
                "install it (apt-get install bubblewrap) and let users make namespaces "
                "(sysctl kernel.unprivileged_userns_clone=1); inside a chroot or an unprivileged container "
                "the kernel "
                "refuses them");
  return sandbox;
}

}  // namespace ipw::sandbox
