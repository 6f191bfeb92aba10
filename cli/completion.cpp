#include "cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/operands.hpp"

namespace moescope::cli {
namespace {

std::string words(const std::vector<std::string_view>& list) {
  return fmt::format("{}", fmt::join(list, " "));
}

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> out;
  for (const CommandInfo* command : commands()) out.push_back(command->name);
  return out;
}

std::vector<OptionInfo> all_options(const CommandInfo& command) {
  std::vector<OptionInfo> out(command.options.begin(), command.options.end());
  out.insert(out.end(), common_options().begin(), common_options().end());
  return out;
}

/// Words that may stand as an operand, beside files.
std::vector<std::string_view> operand_words(const CommandInfo& command) {
  std::vector<std::string_view> out;
  for (const Operand& operand : operands_of(command)) {
    if (operand.name.starts_with("MODEL")) out.push_back("demo");
    if (operand.name == "COMMAND") return command_names();
    const auto fixed = choices({.name = "", .argument = operand.name, .help = ""});
    out.insert(out.end(), fixed.begin(), fixed.end());
  }
  return out;
}

/// Whether an operand may be a file: neither a command nor one of a few fixed words.
bool takes_files(const CommandInfo& command) {
  for (const Operand& operand : operands_of(command))
    if (operand.name != "COMMAND" && choices({.name = "", .argument = operand.name}).empty())
      return true;
  return false;
}

/// The short form of an option; empty where it has none.
std::string_view short_name(const OptionInfo& option) {
  return option.name == "output" ? "o" : option.name == "help" ? "h" : "";
}

bool takes_file(const OptionInfo& option) {
  for (const std::string_view word : {"FILE", "DIR", "FOLDER", "DB", ".json"})
    if (option.argument.find(word) != std::string_view::npos) return true;
  return false;
}

/// Text inside single quotes of a POSIX shell or of fish.
std::string quoted(std::string_view text, std::string_view quote_as) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += quote_as;
    else
      out += c;
  }
  return out;
}

std::string bash_case(const CommandInfo& command) {
  std::string names, values;
  for (const OptionInfo& option : all_options(command)) {
    names += fmt::format("{}--{}", names.empty() ? "" : " ", option.name);
    if (option.argument.empty()) continue;
    const auto known = choices(option);
    const std::string_view alias = option.name == "output" ? "|-o" : "";
    if (!known.empty())
      values += fmt::format("        --{}) _moescope_reply \"{}\"; return ;;\n", option.name,
                            words(known));
    else if (takes_file(option))
      values +=
          fmt::format("        --{}{}) _moescope_files \"\"; return ;;\n", option.name, alias);
    else
      values += fmt::format("        --{}{}) return ;;\n", option.name, alias);
  }
  std::string out = fmt::format("    {})\n", command.name);
  if (!values.empty()) out += fmt::format("      case \"$prev\" in\n{}      esac\n", values);
  out += fmt::format("      options=\"{}\" operands=\"{}\" files={} ;;\n", names,
                     words(operand_words(command)), takes_files(command) ? 1 : 0);
  return out;
}

}  // namespace

std::string bash_completion() {
  std::string cases;
  for (const CommandInfo* command : commands()) cases += bash_case(*command);
  return fmt::format(R"(# bash completion for moescope, made by: moescope completion bash
_moescope_reply() {{
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}}
_moescope_files() {{
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"; compgen -f -- "$cur")
}}
_moescope() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  local options="" operands="" files=0
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _moescope_reply "{} --help --version"
    return
  fi
  if [[ $cur == = ]]; then cur=""; fi
  if [[ $prev == = ]]; then prev=${{COMP_WORDS[COMP_CWORD-2]}}; fi
  case "${{COMP_WORDS[1]}}" in
{}    *) return ;;
  esac
  if [[ $cur == -* ]]; then
    _moescope_reply "$options"
  elif ((files == 0)); then
    _moescope_reply "$operands"
  else
    _moescope_files "$operands"
  fi
}}
complete -F _moescope moescope
)",
                     words(command_names()), cases);
}

