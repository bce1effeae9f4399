// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/merge.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/execution/merge_summary.h"
#include "ipw/execution/summary.h"
#include "ipw/records/merge_journals.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

class Merging : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            (std::string("ipw_merge_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  static ProfileConfig config(std::size_t shard, std::size_t shards) {
    ProfileConfig c;
    c.client = "echo";
    c.model = "parrot";
    c.dataset = "ipw-tiny";
    c.shard = {shard, shards};
    return c;
  }

  static records::QueryRecord record(std::int64_t index, std::uint64_t salt = 0) {
    std::mt19937_64 random(static_cast<std::uint64_t>(index) * 7919 + salt);
    records::QueryRecord r;
    r.index = index;
    r.query_id = fmt_id(index);
    r.problem = "question " + std::to_string(index);
    r.response = "answer " + std::to_string(random() % 100);
    r.latency.total_seconds = 1 + static_cast<double>(random() % 1000) / 997;
    r.tokens = {10, static_cast<std::int64_t>(random() % 50), {}, {}, "server"};
    r.cost = records::Cost{1e-6, 0, 2e-6 * static_cast<double>(random() % 9), 0, 3e-6, "2026-05-01"};
    r.evaluation = records::Evaluation{random() % 2 == 0, "exact", "x", "", "", {}};
    return r;
  }
  static std::string fmt_id(std::int64_t index) { return "q" + std::to_string(10000 + index).substr(1); }

  static Json summary(const ProfileConfig& c, const std::string& host) {
    const double s = static_cast<double>(c.shard.index);
    const auto i = static_cast<std::int64_t>(c.shard.index);
    return {{"model", c.model},
            {"dataset", "ipw-tiny"},
            {"dataset_name", "IPW tiny"},
            {"hardware_label", "AMD"},
            {"system_info", {{"host_name", host}, {"cpu_count", 2}, {"cpu_brand", "AMD"}}},
            {"gpu_info", nullptr},
            {"dataset_info", {{"source", "generated"}, {"revision", ""}, {"licence", "x"}}},
            {"totals", {{"queries", 0}, {"asked_for", nullptr}, {"wall_clock_s", 0.1 * s}}},
            {"telemetry",
             {{"source", "in-process"},
              {"domains", {{{"name", "package-0"}}}},
              {"gpu_count", 0},
              {"run",
               {{{"domain", "package-0"},
                 {"joules", 0.3 * s},
                 {"half_width_joules", 0.1},
                 {"rule", "r"},
                 {"coverage", 1.0},
                 {"validity", Json::array()},
                 {"reason", ""}}}},
              {"idle", {{{"when", "before"}, {"watts", {{"package-0", 1.0 + s}}}}}},
              {"sampler", {{"ticks", 10 * i}, {"missed_ticks", i == 2 ? 1 : 0}, {"period_seconds", 0.05}}},
              {"problems", {"gap"}}}},
            {"cost", {{"price_model", "parrot"}, {"prices_as_of", "2026-05-01"}}},
            {"attribution",
             {{"rule", "time-share"},
              {"domains",
               {{{"domain", "package-0"},
                 {"device_joules", 1.1 * s},
                 {"request_joules", 0.7 * s},
                 {"idle_joules", 0.3 * s},
                 {"unattributed_joules", 0.1 * s},
                 {"shared_idle_joules", 0.2 * s}}}}}},
            {"interrupted", false},
            {"verdict", {{"valid", true}, {"reasons", Json::array()}}}};
  }

  /// A shard's folder as a run leaves it: lines in the order in which they came, energies behind.
  fs::path shard(std::size_t i, std::size_t n, int queries, std::uint64_t salt = 0,
                 const std::string& name = {}) {
    const auto c = config(i, n);
    const auto folder = root_ / (name.empty() ? "shard" + std::to_string(i) : name);
    make_directories(folder / "artifacts" / ("q" + std::to_string(i)));
    write_file_atomic(folder / "artifacts" / ("q" + std::to_string(i)) / "response.txt", "x");
    write_file_atomic(folder / "telemetry.jsonl", "recording of " + std::to_string(i) + "\n");
    records::write_config(folder, to_json(c));
    records::write_summary(folder, summary(c, "node" + std::to_string(i)));
    std::vector<std::int64_t> mine;
    for (int q = 0; q < queries; ++q)
      if (static_cast<std::size_t>(q) % n == i - 1) mine.push_back(q);
    std::ranges::shuffle(mine, std::mt19937(static_cast<unsigned>(i)));
    records::Journal journal(folder);
    for (const auto index : mine) journal.append_query(record(index, salt));
    for (const auto index : mine) journal.append_energy(with_energy(record(index, salt)));
    return folder;
  }

  static records::QueryRecord with_energy(records::QueryRecord r) {
    std::mt19937_64 random(static_cast<std::uint64_t>(r.index));
    r.energy = {{"package-0", "package", 1.0 + static_cast<double>(random() % 1000) / 999, 0.1, "counter",
                 "edge-aware", 1.0, std::nullopt, ""}};
    return r;
  }

  /// Merge into the one place and take all that is in it, by name; the place is then empty again.
  std::map<std::string, std::string> merged(std::vector<fs::path> folders) {
    const auto outcome = merge({root_ / "out", std::move(folders), false}, kNow);
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(outcome.run.folder))
      if (entry.is_regular_file())
        files[entry.path().lexically_relative(outcome.run.folder).string()] = read_file(entry.path());
    fs::remove_all(root_ / "out");
    return files;
  }

  /// The same, kept under a name for a later merge.
  fs::path kept(const std::vector<fs::path>& folders, const std::string& name) {
    const auto outcome = merge({root_ / "out", folders, false}, kNow);
    fs::rename(outcome.run.folder, root_ / name);
    return root_ / name;
  }

  static std::string error_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }

  static constexpr WallTime kNow{Nanoseconds(1'700'000'000'000'000'000)};
  fs::path root_;
};

