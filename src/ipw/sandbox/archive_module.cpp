// SPDX-License-Identifier: Apache-2.0
// The only file that includes libarchive.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "ipw/base/error.h"
#include "ipw/base/module.h"
#include "ipw/base/text.h"
#include "ipw/sandbox/archive_api.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;

struct WriterDeleter {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct ReaderDeleter {
  void operator()(archive* a) const { archive_read_free(a); }
};
struct EntryDeleter {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using NewEntry = std::unique_ptr<archive_entry, EntryDeleter>;

struct Sink {
  std::string bytes;
  std::size_t most;
};

la_ssize_t take(archive*, void* self, const void* data, std::size_t size) {
  auto& sink = *static_cast<Sink*>(self);
  if (sink.bytes.size() + size > sink.most) return -1;
  sink.bytes.append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

class TarWriter {
 public:
  explicit TarWriter(std::size_t most) : sink_{{}, most}, archive_(archive_write_new()) {
    archive_write_set_format_pax_restricted(archive_.get());
    archive_write_set_bytes_in_last_block(archive_.get(), 1);
    check(archive_write_open(archive_.get(), &sink_, nullptr, &take, nullptr));
  }

  void folder(const std::string& name, mode_t mode) { head(entry(name, AE_IFDIR, mode)); }
  void link(const std::string& name, const std::string& target) {
    auto e = entry(name, AE_IFLNK, 0777);
    archive_entry_set_symlink(e.get(), target.c_str());
    head(e);
  }
  void text(const std::string& name, std::string_view content, mode_t mode) {
    begin_file(name, content.size(), mode);
    data(content);
  }
  /// A file that changes its length meanwhile is cut or filled up to what it was.
  void file(const std::string& name, const fs::path& path, std::size_t size, mode_t mode) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw Error(ErrorCode::Permission, fmt::format("cannot read {}", path.string()));
    begin_file(name, size, mode);
    std::array<char, 65536> buffer;
    while (in.read(buffer.data(), buffer.size()), in.gcount() > 0)
      data({buffer.data(), static_cast<std::size_t>(in.gcount())});
  }
  std::string finish() {
    check(archive_write_close(archive_.get()));
    return std::move(sink_.bytes);
  }

 private:
  static NewEntry entry(const std::string& name, unsigned type, mode_t mode) {
    NewEntry e(archive_entry_new());
    archive_entry_set_pathname(e.get(), name.c_str());
    archive_entry_set_filetype(e.get(), type);
    archive_entry_set_perm(e.get(), mode & 07777);
    return e;
  }
  void begin_file(const std::string& name, std::size_t size, mode_t mode) {
    auto e = entry(name, AE_IFREG, mode);
    archive_entry_set_size(e.get(), static_cast<la_int64_t>(size));
    head(e);
  }
  void head(const NewEntry& e) { check(archive_write_header(archive_.get(), e.get())); }
  void data(std::string_view bytes) {
    if (archive_write_data(archive_.get(), bytes.data(), bytes.size()) < 0) check(ARCHIVE_FATAL);
  }
  void check(int code) {
    if (code >= ARCHIVE_WARN) return;
    const char* why = archive_error_string(archive_.get());
    throw Error(ErrorCode::Unavailable,
                why != nullptr && *why != '\0'
                    ? fmt::format("cannot pack files for a container: {}", why)
                    : fmt::format("the files for a container are more than {}", human_bytes(sink_.most)));
  }

  Sink sink_;
  std::unique_ptr<archive, WriterDeleter> archive_;
};

void add(TarWriter& tar, const fs::path& path, const std::string& name) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    throw Error(ErrorCode::NotFound, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  if (S_ISDIR(info.st_mode))
    tar.folder(name, info.st_mode);
  else if (S_ISLNK(info.st_mode))
    tar.link(name, fs::read_symlink(path));
  else if (S_ISREG(info.st_mode))
    tar.file(name, path, static_cast<std::size_t>(info.st_size), info.st_mode);
}

std::string tar_of_path(const fs::path& from, const std::string& to, std::size_t most) {
  TarWriter tar(most);
  if (!to.empty()) add(tar, from, to);
  if (!fs::is_directory(from)) return tar.finish();
  for (const auto& entry : fs::recursive_directory_iterator(from))
    add(tar, entry.path(), (fs::path(to) / entry.path().lexically_relative(from)).string());
  return tar.finish();
}

std::string tar_of_names(const fs::path& folder, const std::vector<std::string>& names, std::size_t most) {
  TarWriter tar(most);
  for (const auto& name : names) add(tar, folder / name, name);
  return tar.finish();
}

std::string tar_of_content(const std::string& to, std::string_view content, int mode) {
  TarWriter tar(content.size() + (std::size_t{1} << 20));
  tar.text(to, content, static_cast<mode_t>(mode));
  return tar.finish();
}

std::string content_of(archive* reader, std::size_t most) {
  std::string out;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = archive_read_data(reader, buffer.data(), buffer.size());
    if (n < 0) throw Error(ErrorCode::Format, "the engine sent a broken tar");
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > most)
      throw Error(ErrorCode::Format, fmt::format("the file is larger than {}", human_bytes(most)));
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

std::optional<TarEntry> first_entry(std::string_view tar, std::size_t most) {
  const std::unique_ptr<archive, ReaderDeleter> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_empty(reader.get());
  archive_entry* entry = nullptr;
  int code = archive_read_open_memory(reader.get(), tar.data(), tar.size());
  if (code == ARCHIVE_OK) code = archive_read_next_header(reader.get(), &entry);
  if (code == ARCHIVE_EOF) return std::nullopt;
  if (code < ARCHIVE_WARN)
    throw Error(ErrorCode::Format,
                fmt::format("the engine sent no tar: {}", archive_error_string(reader.get())));
  TarEntry out;
  out.is_file = archive_entry_filetype(entry) == AE_IFREG;
  if (const char* link = archive_entry_symlink(entry); link != nullptr) out.link = link;
  if (out.is_file) out.content = content_of(reader.get(), most);
  return out;
}

[[noreturn]] void refuse_zip(archive* reader, std::string_view what) {
  const char* why = archive_error_string(reader);
  throw Error(ErrorCode::Format, why == nullptr ? std::string(what) : fmt::format("{}: {}", what, why));
}

std::string unpacked(archive* reader, std::size_t packed, const ZipLimits& limits) {
  constexpr std::size_t kLookAtRatio = std::size_t{1} << 20;
  std::string out;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = archive_read_data(reader, buffer.data(), buffer.size());
    if (n < 0) refuse_zip(reader, "the zip is damaged");
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(n));
    if (out.size() > limits.most_bytes)
      throw Error(ErrorCode::Format,
                  fmt::format("a file in the zip is larger than {}", human_bytes(limits.most_bytes)));
    if (out.size() > kLookAtRatio && out.size() / limits.most_ratio > packed)
      throw Error(
          ErrorCode::Format,
          fmt::format("a file in the zip is more than {} times as large as the zip", limits.most_ratio));
  }
}

