#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moescope::cli {

/// What a progress line says: "recording  120/288 prompts  42 %  8.1/s  21 s left".
/// Without a total the share and the time left are left out; `note` comes last.
std::string progress_text(std::string_view what, std::string_view unit, std::uint64_t done,
                          std::optional<std::uint64_t> total, double seconds,
                          std::string_view note = "");

/// A line on stderr that is rewritten at most ten times a second and cleared at the end. Says
/// nothing when stderr is no terminal or `quiet` is set.
class Progress {
 public:
  Progress(std::string what, std::string unit, std::optional<std::uint64_t> total, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Work already done before this process began (a resumed run); kept out of the rate.
  void start_at(std::uint64_t done);
  void update(std::uint64_t done, std::string_view note = "");
  void clear() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_, unit_;
  std::optional<std::uint64_t> total_;
  bool on_;
  int width_;
  bool shown_ = false;
  std::uint64_t first_ = 0;
  Clock::time_point begin_;
  Clock::time_point next_;
};

}  // namespace moescope::cli
