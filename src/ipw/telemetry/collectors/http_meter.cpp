// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/http_meter.h"

#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"

namespace ipw::telemetry {
namespace {

constexpr Seconds kPatience{2};
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

std::string status_text(int status) {
  if (status == 401 || status == 403)
    return fmt::format("it refuses us (HTTP {}): check user and password_file", status);
  if (status == 404) return "it has no such page (HTTP 404): is it another kind of device?";
  return fmt::format("HTTP {}", status);
}

class HttpMeter final : public Meter {
 public:
  HttpMeter(std::shared_ptr<HttpDevice> device, std::string path, ParseMeter parse)
      : device_(std::move(device)), path_(std::move(path)), parse_(std::move(parse)) {}

  Result<MeterValue, MeterFault> ask() override {
    const auto body = device_->get(path_);
    if (!body) return Unexpected<MeterFault>(body.error());
    auto value = parse_(*body);
    if (value) return *value;
    return Unexpected<MeterFault>(
        {fmt::format("{}{}: {}", device_->host(), path_, value.error()), Cause::Nonsense});
  }

 private:
  std::shared_ptr<HttpDevice> device_;
  std::string path_;
  ParseMeter parse_;
};

}  // namespace

HttpMeterAddress meter_address(const Params& params, std::string_view scheme) {
  HttpMeterAddress out;
  out.base_url = params.text("host", "");
  if (out.base_url.find("://") == std::string::npos)
    out.base_url = fmt::format("{}://{}", scheme, out.base_url);
  if (const auto file = params.get("password_file"))
    out.credentials = http::Credentials{params.text("user", "admin"), std::string(trim(read_file(*file)))};
  out.ca_file = params.text("ca_file", "");
  out.verify_peer = !params.flag("insecure").value_or(false);
  return out;
}

HttpDevice::HttpDevice(HttpMeterAddress address)
    : address_(std::move(address)), session_(http::make_session()) {}

HttpDevice::~HttpDevice() = default;

std::string HttpDevice::host() const {
  return address_.base_url.substr(address_.base_url.find("://") + 3);
}

Result<std::string, MeterFault> HttpDevice::get(const std::string& path) {
  http::Request request;
  request.url = address_.base_url + path;
  request.connect_timeout = request.total_timeout = kPatience;
  request.credentials = address_.credentials;
  request.ca_file = address_.ca_file;
  request.verify_peer = address_.verify_peer;
  auto response = http::fetch(*session_, std::move(request), kMostBytes);
  if (response.ok()) return std::move(response.body);
  const auto why =
      response.result.failure ? response.result.failure->message : status_text(response.result.status);
  const bool refused = response.result.status == 401 || response.result.status == 403;
  return Unexpected<MeterFault>(
      {fmt::format("{}{}: {}", host(), path, why), refused ? Cause::Denied : Cause::Unreachable});
}

std::unique_ptr<Meter> make_http_meter(std::shared_ptr<HttpDevice> device, std::string path,
                                       ParseMeter parse) {
  return std::make_unique<HttpMeter>(std::move(device), std::move(path), std::move(parse));
}

}  // namespace ipw::telemetry
