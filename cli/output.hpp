#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

/// Data goes to stdout and is checked; everything said about it goes to stderr.
namespace moescope::cli {

/// Writes data to stdout (buffered).
/// Errors: kRetry when the disk is full, kBadInput for any other write error. A reader that closed
/// the pipe ends the process quietly (SIGPIPE).
void write_out(std::string_view text);

/// Hands everything written so far to the system; for streams that someone watches.
void flush_out();

template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}

/// Gives a closed standard stream a place where every use fails, so that no file that is opened
/// later becomes standard output by accident; and lets a limit on file sizes be an error of write.
void guard_standard_streams() noexcept;

/// A line, or several, on stderr, what they quote made harmless (escape_terminal). On a terminal it
/// takes the place of a progress line.
void message(std::string_view text) noexcept;

}  // namespace moescope::cli
