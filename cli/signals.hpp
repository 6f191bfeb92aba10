#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace moescope::cli {

/// Turns SIGINT and SIGTERM into a stop request, and a second one into an immediate end with exit
/// code 130. A signal that the parent process ignores stays ignored. Create it before any other
/// thread, so that all of them inherit the blocked signals.
class SignalWatcher {
 public:
  /// `cooperative`: the command watches the token; otherwise the first signal ends the process.
  explicit SignalWatcher(bool cooperative);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  void watch(bool cooperative, std::stop_token finished);

  sigset_t watched_;
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace moescope::cli
