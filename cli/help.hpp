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

/// Breaks paragraphs into lines of at most `width` characters, each `indent` spaces in.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace moescope::cli
