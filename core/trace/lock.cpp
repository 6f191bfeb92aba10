#include "core/trace/lock.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {
namespace {

/// Whether the open file is still the one that the path names.
bool still_there(int fd, const std::filesystem::path& file) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(file.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

std::string holder_of(int fd) {
  // A holder that has just locked may not have written its name yet.
  for (int i = 0; i < 10; ++i) {
    std::array<char, 300> text{};
    const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
    if (n > 0 && text[static_cast<std::size_t>(n) - 1] == '\n')
      return escape_terminal(std::string_view(text.data(), static_cast<std::size_t>(n) - 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return "an unknown process";
}

void sign(int fd) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"unknown"};
  const std::string text = fmt::format("pid {} on {}\n", ::getpid(), host.data());
  if (::ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t n = ::pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& database) : file_(database.string() + ".lock") {
  for (;;) {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0)
      fail(errno == ENOSPC || errno == EDQUOT ? ErrorCode::kRetry : ErrorCode::kBadInput,
           "{}: {}; may you write there?", file_.string(), std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = holder_of(fd_);
      ::close(fd_);
      fail(ErrorCode::kRetry, "{}: another writer holds it: {}; wait for it or end it",
           database.string(), holder);
    }
    if (still_there(fd_, file_)) break;
    ::close(fd_);  // its last holder has removed it in between
  }
  sign(fd_);
}

WriterLock::~WriterLock() {
  ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace moescope::trace