namespace {

/// A description inside zsh's [..] of a single-quoted specification.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : quoted(text, "'\\''")) {
    if (c == '[' || c == ']' || c == ':') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_option(const OptionInfo& option) {
  const std::string_view equals = option.argument.empty() ? "" : "=";
  std::string out;
  if (const std::string_view letter = short_name(option); !letter.empty())
    out = fmt::format("        '(-{0} --{1})'{{-{0},--{1}{2}}}'[{3}]", letter, option.name, equals,
                      zsh_text(option.help));
  else
    out = fmt::format("        '{}--{}{}[{}]", option.repeatable ? "*" : "", option.name, equals,
                      zsh_text(option.help));
  if (!option.argument.empty()) {
    const auto known = choices(option);
    if (!known.empty())
      out += fmt::format(":value:({})", words(known));
    else
      out += fmt::format(":{}:{}", zsh_text(option.argument), takes_file(option) ? "_files" : "");
  }
  return out + "'\n";
}

std::string zsh_case(const CommandInfo& command) {
  std::string specs;
  for (const OptionInfo& option : all_options(command)) specs += zsh_option(option);
  const auto fixed = operand_words(command);
  if (fixed.empty() && takes_files(command))
    specs += "        '*:file:_files'\n";
  else if (!fixed.empty() && !takes_files(command))
    specs += fmt::format("        '1:word:({})'\n", words(fixed));
  else if (!fixed.empty())
    specs +=
        fmt::format("        '*:operand:_alternative \"words:word:({})\" \"files:file:_files\"'\n",
                    words(fixed));
  return fmt::format("    {})\n      specs=(\n{}      ) ;;\n", command.name, specs);
}

}  // namespace

std::string zsh_completion() {
  std::string list, cases;
  for (const CommandInfo* command : commands()) {
    list += fmt::format("    '{}:{}'\n", command->name, quoted(command->summary, "'\\''"));
    cases += zsh_case(*command);
  }
  return fmt::format(R"(#compdef moescope
# zsh completion for moescope, made by: moescope completion zsh
_moescope() {{
  local -a names specs
  names=(
{}  )
  if ((CURRENT == 2)); then
    if [[ $PREFIX == -* ]]; then
      _arguments '(-h --help)'{{-h,--help}}'[list the commands]' '--version[print the version]'
    else
      _describe command names
    fi
    return
  fi
  local chosen=$words[2]
  shift words
  ((CURRENT--))
  case $chosen in
{}    *) return 1 ;;
  esac
  _arguments $specs
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _moescope "$@"
else
  compdef _moescope moescope
fi
)",
                     list, cases);
}

std::string fish_completion() {
  std::string out =
      "# fish completion for moescope, made by: moescope completion fish\n"
      "function __moescope_no_command\n"
      "    set -l before (commandline -opc)\n"
      "    test (count $before) -eq 1\n"
      "end\n"
      "function __moescope_command\n"
      "    set -l before (commandline -opc)\n"
      "    test (count $before) -ge 2; and test $before[2] = $argv[1]\n"
      "end\n"
      "complete -c moescope -n __moescope_no_command -f -l version -d 'print the version'\n"
      "complete -c moescope -n __moescope_no_command -f -s h -l help -d 'list the commands'\n";
  for (const CommandInfo* command : commands()) {
    out += fmt::format("complete -c moescope -n __moescope_no_command -f -a {} -d '{}'\n",
                       command->name, quoted(command->summary, "\\'"));
    const std::string here =
        fmt::format("complete -c moescope -n '__moescope_command {}'", command->name);
    if (!takes_files(*command)) out += here + " -f\n";
    const auto fixed = operand_words(*command);
    if (!fixed.empty()) out += fmt::format("{} -a '{}'\n", here, words(fixed));
    for (const OptionInfo& option : all_options(*command)) {
      std::string value;
      if (const auto known = choices(option); !known.empty())
        value = fmt::format(" -x -a '{}'", words(known));
      else if (takes_file(option))
        value = " -r -F";
      else if (!option.argument.empty())
        value = " -x";
      const std::string_view letter = short_name(option);
      const std::string alias = letter.empty() ? "" : fmt::format(" -s {}", letter);
      out += fmt::format("{}{} -l {}{} -d '{}'\n", here, alias, option.name, value,
                         quoted(option.help, "\\'"));
    }
  }
  return out;
}

}  // namespace moescope::cli
