#include "cli/signals.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace moescope::cli {
namespace {

/// Waits until the token is set; false after ten seconds.
bool stops(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  return !stopped.wait_for(lock, token, std::chrono::seconds(10), [] { return false; }) &&
         token.stop_requested();
}

TEST(SignalWatcher, TurnsASignalIntoAStopRequest) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const SignalWatcher watcher(true);
    EXPECT_FALSE(watcher.token().stop_requested());
    kill(getpid(), signal);
    EXPECT_TRUE(stops(watcher.token()));
  }
}

TEST(SignalWatcherDeathTest, EndsACommandThatDoesNotWatchItsToken) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const SignalWatcher watcher(false);
        kill(getpid(), SIGTERM);
        stops(watcher.token());
      },
      testing::ExitedWithCode(130), "interrupted");
}

TEST(SignalWatcherDeathTest, ASecondSignalEndsAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const SignalWatcher watcher(true);
        kill(getpid(), SIGINT);
        stops(watcher.token());
        kill(getpid(), SIGINT);
        stops({});
      },
      testing::ExitedWithCode(130), "stopping; once more to end at once");
}

TEST(SignalWatcherDeathTest, AnIgnoredSignalStaysIgnored) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::signal(SIGINT, SIG_IGN);
        {
          const SignalWatcher watcher(false);
          kill(getpid(), SIGINT);
        }
        _exit(7);
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace moescope::cli
