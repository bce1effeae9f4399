// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/module.h"
#include "ipw/http/curl_api.h"
#include "ipw/http/curl_transfer.h"
#include "ipw/http/receive_stamp.h"

namespace ipw::http {
namespace {

constexpr std::size_t kIdleHandles = 64;
constexpr long kKeptConnections = 1024;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

class Epoll {
 public:
  Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0)
      throw Error(ErrorCode::Unavailable, "cannot make an epoll instance", "raise the limit of open files");
  }
  ~Epoll() { ::close(fd_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  /// Watch a socket for what libcurl asks. It may ask again for one that it closed and got anew under the
  /// same number.
  void watch(int socket, int what) {
    epoll_event event{};
    event.data.fd = socket;
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (::epoll_ctl(fd_, EPOLL_CTL_MOD, socket, &event) != 0) ::epoll_ctl(fd_, EPOLL_CTL_ADD, socket, &event);
  }
  void forget(int socket) { ::epoll_ctl(fd_, EPOLL_CTL_DEL, socket, nullptr); }

  int descriptor() const { return fd_; }

  std::span<const epoll_event> wait(Nanoseconds limit) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(limit, Nanoseconds(0))).count();
    const int n = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), static_cast<int>(ms));
    return std::span(events_).first(static_cast<std::size_t>(std::max(n, 0)));
  }

 private:
  int fd_;
  std::array<epoll_event, 64> events_{};
};

class CurlSession final : public Session {
 public:
  CurlSession();
  ~CurlSession() override;
  CurlSession(const CurlSession&) = delete;
  CurlSession& operator=(const CurlSession&) = delete;

  void start(Request request, OnHeaders on_headers, OnChunk on_chunk,
             std::function<void(Result)> done) override;
  bool drive(Seconds wait) override;
  int descriptor() const override { return epoll_.descriptor(); }
  std::optional<Instant> deadline() const override;

 private:
  static int on_watch(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long ms, void* self);
  void add_waiting();
  void expire();
  void serve(const epoll_event& event);
  Instant next_deadline(Instant limit) const;
  void collect();
  void end(std::size_t index, CURLcode code);

  SystemClock clock_;
  Epoll epoll_;
  std::unique_ptr<CURLM, MultiDeleter> multi_{curl_multi_init()};
  std::vector<std::unique_ptr<Transfer>> waiting_, active_;
  std::vector<EasyHandle> idle_handles_;
  std::optional<Instant> timer_;
  Arrival arrival_{};
};

CurlSession::CurlSession() {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_watch);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kKeptConnections);
}

CurlSession::~CurlSession() {
  for (const auto& transfer : active_) curl_multi_remove_handle(multi_.get(), transfer->easy.get());
}

int CurlSession::on_watch(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& epoll = static_cast<CurlSession*>(self)->epoll_;
  if (what == CURL_POLL_REMOVE)
    epoll.forget(socket);
  else
    epoll.watch(socket, what);
  return 0;
}

int CurlSession::on_timer(CURLM*, long ms, void* self) {
  auto& session = *static_cast<CurlSession*>(self);
  session.timer_.reset();
  if (ms >= 0) session.timer_ = session.clock_.now() + std::chrono::milliseconds(ms);
  return 0;
}

void CurlSession::start(Request request, OnHeaders on_headers, OnChunk on_chunk,
                        std::function<void(Result)> done) {
  for (const auto& [name, value] : request.headers)
    if ((name + value).find_first_of("\r\n") != std::string::npos)
      throw Error(ErrorCode::Usage, fmt::format("the HTTP header {:?} holds a line break", name),
                  "check the keys and tokens that are given to the client");
  waiting_.push_back(std::unique_ptr<Transfer>(new Transfer{
      std::move(request), std::move(on_headers), std::move(on_chunk), std::move(done), clock_, arrival_}));
}

