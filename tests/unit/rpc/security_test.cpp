// SPDX-License-Identifier: Apache-2.0
// Who may read, and how finely.
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "ipw/base/error.h"
#include "ipw/rpc/token.h"
#include "loopback.h"
#include "support/goal.h"

namespace ipw::rpc {
namespace {

constexpr auto kToken = "0123456789abcdef0123456789abcdef";

class Security : public Loopback {
 protected:
  Security() { tcp_.port = 0; }
  std::string token_file(const std::string& text, mode_t mode = 0600) {
    const auto path = (folder_ / "token").string();
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  /// Milliseconds between the samples that a client gets of a source that samples every 10 ms.
  std::vector<double> distances(const Address& address) {
    source_.period_seconds = 0.01;
    auto opening = std::async(std::launch::async, [&] { return connect(address, clock_); });
    while (opening.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) emit_fine();
    const auto client = opening.get();
    std::mutex mutex;
    std::vector<double> out;
    std::optional<Instant> last;
    client->tap([&](const telemetry::Sample& sample) {
      const std::lock_guard lock(mutex);
      if (last) out.push_back(to_seconds(sample.tick - *last) * 1e3);
      last = sample.tick;
    });
    for (bool enough = false; !enough;) {
      emit_fine();
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      const std::lock_guard lock(mutex);
      enough = out.size() >= 20;
    }
    client->tap({});
    missed_ = client->self().missed_ticks;
    seen_period_ = client->self().period_seconds;
    const std::lock_guard lock(mutex);
    return out;
  }
  void emit_fine() {
    const Instant at = Instant(std::chrono::seconds(2)) + next_++ * std::chrono::milliseconds(10);
    clock_.sleep_until(at);
    source_.emit(at, {0.1 * next_, 0.1 * next_});
  }
  static std::string refusal(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.what() + (" " + error.hint());
    }
    return "";
  }

  ServeOptions tcp_;
  std::uint64_t missed_ = 0;
  double seen_period_ = 0;
};

TEST_F(Security, P8_tcp_is_loopback_unless_asked) {
  EXPECT_EQ(ServeOptions{}.bind_address, "127.0.0.1");
  const Running monitor(source_, clock_, tcp_);
  EXPECT_TRUE(monitor.address().starts_with("127.0.0.1:"));
}

TEST_F(Security, P8_an_open_address_needs_a_token) {
  tcp_.bind_address = "0.0.0.0";
  const auto text = refusal([&] { serve(source_, clock_, tcp_, {}, {}); });
  EXPECT_NE(text.find("--token-file"), std::string::npos) << text;
  tcp_.insecure = true;
  { const Running monitor(source_, clock_, tcp_); }
  tcp_.insecure = false;
  tcp_.token = kToken;
  { const Running monitor(source_, clock_, tcp_); }
}

TEST_F(Security, P8_without_the_token_every_call_is_refused) {
  tcp_.token = kToken;
  const Running monitor(source_, clock_, tcp_);
  for (const std::string token : {"", "0123456789abcdef0123456789abcdeX", "0123456789abcdef"}) {
    const Address address{monitor.address(), token};
    EXPECT_NE(refusal([&] { connect(address, clock_); }).find("--monitor-token"), std::string::npos);
    EXPECT_NE(refusal([&] { sensors(address); }).find("token"), std::string::npos);
    EXPECT_NE(refusal([&] { window(address, clock_, tick(0), tick(1)); }), "");
  }
  EXPECT_EQ(refusal([&] { sensors({monitor.address(), kToken}); }), "");
}

TEST_F(Security, P8_who_is_not_trusted_gets_a_sample_in_50_ms) {
  double open = 0, trusted = 0, local = 0;
  {
    const Running monitor(source_, clock_, tcp_);
    open = std::ranges::min(distances({monitor.address()}));
    EXPECT_EQ(missed_, 0U);
    EXPECT_DOUBLE_EQ(seen_period_, 0.05);
  }
  {
    tcp_.token = kToken;
    const Running monitor(source_, clock_, tcp_);
    trusted = std::ranges::min(distances({monitor.address(), kToken}));
  }
  {
    const Running monitor(source_, clock_, options_);
    local = std::ranges::min(distances({monitor.address()}));
    EXPECT_DOUBLE_EQ(seen_period_, 0.01);
  }
  const bool met = open > 49.8 && trusted < 11 && local < 11;
  report_goal("P8", met,
              fmt::format("socket 0660, loopback only, token; sampled every 10 ms: {:.0f} ms for TCP without "
                          "the token, {:.0f} ms with it, {:.0f} ms for the same user on the socket",
                          open, trusted, local));
  EXPECT_TRUE(met);
}

TEST_F(Security, P8_windows_of_an_untrusted_peer_lie_on_the_grid_of_its_samples) {
  source_.period_seconds = 0.01;
  while (next_ < 200) emit_fine();
  const Instant base = Instant(std::chrono::seconds(3));
  const Running monitor(source_, clock_, tcp_);
  const auto answer = window({monitor.address()}, clock_, base + std::chrono::milliseconds(7),
                             base + std::chrono::milliseconds(112));
  EXPECT_NEAR(to_seconds(answer.begin - base), 0, 1e-4);
  EXPECT_NEAR(to_seconds(answer.end - base), 0.15, 1e-4);
}

TEST_F(Security, P8_a_token_file_is_for_its_owner_alone) {
  EXPECT_EQ(read_token(token_file(std::string(kToken) + "\n")), kToken);
  EXPECT_NE(refusal([&] { read_token(token_file(kToken, 0644)); }).find("chmod 600"), std::string::npos);
  EXPECT_NE(refusal([&] { read_token(token_file("short")); }), "");
  EXPECT_NE(refusal([&] { read_token(token_file(std::string(20, '\x01'))); }), "");
  EXPECT_NE(refusal([&] { read_token("/nonexistent/token"); }), "");
}

TEST(Token, P8_is_compared_whole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  for (const auto* other : {"", "ab", "abcd", "abcabc", "xbc", "abx"})
    EXPECT_FALSE(same_secret(other, "abc"));
  EXPECT_FALSE(same_secret("abc", ""));
  EXPECT_TRUE(carries(bearer("abc"), "abc"));
  EXPECT_FALSE(carries("abc", "abc"));
  EXPECT_FALSE(carries(bearer(""), ""));
}

}  // namespace
}  // namespace ipw::rpc
