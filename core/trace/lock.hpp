#pragma once

#include <filesystem>

namespace moescope::trace {

/// The writer's lock on a database: flock on FILE.lock beside it, which holds pid and host.
/// The kernel drops it with the process, so that a file left behind is harmless.
/// Errors: kRetry when another writer holds it, with its pid and host; kBadInput when the file
/// can't be made.
class WriterLock {
 public:
  explicit WriterLock(const std::filesystem::path& database);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  std::filesystem::path file_;
  int fd_ = -1;
};

}  // namespace moescope::trace
