#include "cli/dispatch.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/suggest.hpp"
#include "cli/terminal.hpp"
#include "cli/version.hpp"
#include "core/base/error.hpp"

namespace moescope::cli {
namespace {

int print_version(std::span<const std::string> rest) {
  if (rest.size() == 1 && rest[0] == "--json") {
    JsonOutput out = json_result("version");
    out["version"] = program_version();
    print_json(out);
  } else if (rest.empty()) {
    print("moescope {}\n", program_version());
  } else {
    fail(ErrorCode::kUsage, "moescope --version: unexpected operand; it takes --json alone");
  }
  return 0;
}

[[noreturn]] void unknown_command(std::string_view word) {
  std::vector<std::string_view> names;
  for (const CommandInfo* command : commands()) names.push_back(command->name);
  const std::string_view kind = word.starts_with('-') ? "option" : "command";
  fail(ErrorCode::kUsage, "moescope: {}; see 'moescope --help'", unknown_name(kind, word, names));
}

}  // namespace

const CommandInfo* find_command(std::string_view name) {
  for (const CommandInfo* command : commands())
    if (command->name == name) return command;
  return nullptr;
}

int dispatch(std::span<const std::string> words) {
  if (words.empty()) fail(ErrorCode::kUsage, "moescope: expected a command; see 'moescope --help'");
  const std::string& first = words[0];
  const auto rest = words.subspan(1);
  if (first == "--help" || first == "-h") {
    const Terminal terminal = stdout_terminal();
    write_out(shown_on(terminal, overview_help(terminal.width)));
    return 0;
  }
  if (first == "--version") return print_version(rest);

  const CommandInfo* command = find_command(first);
  if (!command) unknown_command(first);
  const SignalWatcher signals(command->watches_stop);
  const Arguments arguments = parse_arguments(*command, rest, signals.token());
  if (arguments.flag("help")) {
    const Terminal terminal = stdout_terminal();
    write_out(shown_on(terminal, command_help(*command, terminal.width)));
    return 0;
  }
  return command->run(arguments);
}

}  // namespace moescope::cli
