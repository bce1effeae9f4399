// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/visible_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"

namespace ipw::telemetry {

namespace {

constexpr std::array<std::string_view, 4> kNone{"none", "void", "nodevfiles", "-1"};

bool begins(const std::string& whole, std::string_view with) {
  return !with.empty() && whole.size() >= with.size() &&
         iequals_ascii(std::string_view(whole).substr(0, with.size()), with);
}

// "MIG-GPU-<uuid>/<instance>/<compute instance>", as drivers before R470 wrote it.
std::string_view device_of_old_instance(std::string_view id) {
  constexpr std::string_view kPrefix = "MIG-GPU-";
  if (!id.starts_with(kPrefix)) return {};
  id.remove_prefix(4);
  return id.substr(0, id.find('/'));
}

}  // namespace

DeviceChoice parse_visible_devices(const std::optional<std::string>& value) {
  if (!value) return {};
  const auto text = trim(*value);
  if (iequals_ascii(text, "all")) return {};
  DeviceChoice out{false, {}};
  if (text.empty() || std::ranges::any_of(kNone, [&](auto word) { return iequals_ascii(text, word); }))
    return out;
  for (const auto part : split(text, ',')) out.ids.emplace_back(trim(part));
  return out;
}

bool fits(std::string_view id, const DeviceIdentity& device) {
  if (const auto index = parse_int(id)) return *index >= 0 && static_cast<unsigned>(*index) == device.index;
  if (const auto parent = device_of_old_instance(id); !parent.empty()) return begins(device.uuid, parent);
  if (std::ranges::any_of(device.instances, [&](const auto& instance) { return begins(instance, id); }))
    return true;
  return begins(device.uuid, id) || (!device.bus.empty() && iequals_ascii(device.bus, id));
}

std::vector<bool> choose(const DeviceChoice& choice, const std::vector<DeviceIdentity>& devices,
                         std::string& unknown) {
  std::vector<bool> chosen(devices.size(), choice.all);
  unknown.clear();
  for (const std::string& id : choice.ids) {
    const auto meant = [&](const auto& d) { return fits(id, d); };
    const auto device = std::ranges::find_if(devices, meant);
    if (device == devices.end() ||
        std::ranges::count_if(devices, meant) > 1) {  // the begin of several ids is none
      unknown = id.empty() ? "(empty)" : id;
      break;
    }
    chosen[static_cast<std::size_t>(device - devices.begin())] = true;
  }
  return chosen;
}

std::string list_devices(const std::vector<DeviceIdentity>& devices) {
  std::vector<std::string> texts;
  for (const auto& d : devices) texts.push_back(fmt::format("{} ({}, {})", d.index, d.uuid, d.name));
  return texts.empty() ? "none" : join(texts, ", ");
}

}  // namespace ipw::telemetry
