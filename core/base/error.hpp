#pragma once

#include <fmt/core.h>

#include <exception>
#include <string>
#include <utility>

namespace moescope {

/// What went wrong, as the exit code that the program leaves with.
enum class ErrorCode : int {
  kBadInput = 1,       ///< malformed or unsupported input
  kUsage = 2,          ///< the command line itself is off
  kFinding = 3,        ///< an audit found something
  kAuth = 4,           ///< authentication missing or refused
  kInconclusive = 5,   ///< inconclusive or not assessable
  kIntegrity = 6,      ///< a hash or recomputed value differs, or a measurement is unsupported
  kRetry = 75,         ///< no space, lock held, out of memory: try again
  kInterrupted = 130,  ///< SIGINT or SIGTERM
};

/// The one exception of the project. The message says where, what, expected, got, next step.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const noexcept { return message_; }

 private:
  ErrorCode code_;
  std::string message_;
};

/// Throws Error with a formatted message.
template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace moescope
