#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/chat_arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/json_output.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/text_input.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/tokenizer/chat_prompt.hpp"

namespace moescope::cli {
namespace {

using tokenizer::ChatOutcome;
using tokenizer::ChatPrompt;
using Json = nlohmann::ordered_json;

/// The output line of one input line; what is wrong with it becomes its error.
std::string answer(const ChatPrompt& prompt, const std::string& line, const std::string& where,
                   std::size_t& n_failed) {
  try {
    const Json variables =
        parse_ordered_json(line, where, {.one_line = true, .exact_integers = true});
    if (!variables.is_object() || !variables.contains("messages"))
      fail(ErrorCode::kBadInput, "{}: expected an object with messages", where);
    const ChatOutcome outcome = prompt.render(variables);
    if (outcome.refusal) return fmt::format("{{\"error\":{}}}\n", json_string(*outcome.refusal));
    return fmt::format("{{\"text\":{}}}\n", json_string(outcome.chat.text));
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kBadInput) throw;
    ++n_failed;
    return fmt::format("{{\"error\":{}}}\n", json_string(e.message()));
  }
}

int run_lines(const ChatPrompt& prompt) {
  InputLines lines;
  std::size_t n_failed = 0;
  while (const auto line = lines.next())
    write_out(answer(prompt, *line, fmt::format("line {}", lines.number()), n_failed));
  if (n_failed == 0) return 0;
  message(fmt::format("{} of {} could not be rendered; their lines say why", n_failed,
                      counted(lines.number(), "line")));
  return static_cast<int>(ErrorCode::kBadInput);
}

/// Text for the terminal; its lines stay lines.
std::string escape_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += escape_terminal(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

int run_one(const Arguments& arguments, const ChatPrompt& prompt) {
  std::optional<std::string> system;
  if (const auto text = arguments.value("system")) system = std::string(*text);
  const tokenizer::RenderedChat chat = prompt.message(*arguments.value("user"), system);
  if (!arguments.json()) {
    write_out(escape_lines(chat.text));
    return 0;
  }
  JsonOutput out = json_result("template");
  out["template"] = prompt.where();
  out["text"] = chat.text;
  out["foreign"] = JsonOutput::array();
  for (const tokenizer::Span& span : chat.foreign) out["foreign"].push_back({span.begin, span.end});
  print_json(out);
  return 0;
}

int run(const Arguments& arguments) {
  const bool lines = arguments.flag("jsonl");
  const bool one = arguments.value("user").has_value();
  if (lines == one) arguments.usage_error("expected either --user TEXT or --jsonl");
  if (lines && arguments.value("system")) arguments.usage_error("--system goes with --user");
  const ChatPrompt prompt = open_chat_prompt(arguments);
  return lines ? run_lines(prompt) : run_one(arguments, prompt);
}

constexpr OptionInfo kOptions[] = {
    {.name = "jsonl",
     .argument = "",
     .help =
         "read objects with messages, one a line, from standard input; write one object a line"},
    {.name = "user", .argument = "TEXT", .help = "show the prompt of this one message"},
    {.name = "system", .argument = "TEXT", .help = "a system message before it"},
};
constexpr Example kExamples[] = {
    {.command = "moescope template ~/models/Mixtral-8x7B-Instruct-v0.1 --user 'Bonjour !'",
     .what = "the prompt that the model would get"},
    {.command = "moescope template chat_template.jinja --jsonl < conversations.jsonl",
     .what = "many conversations"},
};

}  // namespace

constinit const CommandInfo kTemplateCommand = {
    .name = "template",
    .summary = "turn conversations into prompts with a model's chat template",
    .operands = "MODEL",
    .description =
        "MODEL is a model folder with a chat template (chat_template.jinja, or chat_template in "
        "tokenizer_config.json), a GGUF file or a file that holds a template alone. With --jsonl "
        "every input "
        "line is an object with messages and, where wanted, add_generation_prompt, bos_token, "
        "eos_token, tools, documents; other keys are variables of the template, too. Every output "
        "line has text, or error where the template refuses the conversation, which is an answer "
        "like any other. A line that is no such object, or that needs what is not supported or "
        "breaks a limit, has error too, and the exit code is 1.\n\n"
        "Special tokens that a message spells are text and nothing else to the model; --json "
        "lists the bytes of the prompt that came from messages as foreign.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli
