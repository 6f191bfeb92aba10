#include "cli/progress.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <utility>

#include "cli/terminal.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::cli {
namespace {

std::string duration_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(seconds + 0.5);
  if (s < 90) return fmt::format("{} s", s);
  if (s < 90 * 60) return fmt::format("{} min", (s + 30) / 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

/// The first n_column characters.
std::string_view cut(std::string_view text, std::size_t n_column) {
  std::size_t at = 0;
  for (std::size_t n = 0; n < n_column && at < text.size(); ++n) {
    const auto c = decode_utf8(text, at);
    at += c ? c->n_byte : 1;
  }
  return text.substr(0, at);
}

struct Pace {
  std::uint64_t done;
  std::uint64_t first;
  double seconds;
};

std::string text_of(std::string_view what, std::string_view unit, const Pace& pace,
                    std::optional<std::uint64_t> total, std::string_view note) {
  std::string out = fmt::format("{}  {}", what, pace.done);
  auto end = std::back_inserter(out);
  if (total) fmt::format_to(end, "/{}", *total);
  fmt::format_to(end, " {}", unit);
  const bool bounded = total && *total > 0 && pace.done <= *total;
  if (bounded) fmt::format_to(end, "  {} %", 100 * pace.done / *total);
  if (pace.seconds >= 1 && pace.done > pace.first) {
    const double rate = static_cast<double>(pace.done - pace.first) / pace.seconds;
    fmt::format_to(end, "  {:.{}f}/s", rate, rate < 100 ? 1 : 0);
    if (bounded && pace.done < *total)
      fmt::format_to(end, "  {} left",
                     duration_text(static_cast<double>(*total - pace.done) / rate));
  }
  if (!note.empty()) fmt::format_to(end, "  {}", escape_terminal(note));
  return out;
}

}  // namespace

std::string progress_text(std::string_view what, std::string_view unit, std::uint64_t done,
                          std::optional<std::uint64_t> total, double seconds,
                          std::string_view note) {
  return text_of(what, unit, {.done = done, .first = 0, .seconds = seconds}, total, note);
}

Progress::Progress(std::string what, std::string unit, std::optional<std::uint64_t> total,
                   bool quiet)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), begin_(Clock::now()) {
  const Terminal terminal = stderr_terminal();
  on_ = terminal.can_rewrite && !quiet;
  width_ = terminal.width;
  next_ = begin_;
}

Progress::~Progress() {
  clear();
}

void Progress::start_at(std::uint64_t done) {
  first_ = done;
  begin_ = Clock::now();
}

void Progress::update(std::uint64_t done, std::string_view note) {
  if (!on_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const std::string text = shown_on(
      stderr_terminal(),
      text_of(what_, unit_, {.done = done, .first = first_, .seconds = seconds}, total_, note));
  const std::string_view line = cut(text, static_cast<std::size_t>(width_ - 1));
  std::fprintf(stderr, "\r%.*s\x1b[K", static_cast<int>(line.size()), line.data());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() noexcept {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace moescope::cli
