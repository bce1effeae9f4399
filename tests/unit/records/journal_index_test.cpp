// SPDX-License-Identifier: Apache-2.0
// Any journal against the simplest way to read one.
#include "ipw/records/journal_index.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ipw/records/run_folder.h"
#include "sample_record.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

/// One line of a random journal: mostly in order, with retries, amendments before, after and without their
/// query, notes and broken lines.
std::string random_line(std::mt19937_64& random, std::int64_t near, std::int64_t far) {
  const auto index = random() % 20 == 0
                         ? static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(far))
                         : near + static_cast<std::int64_t>(random() % 7);
  const auto mark = random() % 1'000'000;
  switch (random() % 12) {
    case 0:
      return "{\"type\":\"query\",\"index\":" + std::to_string(index);  // cut
    case 1:
      return dump_json({{"type", "resume"}, {"index", index}});
    case 2:
    case 3:
    case 4:
    case 5:
      return dump_json({{"type", "energy"}, {"index", index}, {"gpu_utilization_pct", mark}});
    case 6:
      return dump_json(
          {{"type", "evaluation"}, {"index", index}, {"evaluation", {{"scorer", std::to_string(mark)}}}});
    default:
      return dump_json({{"type", "query"}, {"index", index}, {"problem", "p" + std::to_string(mark)}});
  }
}

std::vector<std::string> write_journal(const fs::path& file, std::mt19937_64& random, int lines) {
  std::vector<std::string> out;
  for (int i = 0; i < lines; ++i) out.push_back(random_line(random, i / 3, lines));
  std::ofstream stream(file, std::ios::binary);
  for (const auto& line : out) stream << line << '\n';
  return out;
}

std::vector<std::string> read_plainly(const std::vector<std::string>& lines) {
  std::map<std::int64_t, Json> queries;
  for (const auto& text : lines) {
    const auto json = parse_json(text);
    if (!json) continue;
    const auto index = (*json)["index"].get<std::int64_t>();
    const bool known = queries.contains(index);
    if ((*json)["type"] == "query") queries[index] = *json;
    if (known && ((*json)["type"] == "energy" || (*json)["type"] == "evaluation"))
      queries[index].update(*json);
  }
  std::vector<std::string> out;
  for (const auto& [index, json] : queries) out.push_back(dump_json(to_json(query_record_from_json(json))));
  return out;
}

std::vector<std::string> read_by_index(const fs::path& file, std::size_t held) {
  JournalIndex index(file.parent_path(), held);
  scan_journal(file, [&](const Json& line, std::string_view, std::uint64_t at) { index.add(line, at); });
  index.sort();
  JournalReader reader(file, std::move(index));
  std::vector<std::string> out;
  for (QueryRecord record; reader.next(record);) out.push_back(dump_json(to_json(record)));
  return out;
}

TEST(JournalIndex, reads_any_journal_as_the_simplest_reader_does) {
  const auto folder = empty_folder();
  std::mt19937_64 random(11);
  for (const int lines : {0, 1, 2, 7, 30, 100, 400, 3000}) {
    for (int trial = 0; trial < 10; ++trial) {
      const auto expected = read_plainly(write_journal(folder / kJournalName, random, lines));
      EXPECT_EQ(read_by_index(folder / kJournalName, 5), expected) << lines << " lines, trial " << trial;
      EXPECT_EQ(read_by_index(folder / kJournalName, 100'000), expected)
          << lines << " lines, trial " << trial;
    }
  }
}

TEST(JournalIndex, reads_amendments_that_lie_far_behind_their_queries) {
  const auto folder = empty_folder();
  constexpr int kQueries = 400;
  Journal journal(folder);
  for (int i = 0; i < kQueries; ++i) {
    auto record = sample_record(i);
    record.energy.clear();
    record.response = std::string(3000, 'x');  // more than a window of lines between a query and its energy
    journal.append_query(record);
  }
  for (int i = 0; i < kQueries; ++i) journal.append_energy(sample_record(i));
  auto run = open_run(folder);
  int found = 0;
  for (QueryRecord record; run->next(record); ++found) ASSERT_EQ(record.energy.at(0).joules, 100.0);
  EXPECT_EQ(found, kQueries);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1) << "something was left in the folder";
}

}  // namespace
}  // namespace ipw::records
