// SPDX-License-Identifier: Apache-2.0
// Apple SoCs through IOReport, a private library of macOS that needs no privilege. Declarations follow what
// public programs agree on; there is no documentation.
#include "ipw/telemetry/collectors/apple.h"

#ifdef __APPLE__
#include <CoreFoundation/CoreFoundation.h>
#include <fmt/format.h>

#include <set>

#include "ipw/base/error.h"
#include "ipw/base/library.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

using Subscription = const void*;

struct Functions {
  CFMutableDictionaryRef (*channels)(CFStringRef, CFStringRef, std::uint64_t, std::uint64_t, std::uint64_t);
  Subscription (*subscribe)(const void*, CFMutableDictionaryRef, CFMutableDictionaryRef*, std::uint64_t,
                            CFTypeRef);
  CFDictionaryRef (*sample)(Subscription, CFMutableDictionaryRef, CFTypeRef);
  CFDictionaryRef (*delta)(CFDictionaryRef, CFDictionaryRef, CFTypeRef);
  CFStringRef (*name)(CFDictionaryRef);
  CFStringRef (*unit)(CFDictionaryRef);
  std::int64_t (*value)(CFDictionaryRef, std::int32_t);
};

std::string text_of(CFStringRef string) {
  std::array<char, 256> buffer{};
  if (!string || !CFStringGetCString(string, buffer.data(), buffer.size(), kCFStringEncodingUTF8)) return {};
  return buffer.data();
}

template <class Ref>
class Owned {
 public:
  explicit Owned(Ref ref = nullptr) : ref_(ref) {}
  ~Owned() { reset(nullptr); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  void reset(Ref ref) {
    if (ref_) CFRelease(ref_);
    ref_ = ref;
  }
  Ref get() const { return ref_; }

 private:
  Ref ref_;
};

class IoReport final : public Collector {
 public:
  explicit IoReport(Library library)
      : library_(std::move(library)), domains_(apple_domains("IOReport", 0, true)) {
    bind_all();
    const Owned<CFMutableDictionaryRef> wanted(call_.channels(CFSTR("Energy Model"), nullptr, 0, 0, 0));
    CFMutableDictionaryRef subscribed = nullptr;
    if (wanted.get()) subscription_ = call_.subscribe(nullptr, wanted.get(), &subscribed, 0, nullptr);
    subscribed_.reset(subscribed);
    if (!subscription_)
      throw Error(ErrorCode::Unavailable, "IOReport offers no channel of the group Energy Model");
    last_.reset(call_.sample(subscription_, subscribed_.get(), nullptr));
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  // Samples are chained: the one that ends an interval begins the next, so that no energy is lost in between.
  void poll(Clock& clock, Sample& sample) override {
    const Instant begin = clock.now();
    CFDictionaryRef now = call_.sample(subscription_, subscribed_.get(), nullptr);
    const Bracket bracket{begin, clock.now()};
    if (!now || !last_.get()) {
      last_.reset(now);
      for (std::uint32_t i = 0; i < domains_.size(); ++i)
        sample.silent.push_back({i, "IOReport gave no sample", Cause::Unreadable});
      return;
    }
    const Owned<CFDictionaryRef> delta(call_.delta(last_.get(), now, nullptr));
    last_.reset(now);
    AppleEnergies joules = energies(delta.get());
    add_up(joules);
    for (std::uint32_t i = 0; i < domains_.size(); ++i) give(i, joules[i], bracket, sample);
  }

 private:
  void bind_all() {
    const bool all = bind(library_, call_.channels, {"IOReportCopyChannelsInGroup"}) &&
                     bind(library_, call_.subscribe, {"IOReportCreateSubscription"}) &&
                     bind(library_, call_.sample, {"IOReportCreateSamples"}) &&
                     bind(library_, call_.delta, {"IOReportCreateSamplesDelta"}) &&
                     bind(library_, call_.name, {"IOReportChannelGetChannelName"}) &&
                     bind(library_, call_.unit, {"IOReportChannelGetUnitLabel"}) &&
                     bind(library_, call_.value, {"IOReportSimpleGetIntegerValue"});
    if (!all) throw Error(ErrorCode::Unavailable, "libIOReport lacks a function of this build");
  }

  AppleEnergies energies(CFDictionaryRef delta) {
    AppleEnergies out{};
    const auto list = static_cast<CFArrayRef>(CFDictionaryGetValue(delta, CFSTR("IOReportChannels")));
    for (CFIndex i = 0; list && i < CFArrayGetCount(list); ++i) {
      const auto channel = static_cast<CFDictionaryRef>(CFArrayGetValueAtIndex(list, i));
      const std::string name = text_of(call_.name(channel));
      const auto unit = channel_unit_joules(text_of(call_.unit(channel)));
      const AppleChannel kind = classify_channel(name);
      if (kind.part) continue;
      if (!kind.rail || !unit) {
        note_unknown(name);
        continue;
      }
      auto& rail = out[static_cast<std::size_t>(*kind.rail)];
      rail = rail.value_or(0) + static_cast<double>(call_.value(channel, 0)) * *unit;
    }
    return out;
  }

  void note_unknown(const std::string& name) {
    if (!unknown_.insert(name).second || unknown_.size() > 32) return;
    domains_.front().note += fmt::format("; not counted: {}", name);
  }

  void give(std::uint32_t i, std::optional<double> joules, const Bracket& at, Sample& sample) {
    if (!joules) {
      sample.silent.push_back(
          {i, fmt::format("IOReport has no channel for {}", domains_[i].name), Cause::Unsupported});
      return;
    }
    counted_[i] += *joules;
    sample.readings.push_back({i, at.mid(), at.half_width(), counted_[i], std::nullopt});
  }

  Library library_;
  Functions call_{};
  std::vector<Domain> domains_;
  Subscription subscription_ = nullptr;
  Owned<CFMutableDictionaryRef> subscribed_;
  Owned<CFDictionaryRef> last_;
  std::array<double, kAppleRails> counted_{};
  std::set<std::string> unknown_;
};

}  // namespace

std::unique_ptr<Collector> make_ioreport() {
  constexpr std::array<std::string_view, 1> kNames{"libIOReport.dylib"};
  constexpr std::array<std::string_view, 1> kFolders{"/usr/lib"};
  auto library = Library::open(kNames, "", kFolders);
  if (!library) throw Error(ErrorCode::Unavailable, "libIOReport cannot be opened: " + library.error());
  return std::make_unique<IoReport>(std::move(*library));
}

}  // namespace ipw::telemetry
#endif
