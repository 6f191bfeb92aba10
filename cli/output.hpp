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

/// One line on stderr. On a terminal it takes the place of a progress line. The caller escapes
/// foreign text (escape_terminal).
void message(std::string_view line) noexcept;

}  // namespace moescope::cli