TEST_F(Merging, any_order_and_grouping_gives_the_same_bytes) {
  std::vector<fs::path> shards;
  for (std::size_t i = 1; i <= 5; ++i) shards.push_back(shard(i, 5, 37));
  const auto whole = merged(shards);
  ASSERT_GE(whole.size(), 14U);
  std::mt19937 random(11);
  for (int round = 0; round < 12; ++round) {
    auto left = shards;
    for (int step = 0; left.size() > 1 && step < 3; ++step) {
      std::ranges::shuffle(left, random);
      const auto take = 1 + random() % left.size();
      const std::vector<fs::path> group(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(take));
      left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(take));
      left.push_back(kept(group, "group" + std::to_string(round) + "_" + std::to_string(step)));
    }
    std::ranges::shuffle(left, random);
    const auto again = merged(left);
    ASSERT_EQ(again.size(), whole.size());
    for (const auto& [name, bytes] : whole) EXPECT_EQ(again.at(name), bytes) << name << " in round " << round;
  }
}

TEST_F(Merging, holds_the_queries_of_the_unsharded_run_in_the_order_of_the_dataset) {
  const auto whole = shard(1, 1, 20, 0, "whole");
  const auto files = merged({shard(3, 3, 20), shard(1, 3, 20), shard(2, 3, 20)});
  const auto alone = merged({whole});
  EXPECT_EQ(files.at("journal.jsonl"), alone.at("journal.jsonl"));
  const auto summary = parse_json(files.at("summary.json")).value();
  EXPECT_EQ(summary["totals"]["queries"], 20);
  EXPECT_EQ(summary["totals"]["with_energy"], 20);
  EXPECT_EQ(summary["totals"]["energy_joules"],
            parse_json(alone.at("summary.json")).value()["totals"]["energy_joules"]);
  EXPECT_EQ(summary["verdict"]["valid"], true);
  EXPECT_EQ(summary["profiler_config"]["shard"], (Json{1, 1}));
  EXPECT_EQ(files.at("parts/shard-2-of-3/telemetry.jsonl"), "recording of 2\n");
}

