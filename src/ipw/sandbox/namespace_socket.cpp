// SPDX-License-Identifier: Apache-2.0
// A thread of a program with several threads cannot join a user namespace (setns(2)), so a child of one
// thread does it and passes the socket back. Between fork and its end the child only makes calls that are
// safe there (signal-safety(7)).
#include "ipw/sandbox/namespace_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ipw/base/error.h"

namespace ipw::sandbox {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// What the child tells: how far it came, and errno. The socket travels beside it.
struct Word {
  int step = 0, error = 0;
};
constexpr std::array<const char*, 5> kSteps = {"", "join the network", "make a socket", "bind", "listen"};

union Ancillary {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

void send_word(int channel, Word word, int socket) {
  Ancillary space{};
  iovec part{&word, sizeof word};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (socket >= 0) {
    message.msg_control = &space;
    message.msg_controllen = sizeof space.bytes;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &socket, sizeof socket);
  }
  ::sendmsg(channel, &message, MSG_NOSIGNAL);
}

int receive_word(int channel, Word& word) {
  Ancillary space{};
  iovec part{&word, sizeof word};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &space;
  message.msg_controllen = sizeof space.bytes;
  ssize_t n = 0;
  while ((n = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (n != static_cast<ssize_t>(sizeof word)) word = {1, n < 0 ? errno : ECHILD};
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS) return -1;
  int socket = -1;
  std::memcpy(&socket, CMSG_DATA(head), sizeof socket);
  return socket;
}

/// Root joins at once; others first join the user namespace that the network belongs to, if it is theirs.
bool join(int network) {
  if (::setns(network, CLONE_NEWNET) == 0) return true;
  const int owner = ::ioctl(network, NS_GET_USERNS);
  return owner >= 0 && ::setns(owner, CLONE_NEWUSER) == 0 && ::setns(network, CLONE_NEWNET) == 0;
}

[[noreturn]] void child(int channel, int network, int port) {
  const auto quit = [&](int step) {
    send_word(channel, {step, errno}, -1);
    ::_exit(1);
  };
  if (!join(network)) quit(1);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) quit(2);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) quit(3);
  if (::listen(listener, SOMAXCONN) != 0) quit(4);
  send_word(channel, {0, 0}, listener);
  ::_exit(0);
}

Descriptor network_of(pid_t process) {
  return Descriptor(::open(fmt::format("/proc/{}/ns/net", process).c_str(), O_RDONLY | O_CLOEXEC));
}

constexpr const char* kHint =
    "it takes root, or a sandbox of one's own user (bubblewrap, podman without root); or let the sandbox use "
    "this machine's network (--sandbox-network)";

}  // namespace

bool has_own_network(pid_t process) {
  struct stat ours {
  }, theirs{};
  if (::stat("/proc/self/ns/net", &ours) != 0 ||
      ::stat(fmt::format("/proc/{}/ns/net", process).c_str(), &theirs) != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot see the network of process {}: {}", process, std::strerror(errno)),
                kHint);
  return ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

int listen_in_network_of(pid_t process, int port) {
  const auto network = network_of(process);
  std::array<int, 2> ends{-1, -1};
  if (network.get() < 0 || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot reach the network of the sandbox: {}", std::strerror(errno)), kHint);
  const Descriptor ours(ends[0]);
  Word word;
  int socket = -1;
  pid_t pid = -1;
  {
    const Descriptor theirs(ends[1]);
    pid = ::fork();
    if (pid == 0) child(theirs.get(), network.get(), port);
  }
  if (pid > 0) {
    socket = receive_word(ours.get(), word);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  } else {
    word = {1, errno};
  }
  if (socket >= 0) return socket;
  throw Error(ErrorCode::Unavailable,
              fmt::format("cannot listen at 127.0.0.1:{} in the sandbox: {}: {}", port,
                          kSteps.at(static_cast<std::size_t>(word.step)), std::strerror(word.error)),
              kHint);
}

}  // namespace ipw::sandbox
