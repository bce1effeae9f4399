// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/prometheus.h"

#include <gtest/gtest.h>

namespace ipw::clients {
namespace {

TEST(Prometheus, samples_have_name_labels_and_value) {
  const auto samples = parse_prometheus("# HELP a b\na{x=\"1\"} 2.5\nb 3 1700000000\n");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].name, "a");
  EXPECT_EQ(samples[0].labels, "x=\"1\"");
  EXPECT_EQ(samples[0].value, 2.5);
  EXPECT_EQ(samples[1].value, 3);
}

TEST(Prometheus, braces_and_quotes_inside_label_values_do_not_end_them) {
  const auto samples = parse_prometheus(R"(a{x="}\"",y="z"} 1)");
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].labels, R"(x="}\"",y="z")");
}

TEST(Prometheus, lines_that_are_no_samples_are_skipped) {
  EXPECT_TRUE(parse_prometheus("<html>\na{x=\"1\n{} 1\na NaN\na +Inf\n\n").empty());
}

}  // namespace
}  // namespace ipw::clients