TEST_F(Merging, sums_idle_ticks_and_what_went_where) {
  const auto files = merged({shard(1, 2, 8), shard(2, 2, 8)});
  const auto summary = parse_json(files.at("summary.json")).value();
  const auto& domain = summary["attribution"]["domains"][0];
  EXPECT_DOUBLE_EQ(domain["device_joules"].get<double>(), 1.1 + 2.2);
  EXPECT_NEAR(domain["request_joules"].get<double>() + domain["idle_joules"].get<double>() +
                  domain["unattributed_joules"].get<double>(),
              domain["device_joules"].get<double>(), 1e-12);
  EXPECT_EQ(summary["telemetry"]["sampler"]["ticks"], 30);
  EXPECT_EQ(summary["telemetry"]["sampler"]["missed_ticks"], 1);
  EXPECT_EQ(summary["telemetry"]["idle"].size(), 2U);
  EXPECT_EQ(summary["telemetry"]["idle"][1]["shard"], 2);
  EXPECT_NEAR(summary["telemetry"]["run"][0]["joules"].get<double>(), 0.9, 1e-12);
  EXPECT_EQ(summary["telemetry"]["problems"], (Json{"shard 1: gap", "shard 2: gap"}));
  EXPECT_NEAR(summary["totals"]["wall_clock_s"].get<double>(), 0.3, 1e-12);
}

TEST_F(Merging, tells_which_shards_are_missing) {
  const auto outcome = merge({root_ / "out", {shard(2, 4, 8), shard(4, 4, 8)}, false}, kNow);
  EXPECT_EQ(outcome.missing, (std::vector<std::size_t>{1, 3}));
  EXPECT_FALSE(outcome.run.verdict.valid());
  EXPECT_EQ(outcome.run.verdict.reasons.front(), "2 of 4 shards are there; missing: 1, 3");
}

TEST_F(Merging, X9_takes_a_query_once_where_two_folders_hold_the_same) {
  const auto a = shard(1, 2, 8), b = shard(2, 2, 8);
  fs::copy(b, root_ / "copy", fs::copy_options::recursive);
  EXPECT_EQ(merged({a, b, root_ / "copy"}).at("journal.jsonl"), merged({a, b}).at("journal.jsonl"));
}

TEST_F(Merging, names_the_queries_that_contradict_each_other) {
  const auto a = shard(1, 2, 5);
  const auto other = shard(1, 2, 5, 99, "again");
  const auto error = error_of([&] { merged({a, other}); });
  EXPECT_NE(
      error.find("3 queries stand in two parts with different content: q0000 (index 0) in shard1 and again"),
      std::string::npos)
      << error;
  EXPECT_FALSE(fs::exists(root_ / "out/.profile_AMD_parrot_ipw_tiny.merging"));
}

TEST_F(Merging, refuses_folders_of_different_runs) {
  const auto a = shard(1, 2, 4);
  const auto b = shard(2, 2, 4);
  auto other = config(2, 2);
  other.temperature = 0.7;
  records::write_config(b, to_json(other));
  EXPECT_NE(error_of([&] { merged({a, b}); }).find("temperature (0.0 then, 0.7 now)"), std::string::npos);
  const auto c = shard(2, 3, 4, 0, "third");
  EXPECT_EQ(error_of([&] { merged({a, c}); }), "shard1 is one of 2 shards, third one of 3");
}

TEST_F(Merging, refuses_a_shard_that_was_not_finished) {
  const auto a = shard(1, 2, 4), b = shard(2, 2, 4);
  fs::remove(b / "summary.json");
  EXPECT_NE(error_of([&] { merged({a, b}); }).find("was never finished"), std::string::npos);
}

TEST_F(Merging, carries_the_reasons_of_its_parts) {
  const auto a = shard(1, 2, 4), b = shard(2, 2, 4);
  auto summary = records::read_summary(b);
  summary["verdict"] = {{"valid", false}, {"reasons", {"the sampler missed 5 of 10 ticks"}}};
  summary["hardware_label"] = "H200";
  records::write_summary(b, summary);
  const auto outcome = merge({root_ / "out", {a, b}, false}, kNow);
  ASSERT_EQ(outcome.run.verdict.reasons.size(), 2U);
  EXPECT_EQ(outcome.run.verdict.reasons[0], "shard 2 of 2: the sampler missed 5 of 10 ticks");
  EXPECT_NE(outcome.run.verdict.reasons[1].find("AMD, H200"), std::string::npos);
}