std::optional<std::string> member_of_zip(std::string_view zip, const std::string& name,
                                         const ZipLimits& limits) {
  const std::unique_ptr<archive, ReaderDeleter> reader(archive_read_new());
  // By its list of members at the end, as every other program reads a zip: a cut one is refused.
  archive_read_support_format_zip_seekable(reader.get());
  if (archive_read_open_memory(reader.get(), zip.data(), zip.size()) != ARCHIVE_OK)
    refuse_zip(reader.get(), "this is no zip");
  for (archive_entry* entry = nullptr;;) {
    const int code = archive_read_next_header(reader.get(), &entry);
    if (code == ARCHIVE_EOF) return std::nullopt;
    if (code < ARCHIVE_WARN) refuse_zip(reader.get(), "the zip is damaged");
    const char* found = archive_entry_pathname(entry);
    if (found == nullptr || name != found || archive_entry_filetype(entry) != AE_IFREG) continue;
    if (archive_entry_is_encrypted(entry) != 0) throw Error(ErrorCode::Format, "the zip is encrypted");
    return unpacked(reader.get(), zip.size(), limits);
  }
}

constexpr ArchiveApi kApi{&tar_of_path, &tar_of_names, &tar_of_content, &first_entry, &member_of_zip};

}  // namespace
}  // namespace ipw::sandbox

IPW_EXPORT_MODULE(ipw::sandbox::kApi);
