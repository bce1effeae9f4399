// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/helper_frames.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "ipw/base/error.h"
#include "ipw/base/json.h"

namespace ipw::telemetry {

namespace {

constexpr std::uint32_t kLongest = 16U << 20U;
constexpr std::size_t kHead = 5;

template <class T>
void put(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

void put_optional(std::string& out, const std::optional<double>& value) {
  put(out, static_cast<std::uint8_t>(value.has_value()));
  put(out, value.value_or(0));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  template <class T>
  T get() {
    T value{};
    std::memcpy(&value, bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view bytes(std::size_t count) {
    if (count > left_.size()) throw Error(ErrorCode::Format, "a sample of the helper is cut off");
    const std::string_view out = left_.substr(0, count);
    left_.remove_prefix(count);
    return out;
  }
  std::optional<double> get_optional() {
    const bool present = get<std::uint8_t>() != 0;
    const auto value = get<double>();
    return present ? std::optional(value) : std::nullopt;
  }
  Instant get_instant() { return Instant(Nanoseconds(get<std::int64_t>())); }

 private:
  std::string_view left_;
};

std::int64_t nanos(Instant t) {
  return t.time_since_epoch().count();
}

template <class Enum>
Enum get_enum(Reader& in, Enum last) {
  const auto value = in.get<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last))
    throw Error(ErrorCode::Format, "the helper sent an unknown word");
  return static_cast<Enum>(value);
}

}  // namespace

std::string encode_frame(Frame::Kind kind, std::string_view content) {
  std::string out;
  out.reserve(kHead + content.size());
  put(out, static_cast<std::uint32_t>(content.size()));
  put(out, kind);
  out += content;
  return out;
}

std::optional<Frame> take_frame(std::string& buffer) {
  if (buffer.size() < kHead) return std::nullopt;
  Reader head(buffer);
  const auto length = head.get<std::uint32_t>();
  if (length > kLongest) throw Error(ErrorCode::Format, "the helper sent something that is no frame");
  if (buffer.size() < kHead + length) return std::nullopt;
  Frame frame{head.get<Frame::Kind>(), buffer.substr(kHead, length)};
  buffer.erase(0, kHead + length);
  return frame;
}

std::string encode_options(const CollectorOptions& options) {
  Json out{{"root", options.root},
           {"argument", options.argument},
           {"alternatives", options.alternatives},
           {"named", options.named}};
  if (options.visible_devices) out["visible_devices"] = *options.visible_devices;
  return dump_json(out);
}

CollectorOptions decode_options(std::string_view word) try {
  const Json json = Json::parse(word);
  CollectorOptions out;
  out.root = json.at("root");
  out.argument = json.at("argument");
  out.alternatives = json.at("alternatives");
  out.named = json.at("named");
  if (json.contains("visible_devices")) out.visible_devices = json["visible_devices"].get<std::string>();
  return out;
} catch (const nlohmann::json::exception& e) {
  throw Error(ErrorCode::Format, std::string("a helper was given no options: ") + e.what());
}

std::string encode_error(const Error& error) {
  return static_cast<char>(error.code()) + (error.what() + ('\0' + error.hint()));
}

Error decode_error(std::string_view content) {
  if (content.empty() || content[0] < 0 || content[0] > static_cast<char>(ErrorCode::Internal))
    return {ErrorCode::Internal, "the helper told no reason"};
  const std::string_view text = content.substr(1);
  const std::size_t end = std::min(text.find('\0'), text.size());
  return {static_cast<ErrorCode>(content[0]), std::string(text.substr(0, end)),
          std::string(text.substr(std::min(end + 1, text.size())))};
}

std::string encode_machine(const records::MachineInfo& machine) {
  Json out = Json::object();
  const auto put_if = [&](const char* key, const auto& value) {
    if (value) out[key] = *value;
  };
  put_if("gpu_name", machine.gpu_name);
  put_if("gpu_vendor", machine.gpu_vendor);
  put_if("gpu_backend", machine.gpu_backend);
  put_if("gpu_count", machine.gpu_count);
  put_if("gpu_driver", machine.gpu_driver);
  return dump_json(out);
}

records::MachineInfo decode_machine(std::string_view content) try {
  const Json json = Json::parse(content);
  records::MachineInfo out;
  const auto take = [&]<class T>(const char* key, std::optional<T>& value) {
    if (json.contains(key)) value = json[key].template get<T>();
  };
  take("gpu_name", out.gpu_name);
  take("gpu_vendor", out.gpu_vendor);
  take("gpu_backend", out.gpu_backend);
  take("gpu_count", out.gpu_count);
  take("gpu_driver", out.gpu_driver);
  return out;
} catch (const nlohmann::json::exception& e) {
  throw Error(ErrorCode::Format, std::string("the helper told nothing of the machine: ") + e.what());
}

std::string encode_sample(const Sample& sample, double cpu_seconds) {
  std::string out;
  put(out, cpu_seconds);
  put(out, static_cast<std::uint32_t>(sample.readings.size()));
  for (const Reading& r : sample.readings) {
    put(out, r.domain);
    put(out, nanos(r.mid));
    put(out, r.half_width.count());
    put_optional(out, r.energy_joules);
    put_optional(out, r.power_watts);
  }
  put(out, static_cast<std::uint32_t>(sample.gauges.size()));
  for (const GaugeReading& g : sample.gauges) {
    put(out, static_cast<std::uint8_t>(g.gauge));
    put(out, g.domain);
    put(out, nanos(g.mid));
    put(out, g.value);
  }
  put(out, static_cast<std::uint32_t>(sample.silent.size()));
  for (const Silence& s : sample.silent) {
    put(out, s.domain);
    put(out, static_cast<std::uint8_t>(s.cause));
    put(out, static_cast<std::uint32_t>(s.reason.size()));
    out += s.reason;
  }
  return out;
}

Sample decode_sample(std::string_view content, double& cpu_seconds) {
  Reader in(content);
  Sample out;
  cpu_seconds = in.get<double>();
  for (auto n = in.get<std::uint32_t>(); n > 0; --n) {
    Reading& r = out.readings.emplace_back();
    r.domain = in.get<std::uint32_t>();
    r.mid = in.get_instant();
    r.half_width = Nanoseconds(in.get<std::int64_t>());
    r.energy_joules = in.get_optional();
    r.power_watts = in.get_optional();
  }
  for (auto n = in.get<std::uint32_t>(); n > 0; --n) {
    GaugeReading& g = out.gauges.emplace_back();
    g.gauge = get_enum(in, Gauge::Throttle);
    g.domain = in.get<std::uint32_t>();
    g.mid = in.get_instant();
    g.value = in.get<double>();
  }
  for (auto n = in.get<std::uint32_t>(); n > 0; --n) {
    Silence& s = out.silent.emplace_back();
    s.domain = in.get<std::uint32_t>();
    s.cause = get_enum(in, Cause::Ended);
    s.reason = in.bytes(in.get<std::uint32_t>());
  }
  return out;
}

}  // namespace ipw::telemetry
