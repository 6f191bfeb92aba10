#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int width_of(const TerminalFacts& facts) {
  constexpr int kLeast = 20, kMost = 1000;
  int columns = 0;
  const char* end = facts.columns.data() + facts.columns.size();
  const auto read = std::from_chars(facts.columns.data(), end, columns);
  const bool usable = read.ec == std::errc() && read.ptr == end && columns > 0;
  if (!usable) columns = facts.system_columns > 0 ? facts.system_columns : 80;
  return std::clamp(columns, kLeast, kMost);
}

ColorDepth depth_of(std::string_view term) {
  if (term.empty() || term == "dumb" || term.starts_with("vt")) return ColorDepth::kNone;
  const bool many = term.find("256") != std::string_view::npos || term.ends_with("-direct") ||
                    term.ends_with("-kitty") || term == "alacritty" || term == "foot";
  return many ? ColorDepth::k256 : ColorDepth::k8;
}

bool is_utf8_locale(const TerminalFacts& facts) {
  std::string name = facts.lang;
  if (!facts.lc_ctype.empty()) name = facts.lc_ctype;
  if (!facts.lc_all.empty()) name = facts.lc_all;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
}

}  // namespace

TerminalFacts terminal_facts(int file_descriptor) {
  TerminalFacts facts;
  facts.is_terminal = isatty(file_descriptor) != 0;
  winsize size{};
  if (facts.is_terminal && ioctl(file_descriptor, TIOCGWINSZ, &size) == 0)
    facts.system_columns = size.ws_col;
  facts.columns = environment("COLUMNS");
  facts.term = environment("TERM");
  facts.no_color = environment("NO_COLOR");
  facts.lc_all = environment("LC_ALL");
  facts.lc_ctype = environment("LC_CTYPE");
  facts.lang = environment("LANG");
  return facts;
}

Terminal terminal_of(const TerminalFacts& facts, std::string_view color) {
  Terminal out;
  out.is_terminal = facts.is_terminal;
  out.width = width_of(facts);
  out.utf8 = is_utf8_locale(facts);
  out.can_rewrite = facts.is_terminal && !facts.term.empty() && facts.term != "dumb";
  if (color == "always")
    out.colors = std::max(depth_of(facts.term), ColorDepth::k8);
  else if (color == "auto" && facts.is_terminal && facts.no_color.empty())
    out.colors = depth_of(facts.term);
  return out;
}

std::string shown_on(const Terminal& terminal, std::string_view text) {
  if (terminal.utf8) return std::string(text);
  return terminal.is_terminal ? ascii_only(text) : ascii_forms(text);
}

Terminal stdout_terminal(std::string_view color) {
  return terminal_of(terminal_facts(STDOUT_FILENO), color);
}

Terminal stderr_terminal() {
  return terminal_of(terminal_facts(STDERR_FILENO));
}

}  // namespace moescope::cli
