// SPDX-License-Identifier: Apache-2.0
// One sandbox for a task: bwrap makes the namespaces and holds them, nsenter(1) brings each command in, so
// that files and background processes stay between commands and all end with the process namespace.
//
// As root, commands get a user of their own, one for each place: the kernel's limit on processes counts by
// user and does not hold for root. The folder is this user's meanwhile and root's again afterwards. Other
// users make a user namespace in which they are user 0, without capabilities.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/sandbox/bubblewrap.h"
#include "ipw/sandbox/disk_use.h"
#include "ipw/sandbox/held_namespaces.h"
#include "ipw/sandbox/marked.h"
#include "ipw/sandbox/marked_command.h"
#include "ipw/sandbox/namespace_socket.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr const char* kFolder = "/workspace";
constexpr const char* kVariable = "IPW_VARIABLE_";

void append(Arguments& to, Arguments more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Numbers of users that nobody has: far from those of people, services and containers.
constexpr uid_t kFirstUser = 0x60000000, kManyUsers = 0x0fffffff;

uid_t unused_user() {
  std::random_device random;
  return kFirstUser + random() % kManyUsers;
}

/// What root has made, or a place of ours has had.
bool is_ours(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 &&
         (info.st_uid == ::geteuid() || info.st_uid - kFirstUser < kManyUsers);
}

/// Give what is ours of a folder and all below it to a user. Links are not followed.
void give(const fs::path& folder, uid_t user, gid_t group) {
  if (is_ours(folder)) (void)::lchown(folder.c_str(), user, group);
  std::error_code ignored;
  for (auto it =
           fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored);
       it != fs::recursive_directory_iterator(); it.increment(ignored))
    if (is_ours(it->path())) (void)::lchown(it->path().c_str(), user, group);
}

/// Root would take the files of a folder from their owner.
void check_folder(const fs::path& folder) {
  if (::geteuid() != 0 || (is_ours(folder) && folder.lexically_normal() != folder.root_path())) return;
  throw Error(ErrorCode::Usage, fmt::format("{} is not a folder of root's own", folder.string()),
              "run ipw as the user whose folder it is, or name a folder for this purpose");
}

Arguments system_files(bool network) {
  Arguments out = system_folders();
  Arguments files = {"/etc/alternatives",    "/etc/ld.so.cache",   "/etc/passwd",
                     "/etc/group",           "/etc/nsswitch.conf", "/etc/ssl/certs",
                     "/etc/ca-certificates", "/etc/localtime",     "/etc/mime.types"};
  if (network) append(files, {"/etc/resolv.conf", "/etc/hosts", "/etc/services", "/etc/protocols"});
  for (const auto& file : files) append(out, {"--ro-bind-try", file, file});
  return out;
}

Arguments namespaces(const PlaceOptions& options) {
  const auto size = fmt::to_string(options.limits.disk_bytes);
  Arguments out = {"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
                   "--hostname",    "sandbox",       "--new-session", "--cap-drop",
                   "ALL",           "--clearenv",    "--setenv",      "PATH",
                   "/usr/bin:/bin"};
  if (::geteuid() != 0) append(out, {"--unshare-user", "--uid", "0", "--gid", "0"});
  if (!options.network) append(out, {"--unshare-net"});
  append(out, system_files(options.network));
  append(out, {"--proc",  "/proc",        "--dev",   "/dev",     "--size", size,
               "--perms", "1777",         "--tmpfs", "/dev/shm", "--size", size,
               "--perms", "1777",         "--tmpfs", "/tmp",     "--bind", fs::absolute(options.folder),
               kFolder,   "--remount-ro", "/",       "--chdir",  "/"});
  return out;
}

class BubblewrapWorkplace final : public Workplace {
 public:
  explicit BubblewrapWorkplace(const PlaceOptions& options)
      : options_(options),
        root_(::geteuid() == 0),
        user_(root_ ? unused_user() : 0),
        mark_("IPW_PLACE=" + new_mark()),
        namespaces_(std::make_unique<HeldNamespaces>(namespaces(options))) {
    if (root_) give(options_.folder, user_, user_);
  }
  ~BubblewrapWorkplace() override {
    namespaces_.reset();  // first, so that nobody changes the folder meanwhile
    if (root_) give(options_.folder, ::geteuid(), ::getegid());
  }
  BubblewrapWorkplace(const BubblewrapWorkplace&) = delete;
  BubblewrapWorkplace& operator=(const BubblewrapWorkplace&) = delete;

