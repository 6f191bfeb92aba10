#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace moescope::cli {
namespace {

constexpr std::size_t kMostColumns = 100;

std::size_t line_width(int width) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(width, 0)), 40, kMostColumns);
}

std::size_t n_char(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

/// A term in a column of its own, its explanation wrapped beside it.
std::string entry(std::string_view term, std::string_view text, std::size_t column,
                  std::size_t width) {
  std::string body = wrap(text, width, column);
  if (n_char(term) + 4 > column) return fmt::format("  {}\n{}", term, body);
  return fmt::format("  {:<{}}{}", term, column - 2, body.substr(column));
}

std::string option_list(std::span<const OptionInfo> options, std::size_t width) {
  std::string out;
  for (const OptionInfo& option : options) {
    std::string text(option.help);
    if (option.repeatable) text += " (may stand several times)";
    out += entry(option_words(option), text, std::min<std::size_t>(28, width / 3), width);
  }
  return out;
}

}  // namespace

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  const std::string margin(indent, ' ');
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      const bool paragraph = at + 1 < text.size() && text[at + 1] == '\n';
      if (paragraph) {
        out += column > 0 ? "\n\n" : "\n";
        column = 0;
      }
      ++at;
      continue;
    }
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const std::size_t length = n_char(word);
    if (column > 0 && column + 1 + length > width) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out += margin;
      column = indent + length;
    } else {
      out += ' ';
      column += 1 + length;
    }
    out += word;
    at = end;
  }
  if (column > 0) out += '\n';
  return out;
}

std::string option_words(const OptionInfo& option) {
  std::string out;
  if (option.name == "output") out = "-o, ";
  if (option.name == "help") out = "-h, ";
  out += fmt::format("--{}", option.name);
  if (!option.argument.empty()) out += fmt::format(" {}", option.argument);
  return out;
}

std::string synopsis(const CommandInfo& command) {
  return fmt::format("moescope {}{}{} [options]", command.name, command.operands.empty() ? "" : " ",
                     command.operands);
}

std::string overview_help(int width) {
  const std::size_t columns = line_width(width);
  std::size_t widest = 0;
  for (const CommandInfo* command : commands()) widest = std::max(widest, command->name.size());
  std::string out =
      "usage: moescope COMMAND [arguments]\n\n" +
      wrap(
          "Runs open-weight mixture-of-experts language models, records every routing decision in "
          "an SQLite file and shows which experts fire.",
          columns, 0) +
      "\ncommands\n";
  for (const CommandInfo* command : commands())
    out += entry(command->name, command->summary, widest + 4, columns);
  out += "\n" + wrap(
                    "moescope COMMAND --help explains a command and gives examples. "
                    "moescope --version prints the version.",
                    columns, 0);
  return out;
}

std::string command_help(const CommandInfo& command, int width) {
  const std::size_t columns = line_width(width);
  std::string out = fmt::format("usage: {}\n\n", synopsis(command));
  out += wrap(command.description, columns, 0);
  if (!command.options.empty()) out += "\noptions\n" + option_list(command.options, columns);
  out += "\ncommon options\n" + option_list(common_options(), columns);
  if (!command.examples.empty()) {
    out += "\nexamples\n";
    for (const Example& example : command.examples)
      out += fmt::format("  {}\n{}", example.command, wrap(example.what, columns, 6));
  }
  return out;
}

}  // namespace moescope::cli
