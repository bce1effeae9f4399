// SPDX-License-Identifier: Apache-2.0
// The reference has a page for every row of a registry, and none for what does not exist.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ipw/analysis/analysis.h"
#include "ipw/base/files.h"
#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"
#include "ipw/sandbox/workplaces.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/tools/tools.h"

namespace ipw {
namespace {

namespace fs = std::filesystem;
using testing::UnorderedElementsAreArray;

const fs::path kDocs = IPW_SOURCE_DIR "/docs";

struct Kind {
  const char* folder;
  std::vector<std::string_view> names;
  std::vector<std::string_view> besides;  ///< pages of what is no row
};

std::vector<Kind> kinds() {
  return {
      {"analyses", names(analysis::analyses()), {"compare"}}, {"clients", names(clients::clients()), {}},
      {"collectors", names(telemetry::collectors()), {}},     {"datasets", names(datasets::datasets()), {}},
      {"sandboxes", names(sandbox::workplaces()), {}},        {"tools", names(tools::tools()), {}}};
}

std::vector<std::string> pages(const char* folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(kDocs / "reference" / folder))
    out.push_back(entry.path().stem().string());
  return out;
}

TEST(Reference, C26_has_the_pages_of_the_registries_and_no_others) {
  for (auto [folder, rows, besides] : kinds()) {
    rows.insert(rows.end(), besides.begin(), besides.end());
    EXPECT_THAT(pages(folder), UnorderedElementsAreArray(rows)) << folder;
  }
}

TEST(Reference, C21_the_list_of_documents_names_every_component) {
  const auto list = read_file((kDocs / "README.md").string());
  for (const auto& [folder, rows, besides] : kinds())
    for (const auto& name : rows)
      EXPECT_NE(list.find("reference/" + std::string(folder) + "/" + std::string(name) + ".md"),
                std::string::npos)
          << name;
}

}  // namespace
}  // namespace ipw
