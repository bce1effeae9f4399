// SPDX-License-Identifier: Apache-2.0
// Server and client in one process, over Unix sockets, on a clock that the test moves.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <thread>

#include "fake_source.h"
#include "ipw/rpc/monitor.h"

namespace ipw::rpc {

namespace fs = std::filesystem;

/// A monitor that serves a source until it goes.
class Running {
 public:
  Running(telemetry::Source& source, Clock& clock, const ServeOptions& options)
      : thread_([&source, &clock, options, this](const std::stop_token& stop) {
          serve(source, clock, options, stop, [this](const std::string& at) { ready_.set_value(at); });
        }) {
    address_ = ready_.get_future().get();
  }
  const std::string& address() const { return address_; }

 private:
  std::promise<std::string> ready_;
  std::string address_;
  std::jthread thread_;
};

class Loopback : public testing::Test {
 protected:
  Loopback() : folder_(fs::temp_directory_path() / ("ipw-rpc-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    options_.unix_socket = (folder_ / "monitor.sock").string();
    clock_.advance(std::chrono::seconds(1));
  }
  ~Loopback() override { fs::remove_all(folder_); }

  void emit(int i) {
    clock_.sleep_until(tick(i));
    source_.emit(tick(i), {3.0 * i, 1.0 * i}, {{telemetry::Gauge::CpuMemoryMb, tick(i), 2048}});
  }
  /// Go on with samples until the client has so many.
  void feed(const telemetry::Source& client, std::uint64_t ticks) {
    while (client.self().ticks < ticks) {
      emit(next_++);
      std::this_thread::yield();
    }
  }
  /// Connect while samples are made, since connect() waits for the first one. They come so slowly that the
  /// clock stands still during at least one round of the handshake, on a slow machine too.
  std::unique_ptr<telemetry::Source> connect_to(const std::string& address) {
    auto client = std::async(std::launch::async, [&] { return connect({address}, clock_); });
    while (client.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) emit(next_++);
    return client.get();
  }

  fs::path folder_;
  ServeOptions options_;
  VirtualClock clock_;
  int next_ = 0;
  FakeSource source_{{make_domain("gpu-0", telemetry::Scope::Accelerator, "nvidia"),
                      make_domain("package-0", telemetry::Scope::Package, "rapl")}};
};

}  // namespace ipw::rpc
