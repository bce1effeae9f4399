// SPDX-License-Identifier: Apache-2.0
// What the search tools share: the documents that a user names, and indexes that are kept for the next run.
#pragma once
#include <memory>
#include <string>

#include "ipw/base/json.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/bm25.h"
#include "ipw/tools/corpus.h"
#include "ipw/tools/dense.h"
#include "ipw/tools/tools.h"

namespace ipw::tools {

/// The text files below a folder, each a document whose id is its path in there (hidden ones and those that
/// are no text are left out), or the lines of a JSON Lines file. Throws Error(NotFound | Format).
std::vector<Document> documents_at(const std::filesystem::path& path);

/// `path`, `chunk_bytes` and `overlap` of a tool's options as a corpus. Tools with the same ones share it.
std::shared_ptr<const Corpus> open_corpus(const Json& options);

/// Read the index that is kept for these documents, or build and keep it. A kept file that is damaged is an
/// Error; one that cannot be written is a warning.
std::shared_ptr<const Retriever> open_bm25(const std::shared_ptr<const Corpus>& corpus, const Json& options,
                                           const ToolOptions& tool);
std::shared_ptr<const Retriever> open_dense(const std::shared_ptr<const Corpus>& corpus, const Json& options,
                                            const ToolOptions& tool);

}  // namespace ipw::tools
