#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/exit_codes.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/operands.hpp"
#include "cli/output.hpp"
#include "cli/version.hpp"

namespace moescope::cli {
namespace {

/// Text of a roff line: backslashes and hyphens as they are typed, no accidental request.
std::string roff(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out = "\\&";
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    const bool request =
        c == '\n' && at + 1 < text.size() && (text[at + 1] == '.' || text[at + 1] == '\'');
    if (request) out += "\\&";
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  for (;;) {
    const auto gap = text.find("\n\n");
    out += roff(text.substr(0, gap)) + '\n';
    if (gap == std::string_view::npos) return out;
    out += ".PP\n";
    text.remove_prefix(gap + 2);
  }
}

std::string term(std::string_view words, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}", roff(words), paragraphs(text));
}

std::string option_terms(std::span<const OptionInfo> options) {
  std::string out;
  for (const OptionInfo& option : options)
    out += term(
        option_words(option),
        fmt::format("{}{}", option.help, option.repeatable ? " (may stand several times)" : ""));
  return out;
}

std::string command_section(const CommandInfo& command) {
  std::string out =
      fmt::format(".SS {}\n.B {}\n.PP\n", roff(command.name), roff(synopsis(command)));
  out += paragraphs(command.description);
  out += option_terms(command.options);
  for (const Example& example : command.examples)
    out += fmt::format(".PP\n{}\n.PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n", roff(example.what),
                       roff(example.command));
  return out;
}

std::string page() {
  std::string out = fmt::format(
      ".\\\" Generated from the command table by: moescope man\n"
      ".TH MOESCOPE 1 \"\" \"moescope {}\" \"User Commands\"\n"
      ".SH NAME\nmoescope \\- see inside mixture\\-of\\-experts language models\n"
      ".SH SYNOPSIS\n.B moescope\n.I command\n.RI [ operands ]\n.RI [ options ]\n"
      ".SH DESCRIPTION\n",
      roff(program_version()));
  out += paragraphs(
      "moescope runs open-weight mixture-of-experts language models, records every routing "
      "decision "
      "in an SQLite file and shows which experts fire. Data goes to standard output, messages and "
      "progress to standard error. The word 'demo' in place of a model names the small model that "
      "comes with the program.");
  out += ".SH COMMANDS\n";
  for (const CommandInfo* command : commands()) out += command_section(*command);
  out += ".SH COMMON OPTIONS\n" + option_terms(common_options());
  out += ".SH EXIT STATUS\n";
  for (const ExitCodeInfo& code : kExitCodes)
    out += term(fmt::format("{}", code.code), code.meaning);
  out += ".SH ENVIRONMENT\n";
  for (const EnvironmentInfo& variable : kEnvironment) out += term(variable.name, variable.meaning);
  return out;
}

int run(const Arguments& arguments) {
  if (!arguments.json()) {
    write_out(page());
    return 0;
  }
  JsonOutput out = json_result("man");
  out["format"] = "roff";
  out["page"] = page();
  print_json(out);
  return 0;
}

constexpr Example kExamples[] = {
    {.command = "moescope man | man -l -", .what = "read the manual of this build"},
};

}  // namespace

constinit const CommandInfo kManCommand = {
    .name = "man",
    .summary = "print the manual page",
    .operands = "",
    .description =
        "Prints the manual page of this build in roff, made from the same table as the "
        "help pages.",
    .options = {},
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli
