// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/curl_session.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/receive_stamps.h"

namespace ipw::http {
namespace {

using Kind = TransferFailure::Kind;

/// A stamp older than this before the wake-up belongs to bytes that another read left behind.
constexpr auto kOldestStamp = std::chrono::seconds(5);

Instant now() { return std::chrono::steady_clock::now(); }

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

/// The sockets of a session: libcurl tells of them when it opens and closes one.
using OpenSockets = std::set<int>;

/// One request under way.
struct Transfer {
  Request request;
  OnHeaders on_headers;
  OnChunk on_chunk;
  std::function<void(Result)> done;
  Result result;
  HeaderList headers;
  Easy easy;
  OpenSockets* sockets = nullptr;
  int socket = -1;                  ///< of the connection, once it is there
  std::optional<Instant> received;  ///< kernel stamp of the bytes that the current perform() reads
  Instant last_byte{};
  bool headers_told = false, cancelled = false, timed_out = false;
  char error[CURL_ERROR_SIZE] = {};
};

/// Tell the headers once, before the first piece of the final response.
void tell_headers(Transfer& t) {
  if (t.headers_told) return;
  t.headers_told = true;
  long status = 0;
  curl_easy_getinfo(t.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  t.result.status = static_cast<int>(status);
  if (t.on_headers) t.on_headers(t.result.status, t.result.headers);
}

/// Stamp first, then hand on; libcurl may call this several times for one read, all with the same kernel stamp.
std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  const auto woke = now();
  auto& t = *static_cast<Transfer*>(user);
  Chunk chunk{{data, size * count}, woke, false};
  if (t.received) {
    chunk.received = *t.received;
    chunk.kernel = true;
  }
  tell_headers(t);
  if (t.result.first_byte == Instant{}) t.result.first_byte = chunk.received;
  t.last_byte = woke;
  t.cancelled = t.on_chunk && !t.on_chunk(chunk);
  return t.cancelled ? CURL_WRITEFUNC_ERROR : size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& t = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  t.last_byte = now();
  if (line.starts_with("HTTP/")) t.result.headers.clear();  // a redirect or a 100 came before
  if (const auto colon = line.find(':'); colon != std::string_view::npos && !line.starts_with("HTTP/"))
    t.result.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  return size * count;
}

int on_open(void* user, curl_socket_t socket, curlsocktype) {
  if (enable_receive_stamps(socket)) static_cast<OpenSockets*>(user)->insert(socket);
  return CURL_SOCKOPT_OK;
}

int on_close(void* user, curl_socket_t socket) {
  static_cast<OpenSockets*>(user)->erase(socket);
  return ::close(socket);
}

int local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return -1;
}

/// libcurl does not tell which socket a reused connection has; its local port does.
int on_connection(void* user, char*, char*, int, int port) {
  auto& t = *static_cast<Transfer*>(user);
  const auto it = std::ranges::find_if(*t.sockets, [&](int socket) { return local_port(socket) == port; });
  t.socket = it == t.sockets->end() ? -1 : *it;
  return CURL_PREREQFUNC_OK;
}

Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return Kind::Resolve;
    case CURLE_COULDNT_CONNECT: return Kind::Connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return Kind::Tls;
    case CURLE_OPERATION_TIMEDOUT: return Kind::Timeout;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING: return Kind::Truncated;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return Kind::Protocol;
    default: return Kind::Other;
  }
}

std::optional<TransferFailure> failure_of(const Transfer& t, CURLcode code) {
  if (t.cancelled) return TransferFailure{Kind::Cancelled, "cancelled by the reader"};
  if (t.timed_out)
    return TransferFailure{Kind::Timeout, fmt::format("no byte came for {}", human_duration(t.request.idle_timeout.count()))};
  if (code == CURLE_OK) return std::nullopt;
  return TransferFailure{kind_of(code), t.error[0] != '\0' ? t.error : curl_easy_strerror(code)};
}

long milliseconds(Seconds s) { return static_cast<long>(s.count() * 1e3 + 0.999); }

bool is_loopback(std::string_view url) {
  return url.find("://127.") != std::string_view::npos || url.find("://localhost") != std::string_view::npos ||
         url.find("://[::1]") != std::string_view::npos;
}

void set_callbacks(Transfer& t) {
  CURL* easy = t.easy.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &t);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.error);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, t.sockets);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t.sockets);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connection);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &t);
}

void set_method(Transfer& t) {
  CURL* easy = t.easy.get();
  const auto& r = t.request;
  if (r.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (r.method != "GET" && r.method != "HEAD") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r.method.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(r.body.size()));
  }
  curl_slist* list = curl_slist_append(nullptr, "Expect:");  // no wait for "100 Continue" before a long prompt
  for (const auto& [name, value] : r.headers) list = curl_slist_append(list, fmt::format("{}: {}", name, value).c_str());
  t.headers.reset(list);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
}

