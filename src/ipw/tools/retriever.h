// SPDX-License-Identifier: Apache-2.0
// What every kind of search answers, and the one method that a kind of search has.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/tools/patience.h"

namespace ipw::tools {

/// A chunk that was found.
struct Hit {
  std::string id;                  ///< "DOC#3": the third chunk of the document DOC
  std::string document;            ///< id of the document it is a part of
  std::size_t begin = 0, end = 0;  ///< bytes [begin, end) of that document's content
  double score = 0;                ///< higher is better, whatever the kind of search
};

/// Whether a hit stands before another: higher score first, then the document's id, then the place in it.
bool stands_before(const Hit& a, const Hit& b);

/// A kind of search over one corpus. Implementations are immutable, so that many threads may search at once.
class Retriever {
 public:
  virtual ~Retriever() = default;
  /// Find at most top_k chunks, best first (stands_before); the same question has the same answer. Without a
  /// match the answer is empty. Where a server is asked, this throws its Error, and Error(Cancelled) when
  /// stopped.
  std::vector<Hit> search(std::string_view query, std::size_t top_k, const Patience& patience = {}) const {
    return find(query, top_k, patience);
  }

 private:
  virtual std::vector<Hit> find(std::string_view query, std::size_t top_k,
                                const Patience& patience) const = 0;
};

}  // namespace ipw::tools
