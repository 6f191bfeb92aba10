#pragma once

#include <span>
#include <string_view>

namespace moescope::cli {

class Arguments;

/// One long option of a command.
struct OptionInfo {
  std::string_view name = {};  ///< without the dashes
  /// What follows it: empty for a flag, a word in capitals ("FILE"), or the words it may be, with
  /// bars between ("all|topk|none"), which the frame then holds it to.
  std::string_view argument = {};
  std::string_view help = {};
  bool repeatable = false;
};

/// A command line that a reader can copy, and what it does.
struct Example {
  std::string_view command;
  std::string_view what;
};

/// One row of the command table. Help, man page, completions and checks come from it alone.
struct CommandInfo {
  std::string_view name = {};
  std::string_view summary = {};  ///< one line, no full stop
  /// Words after the command: "MODEL PROMPTS..." needs both, "[RUN]" may be left out,
  /// "..." takes one or more ("[FILES...]": any number).
  std::string_view operands = {};
  std::string_view description = {};  ///< paragraphs with an empty line between
  std::span<const OptionInfo> options = {};
  std::span<const Example> examples = {};
  int (*run)(const Arguments&) =
      nullptr;  ///< gives the exit code; data on stdout, all else on stderr
  /// The command watches Arguments::stop_token() and ends by itself; without it SIGINT and SIGTERM
  /// end the process at once.
  bool watches_stop = false;
};

/// Every command, in the order in which help lists them.
std::span<const CommandInfo* const> commands();

/// The command of that name; null when there is none.
const CommandInfo* find_command(std::string_view name);

/// Options that the frame adds to every command.
std::span<const OptionInfo> common_options();

/// For commands that colour their output: a row for their option table.
inline constexpr OptionInfo kColorOption = {
    .name = "color",
    .argument = "auto|always|never",
    .help = "colour the output (auto: on a terminal, unless NO_COLOR is set)"};

}  // namespace moescope::cli
