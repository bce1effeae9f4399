// SPDX-License-Identifier: Apache-2.0
// Two passes over the journal: the first finds the lines and the type of dataset_metadata, the second writes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/log.h"
#include "ipw/records/dataset_row.h"
#include "ipw/records/dataset_writer.h"
#include "ipw/records/journal_index.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

struct FirstPass {
  JournalIndex index;
  Column metadata{"dataset_metadata", RowType::Struct, {}};
  std::string sha256;
  std::uint64_t bytes = 0;
};

FirstPass scan(const fs::path& journal) {
  FirstPass pass{.index = JournalIndex(journal.parent_path()), .sha256 = {}};
  Sha256 hash;
  pass.bytes = fs::file_size(journal);
  const auto broken =
      scan_journal(journal, [&](const Json& line, std::string_view text, std::uint64_t offset) {
        pass.index.add(line, offset);
        hash.update(text);
        const Json& metadata = member(line, "dataset_metadata");
        if (metadata.is_string())
          widen(pass.metadata, metadata_object(metadata.get_ref<const std::string&>()));
      });
  if (broken > 0) log::warning("{}: {} broken lines are left out", journal.string(), broken);
  pass.index.sort();
  pass.sha256 = hash.hex();
  return pass;
}

}  // namespace

std::size_t finish_dataset(const fs::path& folder, const FinishOptions& options) {
  const auto journal = folder / kJournalName;
  if (!fs::exists(journal))
    throw Error(ErrorCode::NotFound, fmt::format("{} has no {}", folder.string(), kJournalName),
                "there is nothing to finish");
  auto pass = scan(journal);
  const auto columns = dataset_columns(options.model, pass.metadata);
  DatasetWriter writer(folder, columns, options.max_shard_bytes);
  JournalReader reader(journal, std::move(pass.index));
  QueryRecord record;
  std::size_t rows = 0;
  for (; reader.next(record); ++rows)
    writer.append(dataset_row(record, options.model,
                              options.machine_of ? options.machine_of(record.index) : options.machine));
  writer.publish(options.description, pass.sha256.substr(0, 16), pass.bytes);
  return rows;
}

}  // namespace ipw::records
