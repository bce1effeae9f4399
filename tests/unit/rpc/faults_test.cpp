// SPDX-License-Identifier: Apache-2.0
// Clients that misbehave, and addresses that are taken.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <random>

#include "ipw/base/error.h"
#include "loopback.h"
#include "support/goal.h"

namespace ipw::rpc {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that sends what it is told and nothing else.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  void send(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

 private:
  int fd_;
};

class Faults : public Loopback {
 protected:
  /// Make samples until told to stop.
  std::jthread live(std::chrono::microseconds pace) {
    return std::jthread([this, pace](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        emit(next_++);
        std::this_thread::sleep_for(pace);
      }
    });
  }
};

TEST_F(Faults, F19_a_client_that_does_not_read_loses_the_oldest_and_is_told_how_many) {
  const Running monitor(source_, clock_, options_);
  const auto client = connect_to(monitor.address());
  const auto other = connect_to(monitor.address());
  std::mutex door;
  client->tap([&](const telemetry::Sample&) { const std::lock_guard wait(door); });
  std::unique_lock closed(door);
  // Far more than the buffers of a connection and the ring hold; the other reader keeps up.
  for (int i = 0; i < 200; ++i) feed(*other, other->self().ticks + 100);
  closed.unlock();
  while (client->self().dropped_samples == 0) emit(next_++);
  client->tap({});
  const auto lost = client->self().dropped_samples;
  report_goal("F19", lost > 0,
              fmt::format("of 20,000 samples {} were dropped for the client that did not read", lost));
  EXPECT_EQ(client->self().missed_ticks, 0U);
}

TEST_F(Faults, F20_F22_garbage_and_half_frames_harm_nobody_else) {
  const Running monitor(source_, clock_, options_);
  const auto client = connect_to(monitor.address());
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    const RawClient raw(options_.unix_socket);
    std::string noise(1 + random() % 5000, '\0');
    for (auto& c : noise) c = static_cast<char>(random());
    if (i % 3 == 0) raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    if (i % 3 == 1) raw.send(kPreface);
    if (i % 6 == 4)
      raw.send(std::string_view("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9));  // 16 MiB announced
    if (i % 3 != 0) raw.send(noise);
  }
  const auto before = client->self().ticks;
  feed(*client, before + 50);
  const bool met = client->self().missed_ticks == 0 && listens({monitor.address()});
  report_goal("F22", met,
              "60 connections with noise, HTTP/1 and frames of 16 MiB: the other client lost nothing");
  EXPECT_TRUE(met);
}

TEST_F(Faults, F21_64_clients_come_and_go_at_random) {
  const Running monitor(source_, clock_, options_);
  const auto steady = connect_to(monitor.address());
  const auto living = live(std::chrono::milliseconds(1));
  std::atomic<int> visits = 0, failures = 0;
  {
    std::vector<std::jthread> crowd;
    for (unsigned seed = 0; seed < 64; ++seed) {
      crowd.emplace_back([&, seed] {
        std::mt19937 random(seed);
        for (int i = 0; i < 2; ++i) try {
            std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
            const auto client = connect({monitor.address()}, clock_);
            std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
            ++visits;
          } catch (const Error& error) {
            ADD_FAILURE() << error.what();
            ++failures;
          }
      });
    }
  }
  const bool met = failures == 0 && steady->self().missed_ticks == 0;
  report_goal("F21", met, fmt::format("{} visits of 64 clients, {} failed", visits.load(), failures.load()));
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(steady->self().missed_ticks, 0U);
}

TEST_F(Faults, F23_the_socket_of_a_dead_monitor_is_replaced_and_that_of_a_living_one_kept) {
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, options_.unix_socket.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  const Running monitor(source_, clock_, options_);
  std::string text;
  try {
    serve(source_, clock_, options_, {}, {});
  } catch (const Error& error) {
    text = error.what();
  }
  const bool met = text.find("already listens") != std::string::npos && listens({monitor.address()});
  report_goal("F23", met,
              "a stale socket is replaced, one that is listened on is kept: " + text.substr(0, 26));
  EXPECT_TRUE(met) << text;
}

TEST_F(Faults, F23_a_folder_that_is_not_there_is_a_clear_error) {
  options_.unix_socket = (folder_ / "no" / "such" / "m.sock").string();
  EXPECT_THROW(serve(source_, clock_, options_, {}, {}), Error);
  options_.unix_socket = "/tmp/" + std::string(200, 'x');
  EXPECT_THROW(serve(source_, clock_, options_, {}, {}), Error);
}

}  // namespace
}  // namespace ipw::rpc
