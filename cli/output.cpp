#include "cli/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "cli/terminal.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

[[noreturn]] void write_failed(int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  fail(full ? ErrorCode::kRetry : ErrorCode::kBadInput, "stdout: {}; the output is incomplete{}",
       std::strerror(error), full ? ", make room and run it again" : "");
}

/// What a message quotes is foreign: nothing of it may reach the terminal as a command.
void write_line(std::string_view line) noexcept {
  try {
    const std::string shown = shown_on(stderr_terminal(), escape_terminal(line)) + "\n";
    std::fwrite(shown.data(), 1, shown.size(), stderr);
  } catch (const std::bad_alloc&) {
    std::fputs("moescope: out of memory\n", stderr);
  }
}

}  // namespace

void guard_standard_streams() noexcept {
  std::signal(SIGXFSZ, SIG_IGN);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free descriptor is this one; opened the wrong way round, it fails when used.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return;
  }
}

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) write_failed(errno);
}

void flush_out() {
  if (std::fflush(stdout) != 0) write_failed(errno);
}

void message(std::string_view text) noexcept {
  const char* term = std::getenv("TERM");
  const bool rewritable = isatty(STDERR_FILENO) != 0 && term && std::strcmp(term, "dumb") != 0;
  const char* clear = rewritable ? "\r\x1b[K" : "";
  std::fputs(clear, stderr);
  for (bool more = true; more;) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    more = end != std::string_view::npos;
    if (more) text.remove_prefix(end + 1);
    write_line(line);
  }
}

}  // namespace moescope::cli
