// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/attachment.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/datasets/encoded_text.h"

namespace ipw::datasets {
namespace {

struct ImageKind {
  std::string_view ending, media_type;
};
// The formats that chat APIs take: platform.openai.com/docs/guides/images-vision.
constexpr std::array kImages = {ImageKind{".png", "image/png"}, ImageKind{".jpg", "image/jpeg"},
                                ImageKind{".jpeg", "image/jpeg"}, ImageKind{".gif", "image/gif"},
                                ImageKind{".webp", "image/webp"}};
constexpr std::array<std::string_view, 11> kTexts = {".txt", ".md",  ".csv",    ".tsv",  ".json", ".jsonl",
                                                     ".py",  ".xml", ".jsonld", ".html", ".pdb"};

std::string ending_of(const std::filesystem::path& file) {
  return to_lower_ascii(file.extension().string());
}

const ImageKind* image_kind(const std::filesystem::path& file) {
  const auto it = std::ranges::find(kImages, ending_of(file), &ImageKind::ending);
  return it == kImages.end() ? nullptr : &*it;
}

bool is_text(const std::filesystem::path& file) {
  return std::ranges::find(kTexts, ending_of(file)) != kTexts.end();
}

}  // namespace

bool can_be_shown(const std::filesystem::path& file) {
  return image_kind(file) != nullptr || is_text(file);
}

Attachment read_attachment(const std::filesystem::path& file) {
  Attachment out;
  if (const auto* kind = image_kind(file))
    out.image = "data:" + std::string(kind->media_type) + ";base64," + encode_base64(read_file(file));
  else if (is_text(file) && std::filesystem::file_size(file) <= kMaxAttachedText)
    out.text = to_valid_utf8(read_file(file));
  return out;
}

}  // namespace ipw::datasets
