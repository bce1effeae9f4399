// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/load.h"

#include <ranges>

namespace ipw::sim {

Load::Load(World& world, std::vector<TokenCost> costs)
    : world_(world), costs_(std::move(costs)), ended_joules_(costs_.size(), 0) {}

void Load::set(std::int64_t request, const Pace& pace, std::int64_t at_ns) {
  Request& r = requests_[request];
  work(r, at_ns);
  r.pace = pace;
  r.since_ns = at_ns;
  draw(at_ns);
}

std::vector<double> Load::end(std::int64_t request, std::int64_t at_ns) {
  std::vector<double> out(costs_.size(), 0);
  const auto found = requests_.find(request);
  if (found == requests_.end()) return out;
  work(found->second, at_ns);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = joules(found->second, i);
    ended_joules_[i] += out[i];
  }
  requests_.erase(found);
  draw(at_ns);
  return out;
}

std::vector<double> Load::request_joules(std::int64_t at_ns) const {
  std::vector<double> out = ended_joules_;
  for (Request request : requests_ | std::views::values) {
    work(request, at_ns);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += joules(request, i);
  }
  return out;
}

void Load::work(Request& request, std::int64_t until_ns) {
  const double seconds = static_cast<double>(until_ns - request.since_ns) * 1e-9;
  request.prefill_tokens += request.pace.prefill_tokens_per_second * request.pace.cost * seconds;
  request.decode_tokens += request.pace.decode_tokens_per_second * request.pace.cost * seconds;
  request.since_ns = until_ns;
}

double Load::joules(const Request& request, std::size_t device) const {
  return costs_[device].prefill * request.prefill_tokens + costs_[device].decode * request.decode_tokens;
}

void Load::draw(std::int64_t at_ns) {
  double prefill = 0, decode = 0;
  for (const auto& [id, r] : requests_) {
    prefill += r.pace.prefill_tokens_per_second * r.pace.cost;
    decode += r.pace.decode_tokens_per_second * r.pace.cost;
  }
  for (std::size_t i = 0; i < costs_.size(); ++i) {
    set_load(world_.device[i], at_ns, costs_[i].prefill * prefill + costs_[i].decode * decode);
    world_.device[i].utilization_pct = requests_.empty() ? 0 : 100;
  }
}

}  // namespace ipw::sim
