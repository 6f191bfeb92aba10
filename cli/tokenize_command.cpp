#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/json_output.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "cli/text_input.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"

namespace moescope::cli {
namespace {

using tokenizer::SpecialText;
using tokenizer::Token;
using tokenizer::Tokenizer;

/// One line of --jsonl output; numbers and pieces are written as they come, since files are large.
std::string json_line(const Tokenizer& tokenizer, const std::vector<Token>& tokens) {
  std::string ids;
  std::string pieces;
  std::string offsets;
  for (const Token& t : tokens) {
    const char* comma = ids.empty() ? "" : ",";
    ids += fmt::format("{}{}", comma, t.id.value);
    pieces += comma + json_string(tokenizer.piece(t.id));
    offsets += fmt::format("{}[{},{}]", comma, t.begin, t.end);
  }
  return fmt::format("{{\"ids\":[{}],\"pieces\":[{}],\"offsets\":[{}]}}\n", ids, pieces, offsets);
}

/// The output line of one input line; what is wrong with it becomes its error.
std::string answer(const Tokenizer& tokenizer, const std::string& line, const std::string& where,
                   SpecialText special, std::size_t& n_failed) {
  try {
    const nlohmann::json value = parse_json(line, where, {.one_line = true});
    return json_line(tokenizer, tokenizer.encode(JsonNode(value, where).string(), special));
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kBadInput) throw;
    ++n_failed;
    return fmt::format("{{\"error\":{}}}\n", json_string(e.message()));
  }
}

int run_lines(const Tokenizer& tokenizer, SpecialText special) {
  InputLines lines;
  std::size_t n_failed = 0;
  while (const auto line = lines.next())
    write_out(answer(tokenizer, *line, fmt::format("line {}", lines.number()), special, n_failed));
  if (n_failed == 0) return 0;
  message(fmt::format("{} of {} could not be cut; their lines say why", n_failed,
                      counted(lines.number(), "line")));
  return static_cast<int>(ErrorCode::kBadInput);
}

void print_table(const Tokenizer& tokenizer, const std::string& text, SpecialText special) {
  const Terminal terminal = stdout_terminal();
  for (const Token& t : tokenizer.encode(text, special))
    write_out(shown_on(terminal, fmt::format("{:>7}  {:>5}–{:<5}  {}\n", t.id.value, t.begin, t.end,
                                             escape_terminal(tokenizer.piece(t.id)))));
}

void print_document(const Tokenizer& tokenizer, const std::string& text, SpecialText special) {
  JsonOutput out = json_result("tokenize");
  out["kind"] = tokenizer.kind();
  out["hash"] = tokenizer.hash();
  out["ids"] = JsonOutput::array();
  out["pieces"] = JsonOutput::array();
  out["offsets"] = JsonOutput::array();
  for (const Token& t : tokenizer.encode(text, special)) {
    out["ids"].push_back(t.id.value);
    out["pieces"].push_back(tokenizer.piece(t.id));
    out["offsets"].push_back({t.begin, t.end});
  }
  print_json(out);
}

int run(const Arguments& arguments) {
  const auto text = arguments.optional_positional(1);
  const bool lines = arguments.flag("jsonl");
  if (lines == text.has_value()) arguments.usage_error("expected either TEXT or --jsonl");
  const Tokenizer tokenizer = resolve_tokenizer(arguments.positional(0));
  const SpecialText special =
      arguments.flag("special") ? SpecialText::kRecognise : SpecialText::kPlain;
  if (lines) return run_lines(tokenizer, special);
  if (arguments.json())
    print_document(tokenizer, *text, special);
  else
    print_table(tokenizer, *text, special);
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "jsonl",
     .argument = "",
     .help = "read JSON strings, one a line, from standard input; write one object a line"},
    {.name = "special",
     .argument = "",
     .help = "recognise special tokens such as </s> in the text"},
};
constexpr Example kExamples[] = {
    {.command = "moescope tokenize demo 'Guten Morgen, Berlin!'",
     .what = "ids, byte offsets and pieces"},
    {.command = "moescope tokenize tokenizer.model --jsonl < lines.jsonl", .what = "many texts"},
};

}  // namespace

constinit const CommandInfo kTokenizeCommand = {
    .name = "tokenize",
    .summary = "cut text into a model's tokens, with byte offsets",
    .operands = "MODEL [TEXT]",
    .description =
        "MODEL is a model or a tokenizer file (tokenizer.json, tekken.json or a SentencePiece "
        "model; its content tells which). "
        "Nothing is added at the ends of a text. With --jsonl every output line has ids, pieces "
        "and offsets, which "
        "are [begin, end) in bytes of the text. A line that is no JSON string gets a line with "
        "error instead, and the exit code is 1.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli
