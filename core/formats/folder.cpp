#include "core/formats/folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr int kFileFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

int open_with(int folder, const char* name, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = resolve;
  int fd = -1;
  for (int attempt = 0; attempt < 16; ++attempt) {  // EAGAIN: something was renamed meanwhile
    fd = static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return fd;
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const auto [at, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return at == folder.end() && rest != path.end();
}

/// The blobs folder that belongs to a snapshot folder (or one below it) of the Hugging Face cache.
fs::path blobs_of(const fs::path& real) {
  for (fs::path at = real; at.has_relative_path(); at = at.parent_path()) {
    const fs::path snapshots = at.parent_path();
    const fs::path model = snapshots.parent_path();
    if (snapshots.filename() == "snapshots" && model.filename().string().starts_with("models--"))
      return model / "blobs";
  }
  return {};
}

}  // namespace

bool is_single_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

Folder Folder::open(const fs::path& path, FolderOptions options) {
  Folder folder;
  folder.path_ = path;
  folder.options_ = options;
  folder.fd_ = UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.fd_.valid() && errno == ENOTDIR)
    fail(ErrorCode::kBadInput, "{}: expected a folder", path.string());
  if (!folder.fd_.valid()) fail_errno(path.string(), errno);
  std::error_code error;
  folder.real_ = fs::canonical(path, error);
  if (error) fail_errno(path.string(), error.value());
  folder.blobs_ = blobs_of(folder.real_);
  return folder;
}

bool Folder::has(std::string_view name) const {
  if (!is_single_name(name)) return false;
  struct stat info {};
  return ::fstatat(fd_.get(), std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

UniqueFd Folder::open_file(std::string_view name) const {
  if (!is_single_name(name))
    fail(ErrorCode::kBadInput, "{}: file {}: expected the name of a file in this folder",
         path_.string(), quoted_name(name));
  const std::string plain(name);
  int fd = -1;
  int error = ENOSYS;
  if (options_.kernel_resolves) {
    fd = open_with(fd_.get(), plain.c_str(), kFileFlags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    error = errno;
  }
  const bool no_openat2 = fd < 0 && (error == ENOSYS || error == EPERM);
  if (no_openat2) {
    fd = ::openat(fd_.get(), plain.c_str(), kFileFlags | O_NOFOLLOW);
    error = errno;
  }
  if (fd < 0 && (error == EXDEV || (no_openat2 && error == ELOOP))) return open_link(plain);
  const std::string where = (path_ / plain).string();
  if (fd < 0) fail_errno(where, error);
  UniqueFd file(fd);
  regular_file_identity(file.get(), where);
  return file;
}

bool Folder::may_lead_to(const fs::path& target) const {
  return lies_in(target, real_) || (!blobs_.empty() && lies_in(target, blobs_));
}

UniqueFd Folder::open_link(const std::string& name) const {
  const std::string where = (path_ / name).string();
  std::error_code error;
  const fs::path target = fs::canonical(real_ / name, error);
  if (error.value() == ENOENT)
    fail(ErrorCode::kBadInput,
         "{}: the link leads to a file that is not there; finish the download", where);
  if (error) fail_errno(where, error.value());
  if (!may_lead_to(target))
    fail(ErrorCode::kBadInput,
         "{}: expected a file within the folder{}, got a link to {}; copy the file there", where,
         blobs_.empty() ? "" : " or the cache's blobs", quoted_name(target.string()));
  // The text of the path was judged, so nothing on it may be a link by the time it is opened.
  int fd = open_with(AT_FDCWD, target.c_str(), kFileFlags, RESOLVE_NO_SYMLINKS);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM))
    fd = ::open(target.c_str(), kFileFlags | O_NOFOLLOW);
  if (fd < 0) fail_errno(where, errno);
  UniqueFd file(fd);
  regular_file_identity(file.get(), where);
  return file;
}

std::optional<std::string> Folder::read_optional(std::string_view name,
                                                 std::size_t max_bytes) const {
  if (!has(name)) return std::nullopt;
  return read(name, max_bytes);
}

std::string Folder::read(std::string_view name, std::size_t max_bytes) const {
  const UniqueFd file = open_file(name);
  return read_all(file.get(), (path_ / name).string(), max_bytes);
}

}  // namespace moescope::formats
