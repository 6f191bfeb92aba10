#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace moescope::cli {

/// The page of `moescope --help`: every command with its summary.
std::string overview_help(int width);

/// The page of `moescope COMMAND --help`.
std::string command_help(const CommandInfo& command, int width);

/// "moescope record MODEL PROMPTS... [options]"
std::string synopsis(const CommandInfo& command);

/// "--output FILE" as it is typed, with its short form: "-o, --output FILE".
std::string option_words(const OptionInfo& option);

/// Breaks paragraphs into lines of at most `width` columns, each `indent` spaces in. A word that is
/// wider stays whole, unless it has wide characters (日本語), between which it may break.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

/// A label, and from `column` on its text, wrapped; a label that is too long has lines of its own.
std::string beside(std::string_view label, std::string_view text, std::size_t column,
                   std::size_t width);

/// A command for a shell in lines of at most `width` columns where it can be broken: between words,
/// behind a backslash, so that it can be copied as it stands.
std::string wrap_command(std::string_view command, std::size_t width, std::size_t indent);

}  // namespace moescope::cli
