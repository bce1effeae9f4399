// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/curl_transfer.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/host.h"
#include "ipw/http/receive_stamp.h"

namespace ipw::http {
namespace {

constexpr long kReceiveBuffer = 64 * 1024;
constexpr long kMaxRedirects = 10;
constexpr std::size_t kMaxHeaderBytes = 256 * 1024;

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK)
    throw Error(ErrorCode::Internal, fmt::format("libcurl refused option {}: {}", static_cast<int>(option),
                                                 curl_easy_strerror(code)));
}

/// libcurl counts in milliseconds and takes 0 for "no limit".
long milliseconds(Seconds s) {
  return s.count() <= 0 ? 0 : static_cast<long>(std::ceil(std::min(s.count(), 1e6) * 1e3));
}

int on_socket(void*, curl_socket_t socket, curlsocktype) {
  enable_receive_stamps(socket);
  return CURL_SOCKOPT_OK;
}

int on_sending(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_activity = transfer.last_sent = transfer.clock.now();
  if (transfer.result.sent == Instant{}) transfer.result.sent = transfer.last_sent;
  return CURL_PREREQFUNC_OK;
}

std::size_t header_bytes(const Headers& headers) {
  std::size_t total = 0;
  for (const auto& [name, value] : headers) total += name.size() + value.size();
  return total;
}

/// Take one header line. Interim (1xx) and redirecting responses begin anew with their status line.
std::size_t on_header_line(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_activity = transfer.clock.now();
  const auto line = trim(std::string_view(data, size));
  if (line.starts_with("HTTP/")) {
    transfer.result.headers.clear();
    transfer.head_complete = false;
  } else if (line.empty()) {
    transfer.head_complete = true;
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos && !transfer.head_complete) {
    transfer.result.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return header_bytes(transfer.result.headers) <= kMaxHeaderBytes ? size : 0;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto arrival = transfer.arrived();
  transfer.last_activity = transfer.clock.now();
  transfer.tell_headers();
  if (transfer.result.first_byte == Instant{}) transfer.result.first_byte = arrival.at;
  transfer.cancelled = transfer.on_chunk && !transfer.on_chunk({{data, size}, arrival.at, arrival.kernel});
  return transfer.cancelled ? 0 : size;
}

curl_slist* append(curl_slist* list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list, line.c_str());
  if (!longer) throw std::bad_alloc();
  return longer;
}

/// Expect: 100-continue would cost a round trip (or a second of waiting), a guessed content type would be
/// wrong.
curl_slist* header_lines(const Request& request) {
  curl_slist* list = append(nullptr, "Expect:");
  if (!request.body.empty() && !header(request.headers, "Content-Type")) list = append(list, "Content-Type:");
  for (const auto& [name, value] : request.headers) {
    // A trailing semicolon is libcurl's way to send a header without a value.
    list = append(list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  return list;
}

TransferFailure::Kind kind_of(CURLcode code, bool status_arrived) {
  using Kind = TransferFailure::Kind;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Kind::Resolve;
    case CURLE_COULDNT_CONNECT:
      return Kind::Connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Kind::Tls;
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::Timeout;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return Kind::Truncated;
    case CURLE_RECV_ERROR:
      return status_arrived ? Kind::Truncated : Kind::Connect;
    case CURLE_SEND_ERROR:
      return Kind::Connect;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WRITE_ERROR:
      return Kind::Protocol;
    default:
      return Kind::Other;
  }
}

}  // namespace

void Transfer::configure() {
  CURL* handle = easy.get();
  curl_easy_reset(handle);
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PRIVATE, this);
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  set(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_TCP_NODELAY, 1L);
  set(handle, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(handle, CURLOPT_USERAGENT, "ipw/" IPW_VERSION);
  set(handle, CURLOPT_SOCKOPTFUNCTION, &on_socket);
  set(handle, CURLOPT_PREREQFUNCTION, &on_sending);
  set(handle, CURLOPT_PREREQDATA, this);
  set(handle, CURLOPT_HEADERFUNCTION, &on_header_line);
  set(handle, CURLOPT_HEADERDATA, this);
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_WRITEDATA, this);
  if (!request.unix_socket.empty()) set(handle, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  // A proxy of the environment is for other machines: it cannot reach our loopback.
  if (!request.unix_socket.empty() || is_loopback(host_port(request.url).host))
    set(handle, CURLOPT_PROXY, "");
  configure_trust();
  configure_limits();
  configure_body();
}

void Transfer::configure_trust() {
  CURL* handle = easy.get();
  if (request.credentials) {
    set(handle, CURLOPT_USERNAME, request.credentials->user.c_str());
    set(handle, CURLOPT_PASSWORD, request.credentials->password.c_str());
    set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
  }
  if (!request.ca_file.empty()) set(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.verify_peer) return;
  set(handle, CURLOPT_SSL_VERIFYPEER, 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 0L);
}

void Transfer::configure_limits() {
  // 0 would bring libcurl's own 300 s back, so the smallest limit stands for "at once".
  set(easy.get(), CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, milliseconds(request.connect_timeout)));
  set(easy.get(), CURLOPT_TIMEOUT_MS, milliseconds(request.total_timeout));
}

void Transfer::configure_body() {
  CURL* handle = easy.get();
  header_list.reset(header_lines(request));
  set(handle, CURLOPT_HTTPHEADER, header_list.get());
  if (request.method == "HEAD") return set(handle, CURLOPT_NOBODY, 1L);
  if (request.method == "GET" && request.body.empty()) return set(handle, CURLOPT_HTTPGET, 1L);
  if (!request.body.empty() || request.method == "POST") {
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method != "POST") set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void Transfer::tell_headers() {
  if (headers_told) return;
  headers_told = true;
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  result.status = static_cast<int>(status);
  if (on_headers && status > 0) on_headers(result.status, result.headers);
}

void Transfer::conclude(CURLcode code) {
  tell_headers();
  const char* url = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_EFFECTIVE_URL, &url);
  if (url) result.effective_url = url;
  long connects = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_NUM_CONNECTS, &connects);
  result.reused_connection = connects == 0 && result.sent != Instant{};
  result.failure = failure(code);
}

std::optional<TransferFailure> Transfer::failure(CURLcode code) const {
  using Kind = TransferFailure::Kind;
  if (cancelled) return TransferFailure{Kind::Cancelled, "cancelled"};
  if (idle_expired)
    return TransferFailure{
        Kind::Timeout, fmt::format("no byte arrived for {}", human_duration(request.idle_timeout.count()))};
  if (code == CURLE_OK) return std::nullopt;
  return TransferFailure{kind_of(code, result.status > 0), curl_easy_strerror(code)};
}

}  // namespace ipw::http
