// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "ipw/records/run_folder.h"
#include "sample_record.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

void append_bytes(const fs::path& folder, std::string_view bytes) {
  std::ofstream(folder / "journal.jsonl", std::ios::app | std::ios::binary) << bytes;
}

std::vector<QueryRecord> records_of(const fs::path& folder) {
  std::vector<QueryRecord> out;
  auto run = open_run(folder);
  for (QueryRecord r; run->next(r);) out.push_back(r);
  return out;
}

TEST(Journal, keeps_what_was_appended) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(4));
  const auto records = records_of(folder);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(dump_json(to_json(records[0])), dump_json(to_json(sample_record(4))));
}

TEST(Journal, gives_queries_in_the_order_of_their_index) {
  const auto folder = empty_folder();
  Journal journal(folder);
  for (const int i : {5, 2, 9, 0}) journal.append_query(sample_record(i));
  std::vector<std::int64_t> order;
  for (const auto& r : records_of(folder)) order.push_back(r.index);
  EXPECT_EQ(order, (std::vector<std::int64_t>{0, 2, 5, 9}));
}

TEST(Journal, amends_a_query_by_its_later_energy_line) {
  const auto folder = empty_folder();
  Journal journal(folder);
  auto record = sample_record(1);
  record.energy.clear();
  journal.append_query(record);
  journal.append_query(sample_record(2));
  journal.append_energy(sample_record(1));
  EXPECT_EQ(records_of(folder).at(0).energy.at(0).joules, 100.0);
}

TEST(Journal, amends_a_query_by_a_later_evaluation) {
  const auto folder = empty_folder();
  Journal journal(folder);
  journal.append_query(sample_record(1));
  journal.append_evaluation(1, Evaluation{false, "judge", "41", "", ""});
  const auto record = records_of(folder).at(0);
  EXPECT_EQ(record.evaluation->correct, false);
  EXPECT_EQ(record.response, "It is 42.");
}

TEST(Journal, replaces_a_failed_query_by_its_retry) {
  const auto folder = empty_folder();
  Journal journal(folder);
  auto failed = sample_record(1);
  failed.failure = RecordFailure{"timeout", "60 s", 0};
  journal.append_query(failed);
  EXPECT_EQ(read_journal_state(folder).failed, (IndexSet{1}));
  journal.append_query(sample_record(1));
  EXPECT_TRUE(read_journal_state(folder).failed.empty());
  ASSERT_EQ(records_of(folder).size(), 1u);
  EXPECT_FALSE(records_of(folder)[0].failure.has_value());
}

TEST(Journal, X3_holds_a_failed_query_as_a_record) {
  const auto folder = empty_folder();
  auto failed = sample_record(1);
  failed.failure = RecordFailure{"http", "bad gateway", 502};
  Journal(folder).append_query(failed);
  EXPECT_EQ(records_of(folder).at(0).failure->http_status, 502);
}

TEST(Journal, X4_goes_on_behind_what_was_there) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(0));
  Journal(folder).append_query(sample_record(1));
  EXPECT_EQ(read_journal_state(folder).finished, (IndexSet{0, 1}));
}

TEST(Journal, cuts_a_half_line_off_when_it_is_opened_again) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(0));
  append_bytes(folder, R"({"type":"query","index":1,"pro)");
  EXPECT_EQ(read_journal_state(folder).broken_lines, 1u);
  Journal(folder).append_query(sample_record(2));
  EXPECT_EQ(read_journal_state(folder).finished, (IndexSet{0, 2}));
  EXPECT_EQ(read_journal_state(folder).broken_lines, 0u);
}

TEST(Journal, repair_says_how_many_bytes_it_cut) {
  const auto folder = empty_folder();
  append_bytes(folder, "{}\n12345");
  EXPECT_EQ(repair_journal(folder), 5u);
  EXPECT_EQ(repair_journal(folder), 0u);
}

TEST(Journal, repair_cuts_a_half_line_longer_than_its_window) {
  const auto folder = empty_folder();
  append_bytes(folder, "{}\n" + std::string(3'000'000, 'x'));
  EXPECT_EQ(repair_journal(folder), 3'000'000u);
}

TEST(Journal, skips_and_counts_broken_lines_in_the_middle) {
  const auto folder = empty_folder();
  Journal(folder).append_query(sample_record(0));
  append_bytes(folder, "not json\n[1,2]\n{\"type\":\"query\",\"index\":1,\"latency\":\"soon\"}\n");
  Journal(folder).append_query(sample_record(2));
  EXPECT_EQ(read_journal_state(folder).broken_lines, 2u);
  const auto records = records_of(folder);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].index, 2);
}

TEST(Journal, keeps_a_record_whose_response_is_no_utf8) {
  const auto folder = empty_folder();
  auto record = sample_record(0);
  record.response = "ab\xff\xfe\n\"cd";
  Journal(folder).append_query(record);
  EXPECT_EQ(records_of(folder).at(0).response, "ab\xEF\xBF\xBD\xEF\xBF\xBD\n\"cd");
}

TEST(Journal, ignores_an_amendment_of_a_query_that_is_not_there) {
  const auto folder = empty_folder();
  Journal(folder).append_energy(sample_record(3));
  EXPECT_TRUE(records_of(folder).empty());
}

TEST(Journal, X2_writes_as_many_bytes_for_the_last_query_as_for_the_first) {
  const auto folder = empty_folder();
  Journal journal(folder);
  auto grown_by_one = [&, index = std::int64_t{1000}]() mutable {
    const auto before = fs::exists(folder / "journal.jsonl") ? fs::file_size(folder / "journal.jsonl") : 0;
    journal.append_query(sample_record(index++));
    return fs::file_size(folder / "journal.jsonl") - before;
  };
  const auto first = grown_by_one();
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(grown_by_one(), first);
}

/// Append until killed; the parent learns through a pipe which appends have returned.
[[noreturn]] void append_forever(const fs::path& folder, int told) {
  Journal journal(folder);
  for (std::int64_t i = 0;; ++i) {
    journal.append_query(sample_record(i));
    if (::write(told, &i, sizeof i) != sizeof i) ::_exit(1);
  }
}

/// Kill a writer after a number of its appends, and return the last index it was told to be safe.
std::int64_t kill_writer_after(const fs::path& folder, std::int64_t appends) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) append_forever(folder, ends[1]);
  ::close(ends[1]);
  std::int64_t last = -1, told = 0;
  while (last < appends && ::read(ends[0], &told, sizeof told) == sizeof told) last = told;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(ends[0], &told, sizeof told) == sizeof told) last = told;
  ::close(ends[0]);
  return last;
}

TEST(Journal, X1_loses_no_appended_query_when_it_is_killed_at_any_point) {
  const auto folder = empty_folder();
  std::mt19937 random(7);
  for (int trial = 0; trial < 100; ++trial) {
    fs::remove_all(folder);
    const auto last = kill_writer_after(folder, random() % 40);
    ASSERT_GE(last, 0);
    repair_journal(folder);
    const auto state = read_journal_state(folder);
    EXPECT_EQ(state.broken_lines, 0u);
    EXPECT_GE(state.finished.size(), static_cast<std::size_t>(last) + 1);
    EXPECT_TRUE(state.finished.contains(last));
  }
}

}  // namespace
}  // namespace ipw::records
