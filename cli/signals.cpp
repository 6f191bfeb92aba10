#include "cli/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <utility>

#include "cli/output.hpp"
#include "core/base/error.hpp"

namespace moescope::cli {
namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

SignalWatcher::SignalWatcher(bool cooperative) {
  std::signal(SIGPIPE, SIG_DFL);
  sigemptyset(&watched_);
  for (const int signal : {SIGINT, SIGTERM})
    if (!is_ignored(signal)) sigaddset(&watched_, signal);
  pthread_sigmask(SIG_BLOCK, &watched_, nullptr);
  thread_ = std::jthread(
      [this, cooperative](std::stop_token finished) { watch(cooperative, std::move(finished)); });
}

SignalWatcher::~SignalWatcher() {
  thread_.request_stop();
  thread_.join();
}

void SignalWatcher::watch(bool cooperative, std::stop_token finished) {
  constexpr int kInterrupted = static_cast<int>(ErrorCode::kInterrupted);
  const timespec patience{.tv_sec = 0, .tv_nsec = 20'000'000};
  while (!finished.stop_requested()) {
    if (sigtimedwait(&watched_, nullptr, &patience) < 0) continue;
    if (!cooperative || source_.stop_requested()) {
      message("moescope: interrupted");
      _exit(kInterrupted);
    }
    message("moescope: stopping; once more to end at once");
    source_.request_stop();
  }
}

}  // namespace moescope::cli
