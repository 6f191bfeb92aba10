#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/output.hpp"
#include "cli/suggest.hpp"
#include "cli/terminal.hpp"

namespace moescope::cli {
namespace {

JsonOutput option_json(const OptionInfo& option) {
  JsonOutput out;
  out["name"] = option.name;
  out["argument"] = option.argument;
  out["repeatable"] = option.repeatable;
  out["help"] = option.help;
  return out;
}

JsonOutput command_json(const CommandInfo& command) {
  JsonOutput out;
  out["name"] = command.name;
  out["summary"] = command.summary;
  out["operands"] = command.operands;
  out["description"] = command.description;
  out["options"] = JsonOutput::array();
  for (const auto options : {command.options, common_options()})
    for (const OptionInfo& option : options) out["options"].push_back(option_json(option));
  out["examples"] = JsonOutput::array();
  for (const Example& example : command.examples)
    out["examples"].push_back({{"command", example.command}, {"what", example.what}});
  return out;
}

const CommandInfo& known_command(const Arguments& arguments) {
  const std::string& name = arguments.positional(0);
  if (const CommandInfo* command = find_command(name)) return *command;
  std::vector<std::string_view> names;
  for (const CommandInfo* command : commands()) names.push_back(command->name);
  arguments.usage_error(unknown_name("command", name, names));
}

int run(const Arguments& arguments) {
  const bool one = !arguments.positionals().empty();
  if (arguments.json()) {
    JsonOutput out = json_result("help");
    out["commands"] = JsonOutput::array();
    if (one) {
      out["commands"].push_back(command_json(known_command(arguments)));
    } else {
      for (const CommandInfo* command : commands())
        out["commands"].push_back(command_json(*command));
    }
    print_json(out);
    return 0;
  }
  const Terminal terminal = stdout_terminal();
  const int width = terminal.width;
  write_out(shown_on(terminal,
                     one ? command_help(known_command(arguments), width) : overview_help(width)));
  return 0;
}

constexpr Example kExamples[] = {
    {.command = "moescope help completion", .what = "the same page as moescope completion --help"},
    {.command = "moescope help --json", .what = "the whole command table for another program"},
};

}  // namespace

constinit const CommandInfo kHelpCommand = {
    .name = "help",
    .summary = "explain a command, or list all of them",
    .operands = "[COMMAND]",
    .description = "Prints the page of one command, or the list of commands.",
    .options = {},
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli
