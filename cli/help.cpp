#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/base/text_width.hpp"
#include "core/base/utf8.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kMostColumns = 100;

std::size_t line_width(int width) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(width, 0)), 40, kMostColumns);
}

/// Bytes of the beginning of a word that fits into `room` columns and ends beside a wide character;
/// all of them where there is no such place.
std::size_t part_that_fits(std::string_view word, std::size_t room) {
  if (display_width(word) <= room) return word.size();
  std::size_t used = 0, last = 0;
  bool after_wide = false;
  for (std::size_t at = 0; at < word.size();) {
    const auto c = decode_utf8(word, at);
    const std::size_t n_byte = c ? c->n_byte : 1;
    const std::size_t columns = display_width(word.substr(at, n_byte));
    if (columns > 0 && at > 0 && (columns > 1 || after_wide) && used <= room) last = at;
    if (columns > 0) after_wide = columns > 1;
    used += columns;
    at += n_byte;
  }
  return last > 0 ? last : word.size();
}

/// A piece of a line that is not broken; a space stands before it unless it goes on with the last.
struct Piece {
  std::string_view text;
  bool after_space = true;
};

/// Lines of pieces, the first `indent` spaces in, others `more` deeper; `ending` where one breaks.
std::string lines_of(const std::vector<Piece>& pieces, std::size_t width, std::size_t indent,
                     std::size_t more, std::string_view ending) {
  std::string out(indent, ' ');
  std::size_t column = indent;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::size_t space = i > 0 && pieces[i].after_space ? 1 : 0;
    const std::size_t length = space + display_width(pieces[i].text);
    const std::size_t reserved = i + 1 < pieces.size() ? ending.size() : 0;
    if (i > 0 && column + length + reserved > width) {
      out += fmt::format("{}\n{:{}}", ending, "", indent + more);
      column = indent + more;
    } else {
      out.append(space, ' ');
      column += space;
    }
    out += pieces[i].text;
    column += length - space;
  }
  return out + '\n';
}

/// The words of a shell's command, quotes and all.
std::vector<Piece> shell_words(std::string_view command) {
  std::vector<Piece> out;
  char quote = '\0';
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= command.size(); ++at) {
    const char c = at < command.size() ? command[at] : ' ';
    const bool ends = at == command.size() || (c == ' ' && quote == '\0');
    if (ends && at > begin) out.push_back({.text = command.substr(begin, at - begin)});
    if (ends) begin = at + 1;
    if (c == '\\' && quote != '\'')
      ++at;
    else if (quote != '\0')
      quote = c == quote ? '\0' : quote;
    else if (c == '\'' || c == '"')
      quote = c;
  }
  return out;
}

/// The words of a term such as "--format csv|jsonl|npz", which may break behind its bars too.
std::vector<Piece> term_pieces(std::string_view term) {
  std::vector<Piece> out;
  bool after_space = true;
  for (std::size_t at = 0; at < term.size();) {
    const std::size_t end = std::min(term.find_first_of(" |", at), term.size());
    const bool bar = end < term.size() && term[end] == '|';
    out.push_back({.text = term.substr(at, end - at + (bar ? 1 : 0)), .after_space = after_space});
    after_space = !bar;
    at = end + 1;
  }
  return out;
}

/// A term in a column of its own, its explanation wrapped beside it.
std::string entry(std::string_view term, std::string_view text, std::size_t column,
                  std::size_t width) {
  return beside(fmt::format("  {}", term), text, column, width);
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
    std::string_view word = text.substr(at, end - at);
    word = word.substr(0, part_that_fits(word, width > indent ? width - indent : 1));
    const std::size_t length = display_width(word);
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
    at += word.size();
    if (at < end) {  // the rest of a word that was broken
      out += '\n';
      column = 0;
    }
  }
  if (column > 0) out += '\n';
  return out;
}

std::string beside(std::string_view label, std::string_view text, std::size_t column,
                   std::size_t width) {
  const std::string body = wrap(text, width, column);
  if (display_width(label) + 2 <= column)
    return pad_right(label, column) + (body.empty() ? "\n" : body.substr(column));
  const std::size_t indent = std::min(label.find_first_not_of(' '), label.size());
  return lines_of(term_pieces(label.substr(indent)), width, indent, 4, "") + body;
}

std::string wrap_command(std::string_view command, std::size_t width, std::size_t indent) {
  return lines_of(shell_words(command), width, indent, 4, " \\");
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
  const std::string usage = fmt::format("usage: {}", synopsis(command));
  std::string out = lines_of(term_pieces(usage), columns, 0, 4, "") + '\n';
  out += wrap(command.description, columns, 0);
  if (!command.options.empty()) out += "\noptions\n" + option_list(command.options, columns);
  out += "\ncommon options\n" + option_list(common_options(), columns);
  if (!command.examples.empty()) {
    out += "\nexamples\n";
    for (const Example& example : command.examples)
      out += wrap_command(example.command, columns, 2) + wrap(example.what, columns, 6);
  }
  return out;
}

}  // namespace moescope::cli
