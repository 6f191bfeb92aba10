#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/completion.hpp"
#include "cli/json_output.hpp"
#include "cli/output.hpp"
#include "cli/suggest.hpp"

namespace moescope::cli {
namespace {

struct Shell {
  std::string_view name;
  std::string (*script)();
};

constexpr Shell kShells[] = {
    {"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};

int run(const Arguments& arguments) {
  const std::string& wanted = arguments.positional(0);
  std::vector<std::string_view> names;
  for (const Shell& shell : kShells) {
    names.push_back(shell.name);
    if (shell.name != wanted) continue;
    if (!arguments.json()) {
      write_out(shell.script());
      return 0;
    }
    JsonOutput out = json_result("completion");
    out["shell"] = shell.name;
    out["script"] = shell.script();
    print_json(out);
    return 0;
  }
  arguments.usage_error(unknown_name("shell", wanted, names));
}

constexpr Example kExamples[] = {
    {.command = "source <(moescope completion bash)", .what = "complete in this bash session"},
    {.command = "moescope completion fish > ~/.config/fish/completions/moescope.fish",
     .what = "complete in every fish session"},
};

}  // namespace

constinit const CommandInfo kCompletionCommand = {
    .name = "completion",
    .summary = "print a completion script for a shell",
    .operands = "bash|zsh|fish",
    .description =
        "Prints a script that completes commands, options and their values. "
        "'cmake --install' puts the three scripts where the shells look for them.",
    .options = {},
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli
