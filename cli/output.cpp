#include "cli/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/base/error.hpp"

namespace moescope::cli {
namespace {

[[noreturn]] void write_failed(int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  fail(full ? ErrorCode::kRetry : ErrorCode::kBadInput, "stdout: {}; the output is incomplete{}",
       std::strerror(error), full ? ", make room and run it again" : "");
}

}  // namespace

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) write_failed(errno);
}

void flush_out() {
  if (std::fflush(stdout) != 0) write_failed(errno);
}

void message(std::string_view line) noexcept {
  const char* term = std::getenv("TERM");
  const bool rewritable = isatty(STDERR_FILENO) != 0 && term && std::strcmp(term, "dumb") != 0;
  const char* clear = rewritable ? "\r\x1b[K" : "";
  std::fprintf(stderr, "%s%.*s\n", clear, static_cast<int>(line.size()), line.data());
}

}  // namespace moescope::cli