void set_options(Transfer& t) {
  CURL* easy = t.easy.get();
  const auto& r = t.request;
  curl_easy_setopt(easy, CURLOPT_URL, r.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(r.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(r.total_timeout));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, r.follow_redirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
  if (!r.unix_socket.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, r.unix_socket.c_str());
  if (is_loopback(r.url)) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

class CurlSession final : public Session {
 public:
  CurlSession();
  ~CurlSession() override;
  void start(Request request, OnHeaders on_headers, OnChunk on_chunk, std::function<void(Result)> done) override;
  bool drive(Seconds wait) override;

 private:
  Easy take_easy();
  void peek_stamps();
  void perform();
  void end_idle_transfers();
  void end(CURL* easy, CURLcode code);

  CURLM* multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers_;
  OpenSockets sockets_;
  std::vector<Easy> spare_;                 ///< handles keep their connections' share and cost 30 us to make
  bool begun_ = false;                      ///< a transfer was added since the last perform()
};

CurlSession::CurlSession() : multi_(curl_multi_init()) {
  if (!multi_) throw Error(ErrorCode::Internal, "libcurl cannot make a multi handle");
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1024L);
}

CurlSession::~CurlSession() {
  for (auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
  transfers_.clear();
  spare_.clear();
  curl_multi_cleanup(multi_);
}

Easy CurlSession::take_easy() {
  if (spare_.empty()) {
    Easy easy(curl_easy_init());
    if (!easy) throw Error(ErrorCode::Internal, "libcurl cannot make a handle");
    return easy;
  }
  Easy easy = std::move(spare_.back());
  spare_.pop_back();
  curl_easy_reset(easy.get());
  return easy;
}

void CurlSession::start(Request request, OnHeaders on_headers, OnChunk on_chunk, std::function<void(Result)> done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->on_headers = std::move(on_headers);
  transfer->on_chunk = std::move(on_chunk);
  transfer->done = std::move(done);
  transfer->easy = take_easy();
  transfer->sockets = &sockets_;
  set_options(*transfer);
  set_method(*transfer);
  set_callbacks(*transfer);
  transfer->result.sent = transfer->last_byte = now();
  CURL* easy = transfer->easy.get();
  transfers_.emplace(easy, std::move(transfer));
  curl_multi_add_handle(multi_, easy);
  begun_ = true;
}

bool CurlSession::drive(Seconds wait) {
  if (transfers_.empty()) return false;
  if (!begun_) {
    double limit = wait.count();
    for (const auto& [easy, t] : transfers_)
      if (t->request.idle_timeout.count() > 0) limit = std::min(limit, 0.05 + t->request.idle_timeout.count() / 4);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(limit * 1e3), nullptr);
    peek_stamps();
  }
  begun_ = false;
  perform();
  end_idle_transfers();
  return true;
}

void CurlSession::peek_stamps() {
  const auto woke = now();
  for (const auto& [easy, t] : transfers_) {
    const auto stamp = t->socket >= 0 ? peek_receive_stamp(t->socket) : std::nullopt;
    t->received = stamp && *stamp <= woke && *stamp > woke - kOldestStamp ? stamp : std::nullopt;
  }
}

void CurlSession::perform() {
  int running = 0;
  curl_multi_perform(multi_, &running);
  for (const auto& [easy, t] : transfers_) t->received.reset();
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) end(message->easy_handle, message->data.result);
}

void CurlSession::end_idle_transfers() {
  std::vector<CURL*> idle;
  for (const auto& [easy, t] : transfers_)
    if (t->request.idle_timeout.count() > 0 && Seconds(now() - t->last_byte) > t->request.idle_timeout) idle.push_back(easy);
  for (CURL* easy : idle) {
    transfers_.at(easy)->timed_out = true;
    end(easy, CURLE_OPERATION_TIMEDOUT);
  }
}

void CurlSession::end(CURL* easy, CURLcode code) {
  auto transfer = std::move(transfers_.extract(easy).mapped());
  if (code == CURLE_OK) tell_headers(*transfer);
  auto& result = transfer->result;
  result.done = std::max(now(), result.sent);
  result.failure = failure_of(*transfer, code);
  long status = 0, connects = 0;
  char* url = nullptr;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  result.status = static_cast<int>(status);
  result.reused_connection = connects == 0 && status != 0;
  if (url) result.effective_url = url;
  curl_multi_remove_handle(multi_, easy);
  spare_.push_back(std::move(transfer->easy));
  if (transfer->done) transfer->done(std::move(result));
}

}  // namespace

std::unique_ptr<Session> make_curl_session() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::make_unique<CurlSession>();
}

}  // namespace ipw::http
