#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/chat_arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/engine_arguments.hpp"
#include "cli/json_output.hpp"
#include "cli/number_text.hpp"
#include "cli/option_table.hpp"
#include "cli/output.hpp"
#include "cli/recording.hpp"
#include "cli/share.hpp"
#include "cli/text_input.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/trace/prompts.hpp"

namespace moescope::cli {
namespace {

std::vector<trace::PromptInput> read_prompts(const Arguments& arguments) {
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 1; i < arguments.positionals().size(); ++i)
    files.emplace_back(arguments.positional(i));
  return trace::read_prompts(files);
}

hooks::Generation generation(const Arguments& arguments, const model::ModelConfig& config) {
  hooks::Generation out;
  out.max_new_tokens =
      static_cast<std::size_t>(arguments.integer("max-new-tokens", 0, 1 << 26).value_or(0));
  out.sampling = sampling_options(arguments);
  if (!arguments.flag("ignore-eos")) out.stop_tokens = config.eos;
  return out;
}

/// --retain-until, held to the form and the calendar of ISO 8601.
std::optional<std::string> retention_date(const Arguments& arguments) {
  const auto text = arguments.value("retain-until");
  if (!text) return std::nullopt;
  const auto number = [&text](std::size_t at, std::size_t n) {
    int value = 0;
    for (const char c : text->substr(at, n))
      value = c < '0' || c > '9' ? -100'000 : value * 10 + (c - '0');
    return value;
  };
  using namespace std::chrono;
  const bool shaped = text->size() == 10 && (*text)[4] == '-' && (*text)[7] == '-';
  if (!shaped || !year_month_day(year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                                 day(static_cast<unsigned>(number(8, 2))))
                      .ok())
    arguments.usage_error(
        fmt::format("option '--retain-until': expected a date such as 2027-12-31, got '{}'",
                    escape_terminal(*text)));
  return std::string(*text);
}

void report(const Arguments& arguments, const RecordingResult& r) {
  if (arguments.json()) {
    JsonOutput out = json_result("record");
    out["file"] = *arguments.value("output");
    out["run"] = r.run;
    out["prompts"] = r.n_prompt;
    out["resumed"] = r.n_resumed;
    out["failed"] = r.n_failed;
    out["tokens"] = r.n_token;
    out["seconds"] = r.seconds;
    out["already_complete"] = r.was_complete;
    out["empty_captures"] = r.empty_captures;
    print_json(out);
    return;
  }
  if (arguments.quiet()) return;
  const std::string file = escape_terminal(*arguments.value("output"));
  if (r.was_complete) {
    message(fmt::format("{}: run {} is complete already; nothing to do", file, r.run));
    return;
  }
  std::string line = fmt::format("{}: run {}, {}", file, r.run, counted(r.n_prompt, "prompt"));
  if (r.n_resumed > 0) line += fmt::format(" ({} were there)", r.n_resumed);
  line += fmt::format(", {} in {:.1f} s ({:.0f} a second)", counted(r.n_token, "token"), r.seconds,
                      r.seconds > 0 ? static_cast<double>(r.n_token) / r.seconds : 0.0);
  message(line);
  for (const std::string& pattern : r.empty_captures)
    message(fmt::format("capture '{}': no prompt had such a position; nothing was kept",
                        escape_terminal(pattern)));
  if (r.n_failed > 0)
    message(fmt::format(
        "{} failed; 'moescope sql {} \"SELECT * FROM v_failed_prompt WHERE run = {}\"' says "
        "why",
        counted(r.n_failed, "prompt"), file, r.run));
}

int run(const Arguments& arguments) {
  const auto file = arguments.value("output");
  if (!file) arguments.usage_error("-o FILE is needed");
  if (arguments.flag("resume") && arguments.value("means-out"))
    arguments.usage_error("--means-out needs a run from its beginning; leave --resume out");
  if (arguments.value("means-out") && !arguments.values("intervene").empty())
    arguments.usage_error("--means-out measures the unchanged model; leave --intervene out");
  const std::string& model_name = arguments.positional(0);
  const model::Model m = model::open_model(resolve_model(model_name));
  const tokenizer::Tokenizer tokenizer = resolve_tokenizer(model_name);

  Recording recording{
      .arguments = &arguments, .model = &m, .tokenizer = &tokenizer, .file = std::string(*file)};
  const ChatChoice chat = chat_choice(arguments);
  recording.prompts = read_prompts(arguments);
  chat.apply(recording.prompts);
  recording.chat_template = chat.template_hash();
  recording.scores = trace::parse_scores(arguments.value_or("scores", "all"));
  recording.text = trace::parse_text_mode(arguments.value_or("text", "full"));
  recording.capture_type = trace::parse_capture_type(arguments.value_or("capture-type", "f32"));
  recording.resume = arguments.flag("resume");
  if (const auto path = arguments.value("means-out")) recording.means_out = std::string(*path);
  recording.retain_until = retention_date(arguments);
  for (const std::string_view text : arguments.values("capture"))
    recording.plan.captures.push_back(hooks::parse_capture(text, m.config.shape()));
  recording.plan.lens = static_cast<std::size_t>(arguments.integer("lens", 1, 1000).value_or(0));
  recording.plan.special = arguments.flag("special") ? tokenizer::SpecialText::kRecognise
                                                     : tokenizer::SpecialText::kPlain;
  recording.plan.generate = generation(arguments, m.config);
  recording.plan.stops = stop_texts(arguments);
  if (!recording.plan.stops.empty() && recording.plan.generate.max_new_tokens == 0)
    arguments.usage_error("--stop ends what is generated; add --max-new-tokens N");

  const RecordingResult result = run_recording(recording);
  report(arguments, result);
  return result.n_failed > 0 ? static_cast<int>(ErrorCode::kBadInput) : 0;
}

constexpr OptionInfo kOwnOptions[] = {
    {.name = "output",
     .argument = "FILE",
     .help = "trace database; a run is appended to an existing one"},
    {.name = "resume", .argument = "", .help = "continue the last unfinished run of the same plan"},
    {.name = "scores", .argument = "all|topk|none", .help = "router logits to keep (default all)"},
    {.name = "text",
     .argument = "none|hash|full",
     .help = "what to keep of the prompts' text (default full)"},
    {.name = "capture",
     .argument = "SITES",
     .help = "also keep activations: SITES[@POSITIONS][#PROMPTS], as in "
             "'blocks.*.hook_resid_post@-1#de-*'; SITES and PROMPTS (ids) may hold * and ?, "
             "POSITIONS are numbers and ranges such as 0,5-9,-1, where -1 is the last token and "
             "-3--1 the last three",
     .repeatable = true},
    {.name = "capture-type",
     .argument = "f32|f16|bf16",
     .help = "how captured values are stored (default f32)"},
    {.name = "lens",
     .argument = "K",
     .help = "keep the K likeliest words of every layer's residual stream"},
    {.name = "max-new-tokens", .argument = "N", .help = "generate after every prompt (default 0)"},
    {.name = "stop",
     .argument = "TEXT",
     .help = "end a generation when this text appears",
     .repeatable = true},
    {.name = "ignore-eos", .argument = "", .help = "go on after the model's end token"},
    {.name = "special", .argument = "", .help = "recognise special tokens such as </s> in prompts"},
    {.name = "means-out",
     .argument = "FILE",
     .help = "write every expert's mean output, for --intervene mean:…"},
    {.name = "retain-until",
     .argument = "DATE",
     .help = "date by which the text should be gone, kept in the run"},
};
constexpr auto kOptions =
    join_options(kOwnOptions, kChatOptions, kSamplingOptions, kEngineOptions, kInterventionOptions);
constexpr Example kExamples[] = {
    {.command = "moescope record demo suites/prompts/*.jsonl -o run.db",
     .what = "six files, every routing decision"},
    {.command = "moescope record demo prompts.csv -o run.db --resume",
     .what = "go on where a run was cut off"},
    {.command = "moescope record demo en.jsonl -o masked.db --intervene mask:L3.E4",
     .what = "with an expert taken away"},
    {.command = "moescope record instruct.gguf en.jsonl -o chat.db --chat --max-new-tokens 64",
     .what = "as messages to an assistant, with its answers"},
};

}  // namespace

constinit const CommandInfo kRecordCommand = {
    .name = "record",
    .summary = "run prompts and write every routing decision into SQLite",
    .operands = "MODEL PROMPTS...",
    .description =
        "Prompts come from JSON lines (.jsonl, .ndjson: objects with text, and where wanted id and "
        "group; any other key is a label), CSV with a header row (.csv), or plain text, one prompt "
        "a line (any other name). A prompt commits whole or not at all; a run that "
        "was cut off continues "
        "with --resume, with nothing lost and nothing doubled. A prompt that cannot run (too long, "
        "not UTF-8, a line that cannot be read) is kept "
        "as failed with its reason, and the exit code is 1. docs/formats/trace.md explains every "
        "table.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