  CommandEnd run(const Command& command) override {
    if (!namespaces_->alive()) return ended();
    MarkedStart start{entry(command), {}, environment(command), true, mark_};
    auto end = run_marked(start, command);
    if (end.limit.empty() && !namespaces_->alive()) return ended();
    return end;
  }
  std::string folder() const override { return kFolder; }
  std::optional<int> listen(int port) override {
    if (options_.network) return std::nullopt;
    return listen_in_network_of(namespaces_->first(), port);
  }
  std::optional<std::uint64_t> disk_use(std::uint64_t most) override {
    return disk_use_of(options_.folder, most);
  }

 private:
  static CommandEnd ended() {
    CommandEnd end;
    end.error = "the sandbox has ended before its time: killed from outside or from within";
    return end;
  }

  Arguments entry(const Command& command) const {
    Arguments out = {"nsenter", "--target", fmt::to_string(namespaces_->first()), "--mount", "--ipc",
                     "--uts",   "--pid"};
    if (!options_.network) append(out, {"--net"});
    if (!root_) append(out, {"--user", "--preserve-credentials"});
    append(out, {"--", "/usr/bin/setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"});
    if (root_)
      append(out, {fmt::format("--reuid={}", user_), fmt::format("--regid={}", user_), "--clear-groups"});
    const auto& limits = options_.limits;
    append(out, {"--", "/usr/bin/prlimit", fmt::format("--nproc={}", limits.processes),
                 fmt::format("--data={}", limits.memory_bytes), fmt::format("--fsize={}", limits.disk_bytes),
                 "--core=0", "--"});
    append(out, {"/bin/sh", "-c", with_variables(variables(command).size()),
                 (fs::path(kFolder) / command.folder).string()});
    append(out, command.argv);
    return out;
  }

  /// A command's variables must not reach the programs before it, which have rights that it has not (PATH,
  /// LD_PRELOAD), nor their arguments, which everybody on this machine can read. So they travel under names
  /// that mean nothing, and get their own at the end.
  static std::string with_variables(std::size_t count) {
    std::string dropped, set;
    for (std::size_t i = 0; i < count; ++i) {
      dropped += fmt::format(" -u {}{}", kVariable, i);
      set += fmt::format(" \"${}{}\"", kVariable, i);
    }
    return fmt::format("exec /usr/bin/env{} --chdir=\"$0\" --{} \"$@\"", dropped, set);
  }

  static std::map<std::string, std::string> variables(const Command& command) {
    std::map<std::string, std::string> out = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}, {"LANG", "C.UTF-8"}};
    for (const auto& [name, value] : command.environment) out[name] = value;
    return out;
  }

  static std::vector<std::string> environment(const Command& command) {
    std::vector<std::string> out;
    for (const auto& [name, value] : variables(command))
      out.push_back(fmt::format("{}{}={}={}", kVariable, out.size(), name, value));
    return out;
  }

  const PlaceOptions options_;
  const bool root_;
  const uid_t user_;
  const std::string mark_;
  std::unique_ptr<HeldNamespaces> namespaces_;
};

}  // namespace

std::unique_ptr<Workplace> make_bubblewrap_workplace(const PlaceOptions& options) {
  if (options.folder.empty())
    throw Error(ErrorCode::Usage, "the sandbox 'bubblewrap' needs a folder of this machine");
  make_directories(options.folder);
  check_folder(options.folder);
  try {
    return std::make_unique<BubblewrapWorkplace>(options);
  } catch (const Error& error) {
    throw Error(
        ErrorCode::Unavailable, fmt::format("the sandbox 'bubblewrap' does not work here: {}", error.what()),
        "install it (apt-get install bubblewrap util-linux) and let users make namespaces (sysctl "
        "kernel.unprivileged_userns_clone=1); inside a chroot or an unprivileged container the kernel "
        "refuses them");
  }
}

}  // namespace ipw::sandbox