/// Transfers start here and not in start(), which may be called from within a callback of libcurl.
void CurlSession::add_waiting() {
  for (auto& transfer : std::exchange(waiting_, {})) {
    if (idle_handles_.empty()) {
      transfer->easy.reset(curl_easy_init());
      if (!transfer->easy) throw std::bad_alloc();
    } else {
      transfer->easy = std::move(idle_handles_.back());
      idle_handles_.pop_back();
    }
    transfer->configure();
    transfer->last_activity = clock_.now();
    curl_multi_add_handle(multi_.get(), transfer->easy.get());
    active_.push_back(std::move(transfer));
  }
}

bool CurlSession::drive(Seconds wait) {
  const auto limit = clock_.now() + from_seconds(wait.count());
  add_waiting();
  expire();
  const auto before = active_.size();
  collect();
  if (active_.size() == before && !active_.empty()) {
    const auto ready = epoll_.wait(next_deadline(limit) - clock_.now());
    arrival_ = {clock_.now(), false};
    for (const auto& event : ready) serve(event);
    expire();
    collect();
  }
  return !active_.empty() || !waiting_.empty();
}

void CurlSession::serve(const epoll_event& event) {
  const auto woke = arrival_;
  if (event.events & EPOLLIN)
    if (const auto stamp = receive_stamp(event.data.fd)) arrival_ = {*stamp, true};
  int mask = 0;
  if (event.events & EPOLLIN) mask |= CURL_CSELECT_IN;
  if (event.events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
  if (event.events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
  int running = 0;
  curl_multi_socket_action(multi_.get(), event.data.fd, mask, &running);
  collect();
  arrival_ = woke;
}

void CurlSession::expire() {
  arrival_ = {};
  const auto now = clock_.now();
  if (timer_ && *timer_ <= now) {
    timer_.reset();
    int running = 0;
    curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
  }
  for (std::size_t i = active_.size(); i-- > 0;) {
    if (active_[i]->request.stop.stop_requested()) {
      active_[i]->cancelled = true;
      end(i, CURLE_ABORTED_BY_CALLBACK);
      continue;
    }
    const auto idle = active_[i]->request.idle_timeout;
    if (idle.count() <= 0 || now - active_[i]->last_activity < idle) continue;
    active_[i]->idle_expired = true;
    end(i, CURLE_OPERATION_TIMEDOUT);
  }
}

std::optional<Instant> CurlSession::deadline() const {
  if (!waiting_.empty()) return clock_.now();
  const auto next = next_deadline(Instant::max());
  return next == Instant::max() ? std::nullopt : std::optional(next);
}

Instant CurlSession::next_deadline(Instant limit) const {
  if (timer_) limit = std::min(limit, *timer_);
  for (const auto& transfer : active_)
    if (const auto idle = transfer->request.idle_timeout; idle.count() > 0)
      limit = std::min(limit, transfer->last_activity + from_seconds(idle.count()));
  return limit;
}

void CurlSession::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const CURL* easy = message->easy_handle;
    const auto it = std::ranges::find(active_, easy, [](const auto& t) { return t->easy.get(); });
    if (it != active_.end()) end(static_cast<std::size_t>(it - active_.begin()), code);
  }
}

/// Take a transfer out and tell its result; the caller may start another one from there.
void CurlSession::end(std::size_t index, CURLcode code) {
  const auto transfer = std::move(active_[index]);
  active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(index));
  transfer->conclude(code);
  transfer->result.done = transfer->arrived().at;
  curl_multi_remove_handle(multi_.get(), transfer->easy.get());
  // A handle whose transfer failed may keep its buffer, and libcurl 7.88 then refuses to set the buffer's
  // size.
  if (code == CURLE_OK && idle_handles_.size() < kIdleHandles)
    idle_handles_.push_back(std::move(transfer->easy));
  if (transfer->done) transfer->done(std::move(transfer->result));
}

std::unique_ptr<Session> make_curl_session() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::make_unique<CurlSession>();
}

constexpr CurlApi kApi{&make_curl_session};

}  // namespace
}  // namespace ipw::http

IPW_EXPORT_MODULE(ipw::http::kApi);
