// SPDX-License-Identifier: Apache-2.0
// The only file that knows Boost.Math.
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>

#include "ipw/stats/stats.h"

namespace ipw::stats {

double normal_quantile(double p) {
  assert(p > 0 && p < 1);
  return boost::math::quantile(boost::math::normal_distribution<double>(), p);
}

double student_t_quantile(double p, double degrees_of_freedom) {
  assert(p > 0 && p < 1 && degrees_of_freedom > 0);
  return boost::math::quantile(boost::math::students_t_distribution<double>(degrees_of_freedom), p);
}

}  // namespace ipw::stats
