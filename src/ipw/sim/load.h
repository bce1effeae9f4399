// SPDX-License-Identifier: Apache-2.0
// What requests add to the power of a simulated machine, and what each of them has truly cost.
#pragma once
#include <map>
#include <vector>

#include "ipw/sim/world.h"

namespace ipw::sim {

/// What a token costs one device above its idle power, in joules.
struct TokenCost {
  double prefill = 0, decode = 0;
};

/// The work that a request does from an instant on. `cost` scales what it costs: 1 is the mean request.
struct Pace {
  double prefill_tokens_per_second = 0, decode_tokens_per_second = 0, cost = 1;
};

/// Drive the load of a world: at any instant a device draws its idle power and the sum over the active
/// requests of pace times cost. So requests + idle = device, up to the rounding of a double. One thread;
/// instants in order.
class Load {
 public:
  /// `costs` has one row for each device of the world.
  Load(World& world, std::vector<TokenCost> costs);

  /// From an instant on a request works at this pace; an unknown one begins.
  void set(std::int64_t request, const Pace& pace, std::int64_t at_ns);
  /// End a request. Returns its true joules, one for each device.
  std::vector<double> end(std::int64_t request, std::int64_t at_ns);

  std::size_t active() const { return requests_.size(); }
  /// The joules of all requests up to an instant not before the last change, one for each device.
  std::vector<double> request_joules(std::int64_t at_ns) const;

 private:
  struct Request {
    Pace pace;
    std::int64_t since_ns = 0;
    double prefill_tokens = 0, decode_tokens = 0;  ///< done before, times cost
  };
  static void work(Request& request, std::int64_t until_ns);
  double joules(const Request& request, std::size_t device) const;
  void draw(std::int64_t at_ns);

  World& world_;
  std::vector<TokenCost> costs_;
  std::map<std::int64_t, Request> requests_;
  std::vector<double> ended_joules_;
};

}  // namespace ipw::sim