TEST_F(Merging, replaces_a_merged_folder_only_when_asked_to) {
  const auto a = shard(1, 2, 4), b = shard(2, 2, 4);
  const auto half = merge({root_ / "out", {a}, false}, kNow).run.folder;
  EXPECT_NE(error_of([&] {
              merge({root_ / "out", {half, b}, false}, kNow);
            }).find("exists already"),
            std::string::npos);
  EXPECT_TRUE(merge({root_ / "out", {half, b}, true}, kNow).missing.empty());
}

TEST_F(Merging, copies_of_the_artifacts_what_can_be_copied_and_counts_the_rest) {
  const auto a = shard(1, 2, 4), b = shard(2, 2, 4);
  make_directories(a / "artifacts/q1/cache");
  write_file_atomic(a / "artifacts/q1/cache/file", "x");
  fs::create_symlink("nowhere", a / "artifacts/q1/link");
  fs::permissions(a / "artifacts/q1/cache", fs::perms(0555));
  ASSERT_EQ(mkfifo((a / "artifacts/q1/pipe").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((b / "artifacts/q2/pipe").c_str(), 0600), 0);
  testing::internal::CaptureStderr();
  const auto folder = merge({root_ / "out", {a, b}, false}, kNow).run.folder;
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("2 things in the artifacts are left out"), std::string::npos) << said;
  EXPECT_EQ(read_file(folder / "artifacts/q1/cache/file"), "x");
  EXPECT_EQ(read_file(folder / "artifacts/q2/response.txt"), "x");
  EXPECT_EQ(fs::read_symlink(folder / "artifacts/q1/link"), "nowhere");
  EXPECT_FALSE(fs::exists(folder / "artifacts/q1/pipe"));
  fs::permissions(a / "artifacts/q1/cache", fs::perms(0755));
}

TEST_F(Merging, joins_many_journals_in_rounds) {
  std::vector<records::JournalPart> parts;
  for (std::size_t i = 1; i <= 9; ++i)
    parts.push_back({shard(i, 9, 30) / "journal.jsonl", "shard " + std::to_string(i)});
  records::merge_journals(parts, root_ / "at-once.jsonl");
  records::merge_journals(parts, root_ / "in-rounds.jsonl", 2);
  EXPECT_EQ(read_file(root_ / "at-once.jsonl"), read_file(root_ / "in-rounds.jsonl"));
  EXPECT_FALSE(fs::exists(root_ / "in-rounds.jsonl.0"));
}

TEST_F(Merging, gives_each_query_the_machine_of_its_shard) {
  const auto outcome = merge({root_ / "out", {shard(1, 2, 4), shard(2, 2, 4)}, false}, kNow);
  const auto summary = records::read_summary(outcome.run.folder);
  EXPECT_EQ(summary["merge"]["parts"][1]["system_info"]["host_name"], "node2");
  ASSERT_TRUE(update_scores(outcome.run.folder, "parrot", {{"by", "test"}}));  // writes the dataset again
  const auto bytes = read_file(outcome.run.folder / "data-00000-of-00001.arrow");
  EXPECT_NE(bytes.find("node1"), std::string::npos);
  EXPECT_NE(bytes.find("node2"), std::string::npos);
}

TEST(AddUp, sums_numbers_in_depth_and_keeps_what_is_equal) {
  const Json a{{"n", 1}, {"j", {{"joules", 0.5}, {"model", "m"}}}, {"day", "1"}};
  const Json b{{"n", 2}, {"j", {{"joules", 0.25}, {"model", "m"}}}, {"day", "2"}};
  EXPECT_EQ(add_up({a, b}), (Json{{"n", 3}, {"j", {{"joules", 0.75}, {"model", "m"}}}, {"day", nullptr}}));
}

}  // namespace
}  // namespace ipw::execution
