// SPDX-License-Identifier: Apache-2.0
// HTTP requests whose bodies are stamped as they arrive. libcurl stays behind this header (module "curl").
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Who asks; the server's challenge decides between Basic and Digest.
struct Credentials {
  std::string user, password;
};

struct Request {
  std::string method = "GET";
  std::string url;          ///< http:// or https://
  std::string unix_socket;  ///< connect through this path instead of the host, if not empty
  Headers headers;
  std::string body;
  Seconds connect_timeout{10};
  Seconds total_timeout{600};
  Seconds idle_timeout{0};  ///< no byte for this long ends the request; 0 is no limit
  bool follow_redirects = false;
  std::optional<Credentials> credentials;
  std::string ca_file;      ///< PEM of the authorities to trust instead of the system's, if not empty
  std::stop_token stop;     ///< ends the transfer at the next drive()
  bool verify_peer = true;  ///< false: take any certificate, for controllers that signed their own
};

/// Why a transfer has no (whole) response. HTTP statuses are not failures here: the caller reads them.
struct TransferFailure {
  enum class Kind { Resolve, Connect, Tls, Timeout, Truncated, Cancelled, Protocol, Other };
  Kind kind = Kind::Other;
  std::string message;
};

struct Result {
  int status = 0;  ///< 0 when no status line arrived
  Headers headers;
  std::string effective_url;
  Instant sent{};        ///< request handed to the socket
  Instant first_byte{};  ///< first byte of the body
  Instant done{};
  bool reused_connection = false;
  std::optional<TransferFailure> failure;
};

/// A piece of the body and when it reached this machine. `kernel` tells that the stamp is the kernel's
/// receive stamp (SO_TIMESTAMPING), converted to CLOCK_MONOTONIC; else it was taken first thing on waking.
struct Chunk {
  std::string_view bytes;
  Instant received;
  bool kernel = false;
};

/// Take the pieces of a body; return false to cancel the transfer.
using OnChunk = std::function<bool(const Chunk&)>;
/// Take status and headers before the first piece of the body.
using OnHeaders = std::function<void(int status, const Headers&)>;

/// A set of transfers with kept-alive connections. One thread at a time; make one per thread.
class Session {
 public:
  virtual ~Session() = default;
  /// Start a transfer; `done` is called from within drive().
  virtual void start(Request request, OnHeaders on_headers, OnChunk on_chunk,
                     std::function<void(Result)> done) = 0;
  /// Move all transfers, waiting up to the limit for something to happen; false when none is left.
  virtual bool drive(Seconds wait) = 0;
  /// For a thread that waits for other things besides: a descriptor that is readable when drive() has
  /// something to do (epoll(7)), and when it has to be called in any case.
  virtual int descriptor() const = 0;
  virtual std::optional<Instant> deadline() const = 0;
};

/// Make a session on the machine's clock.
std::unique_ptr<Session> make_session();

/// Run one request to its end, streaming. Never throws for network failures.
Result send(Session& session, Request request, OnChunk on_chunk, OnHeaders on_headers = {});

struct Response {
  Result result;
  std::string body;
  bool ok() const { return !result.failure && result.status >= 200 && result.status < 300; }
};
/// Run one request and keep its body up to a limit (larger bodies fail as Protocol).
Response fetch(Session& session, Request request, std::size_t max_body = std::size_t{64} << 20);

/// Find a header by its name, any case.
std::optional<std::string> header(const Headers& headers, std::string_view name);
/// Join a base URL and a path with exactly one slash between them.
std::string join_url(std::string_view base, std::string_view path);
/// Percent-encode one path segment or query value (RFC 3986 unreserved characters stay).
std::string percent_encode(std::string_view text);

}  // namespace ipw::http
