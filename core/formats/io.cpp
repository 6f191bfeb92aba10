#include "core/formats/io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::formats {
namespace {

constexpr std::size_t kReadStep = 1u << 16;

std::string describe(int error) {
  switch (error) {
    case ENOENT:
      return "no such file or folder";
    case EACCES:
    case EPERM:
      return "no permission; check the owner and mode of the file and its folders";
    case EISDIR:
      return "expected a file, got a folder";
    case ENOTDIR:
      return "a part of the path is no folder";
    case ELOOP:
      return "too many links on the path";
    case ENAMETOOLONG:
      return "the name is too long";
    case EMFILE:
    case ENFILE:
      return "too many open files; raise the limit (ulimit -n) and try again";
    case ENOSPC:
      return "no space left on the disk; free some and try again";
    case EDQUOT:
      return "the disk quota is used up; free some space and try again";
    case ENOMEM:
      return "out of memory; try again with more";
    case EROFS:
      return "the file system is read-only";
    case EIO:
      return "the disk reports a read or write error";
    default:
      return std::generic_category().message(error);
  }
}

bool can_be_retried(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == ENOMEM ||
         error == EMFILE || error == ENFILE;
}

UniqueFd open_for_reading(const std::filesystem::path& path, int more_flags) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | more_flags));
  if (!fd.valid()) fail_errno(path.string(), errno);
  return fd;
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int UniqueFd::release() noexcept {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void fail_errno(std::string_view where, int error) {
  const ErrorCode code = can_be_retried(error) ? ErrorCode::kRetry : ErrorCode::kBadInput;
  fail(code, "{}: {}", where, describe(error));
}

FileIdentity regular_file_identity(int fd, std::string_view where) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail_errno(where, errno);
  if (S_ISDIR(info.st_mode)) fail_errno(where, EISDIR);
  if (!S_ISREG(info.st_mode))
    fail(ErrorCode::kBadInput, "{}: expected a regular file, got a device, pipe or socket", where);
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .size = static_cast<std::uint64_t>(info.st_size),
          .mtime_ns = info.st_mtim.tv_sec * std::int64_t{1'000'000'000} + info.st_mtim.tv_nsec};
}

UniqueFd open_named_file(const std::filesystem::path& path) {
  return open_for_reading(path, O_NONBLOCK);  // a pipe is refused later instead of waited for
}

std::string read_all(int fd, std::string_view where, std::size_t max_bytes) {
  std::string out;
  while (true) {
    const std::size_t have = out.size();
    out.resize(have + std::min(kReadStep, max_bytes + 1 - have));
    const ssize_t got = ::read(fd, out.data() + have, out.size() - have);
    if (got < 0 && errno != EINTR) fail_errno(where, errno);
    out.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return out;
    if (out.size() > max_bytes)
      fail(ErrorCode::kBadInput, "{}: expected at most {} bytes, got more", where, max_bytes);
  }
}

std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  return read_all(open_for_reading(path, 0).get(), path.string(), max_bytes);
}

void write_all(int fd, std::string_view where, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_errno(where, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace moescope::formats
