#include "core/formats/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/base/error.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 1u << 20;
constexpr int kMaxParts = 1000;

UniqueFd create_part(const fs::path& path, fs::path& part) {
  for (int i = 0; i < kMaxParts; ++i) {
    part = path;
    part += fmt::format(".{}-{}.part", ::getpid(), i);
    UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd.valid()) return fd;
    if (errno != EEXIST) fail_errno(path.string(), errno);
  }
  fail(ErrorCode::kBadInput, "{}: too many unfinished copies beside it; remove them",
       path.string());
}

/// The file that a rename may replace: links are followed, and what is no regular file is left alone.
fs::path replaceable(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none)
    return path;
  if (status.type() != fs::file_type::regular)
    fail(ErrorCode::kBadInput, "{}: expected a new name or a file to replace, got {}",
         path.string(),
         status.type() == fs::file_type::directory ? "a folder" : "a device or a pipe");
  return fs::is_symlink(path) ? fs::canonical(path) : path;
}

void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) ::fsync(fd.get());  // some file systems cannot; the file itself is synced
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(replaceable(path)) {
  fd_ = create_part(path_, part_);
}

AtomicFile::~AtomicFile() {
  if (fd_.valid()) ::unlink(part_.c_str());
}

void AtomicFile::flush() {
  write_all(fd_.get(), part_.string(), buffer_);
  written_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) flush();
}

void AtomicFile::overwrite(std::uint64_t at, std::string_view bytes) {
  flush();
  if (at > written_ || bytes.size() > written_ - at)
    fail(ErrorCode::kBadInput, "{}: nothing was written at byte {} yet", path_.string(), at);
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_errno(part_.string(), n == 0 ? EIO : errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

void AtomicFile::commit() {
  flush();
  if (::fsync(fd_.get()) != 0) fail_errno(part_.string(), errno);
  if (std::rename(part_.c_str(), path_.c_str()) != 0) fail_errno(path_.string(), errno);
  fd_.reset();
  sync_folder_of(path_);
}

}  // namespace moescope::formats
