// SPDX-License-Identifier: Apache-2.0
// DCMI through /dev/ipmi0 (linux/ipmi.h). The driver answers when the controller does, so the wait has a
// limit.
#include "ipw/telemetry/collectors/ipmi.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/meter_pages.h"
#ifdef __linux__
#include <linux/ipmi.h>
#include <sys/ioctl.h>
#endif

namespace ipw::telemetry {
namespace {

constexpr std::uint8_t kGroupFunction = 0x2C, kGetPowerReading = 0x02;
constexpr std::array<std::uint8_t, 4> kSystemStatistics{0xDC, 0x01, 0x00, 0x00};

class DcmiMeter final : public Meter {
 public:
  explicit DcmiMeter(IpmiExchange exchange) : exchange_(std::move(exchange)) {}

  Result<MeterValue, MeterFault> ask() override {
    const auto answer = exchange_(kGroupFunction, kGetPowerReading, kSystemStatistics);
    if (!answer) return Unexpected<MeterFault>(answer.error());
    if (answer->empty()) return Unexpected<MeterFault>({"the controller's answer is empty", Cause::Nonsense});
    if (answer->front() != 0)
      return Unexpected<MeterFault>(
          {fmt::format("the controller refuses DCMI Get Power Reading with completion code 0x{:02X}",
                       answer->front()),
           Cause::Unsupported});
    const auto value = parse_dcmi(std::span(*answer).subspan(1));
    if (value) return *value;
    return Unexpected<MeterFault>({value.error(), Cause::Nonsense});
  }

 private:
  IpmiExchange exchange_;
};

constexpr double kMostWatts = 20'000;

#ifdef __linux__
constexpr int kPatienceMilliseconds = 2000;

/// The open device. One thread at a time.
class IpmiDevice {
 public:
  explicit IpmiDevice(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0)
      throw Error(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Unavailable,
                  fmt::format("{}: {}", path, std::strerror(errno)),
                  errno == ENOENT ? "load its driver: modprobe ipmi_devintf ipmi_si"
                                  : "reading it needs root, or a group that may");
  }
  ~IpmiDevice() { ::close(fd_); }
  IpmiDevice(const IpmiDevice&) = delete;
  IpmiDevice& operator=(const IpmiDevice&) = delete;

  Result<std::vector<std::uint8_t>, MeterFault> exchange(std::uint8_t function, std::uint8_t command,
                                                         std::span<const std::uint8_t> data) {
    if (!send(function, command, data)) return fault("cannot send");
    for (;;) {
      pollfd ready{fd_, POLLIN, 0};
      const int n = ::poll(&ready, 1, kPatienceMilliseconds);
      if (n == 0)
        return Unexpected<MeterFault>(
            {fmt::format("{}: the controller does not answer", path_), Cause::Unreachable});
      if (n < 0) return fault("cannot wait");
      std::vector<std::uint8_t> answer;
      const auto number = receive(answer);
      if (number < 0) return fault("cannot receive");
      if (number == number_) return answer;  // an answer that came too late is of an earlier question
    }
  }

 private:
  bool send(std::uint8_t function, std::uint8_t command, std::span<const std::uint8_t> data) {
    std::vector<unsigned char> bytes(data.begin(), data.end());
    ipmi_system_interface_addr address{IPMI_SYSTEM_INTERFACE_ADDR_TYPE, IPMI_BMC_CHANNEL, 0};
    ipmi_req request{};
    request.addr = reinterpret_cast<unsigned char*>(&address);
    request.addr_len = sizeof address;
    request.msgid = ++number_;
    request.msg = {function, command, static_cast<unsigned short>(bytes.size()), bytes.data()};
    return ::ioctl(fd_, IPMICTL_SEND_COMMAND, &request) == 0;
  }

  /// The number of the question that it answers, or -1.
  long receive(std::vector<std::uint8_t>& into) {
    into.resize(IPMI_MAX_MSG_LENGTH);
    ipmi_addr address{};
    ipmi_recv message{};
    message.addr = reinterpret_cast<unsigned char*>(&address);
    message.addr_len = sizeof address;
    message.msg.data = into.data();
    message.msg.data_len = static_cast<unsigned short>(into.size());
    if (::ioctl(fd_, IPMICTL_RECEIVE_MSG_TRUNC, &message) != 0) return -1;
    into.resize(message.msg.data_len);
    return message.msgid;
  }

  Unexpected<MeterFault> fault(const char* what) const {
    return Unexpected<MeterFault>(
        {fmt::format("{}: {}: {}", path_, what, std::strerror(errno)), Cause::Unreadable});
  }

  std::string path_;
  int fd_;
  long number_ = 0;
};
#endif

}  // namespace

std::unique_ptr<Meter> make_dcmi_meter(IpmiExchange exchange) {
  return std::make_unique<DcmiMeter>(std::move(exchange));
}

std::unique_ptr<Collector> make_ipmi(const CollectorOptions& options) {
#ifdef __linux__
  const auto path = options.root + (options.argument.empty() ? "/dev/ipmi0" : options.argument);
  const auto device = std::make_shared<IpmiDevice>(path);
  return collect_meter(
      make_dcmi_meter(
          [device](std::uint8_t function, std::uint8_t command, std::span<const std::uint8_t> data) {
            return device->exchange(function, command, data);
          }),
      wall_domain("ipmi", "ipmi", kMostWatts, "from the management controller, in whole watts"));
#else
  (void)options;
  throw Error(ErrorCode::Unavailable, "the collector 'ipmi' reads a device of Linux", "use redfish:HOST");
#endif
}

}  // namespace ipw::telemetry
