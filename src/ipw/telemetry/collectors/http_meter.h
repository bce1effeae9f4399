// SPDX-License-Identifier: Apache-2.0
// Meters that answer over HTTP with JSON.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/http/session.h"
#include "ipw/telemetry/collectors/meter.h"

namespace ipw::telemetry {

/// Where and as whom to ask.
struct HttpMeterAddress {
  std::string base_url;
  std::optional<http::Credentials> credentials;
  std::string ca_file;
  bool verify_peer = true;
};

/// The address in the parameters `host`, `user`, `password_file`, `ca_file` and `insecure`; a host may be an
/// URL. Throws Error(Usage | NotFound | Permission) when a file cannot be read.
HttpMeterAddress meter_address(const Params& params, std::string_view scheme);
/// The names of those parameters besides `host`.
inline constexpr std::array<std::string_view, 4> kAddressKeys{"user", "password_file", "ca_file", "insecure"};

/// Understand the body of an answer. Pure; never throws.
using ParseMeter = std::function<Result<MeterValue, std::string>(std::string_view body)>;

/// Fetch pages of one device. One thread at a time.
class HttpDevice {
 public:
  explicit HttpDevice(HttpMeterAddress address);
  ~HttpDevice();
  /// The body of a page, or why there is none.
  Result<std::string, MeterFault> get(const std::string& path);
  /// For names and messages: the host with its port.
  std::string host() const;

 private:
  HttpMeterAddress address_;
  std::unique_ptr<http::Session> session_;
};

/// A meter whose value stands on one page.
std::unique_ptr<Meter> make_http_meter(std::shared_ptr<HttpDevice> device, std::string path,
                                       ParseMeter parse);

}  // namespace ipw::telemetry
