#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
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
#include "cli/terminal.hpp"
#include "cli/text_input.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/model/stop_text.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kDefaultNewTokens = 128;
constexpr std::string_view kPromptId = "prompt";

std::string_view reason_text(hooks::FinishReason reason) {
  switch (reason) {
    case hooks::FinishReason::kStopToken:
      return "end token";
    case hooks::FinishReason::kStopString:
      return "stop string";
    case hooks::FinishReason::kMaxTokens:
      return "token limit";
    case hooks::FinishReason::kContext:
      return "context full";
    case hooks::FinishReason::kScored:
      return "nothing asked for";
    case hooks::FinishReason::kFailed:
      return "failed";
  }
  return "";
}

/// Text as it leaves: decoded token by token, cut at a stop string, written at once or kept.
class Stream {
 public:
  /// `continues`: what is generated goes on behind a prompt that has text.
  Stream(const tokenizer::Tokenizer& tokenizer, std::vector<std::string> stops, bool continues,
         bool write)
      : decode_(tokenizer, continues), stop_(std::move(stops)), write_(write) {}

  /// True when a stop string has appeared.
  bool push(TokenId token) {
    emit(stop_.push(decode_.push(token)));
    return stop_.stopped();
  }
  void finish() {
    emit(stop_.push(decode_.finish()));
    emit(stop_.finish());
    if (!write_) return;
    write_out("\n");
    flush_out();
  }
  const std::string& text() const { return text_; }

 private:
  void emit(const std::string& piece) {
    text_ += piece;
    if (!write_ || piece.empty()) return;
    write_out(terminal_.is_terminal ? shown_on(terminal_, escape_stream(piece)) : piece);
    flush_out();
  }
  /// Line ends pass; every other control character is made visible.
  static std::string escape_stream(const std::string& piece) {
    std::string out;
    std::size_t from = 0;
    for (std::size_t at = piece.find('\n'); at != std::string::npos; at = piece.find('\n', from)) {
      out += escape_terminal(std::string_view(piece).substr(from, at - from)) + "\n";
      from = at + 1;
    }
    return out + escape_terminal(std::string_view(piece).substr(from));
  }

  tokenizer::DecodeStream decode_;
  model::StopText stop_;
  bool write_;
  Terminal terminal_ = stdout_terminal();
  std::string text_;
};

class LastFinish : public hooks::Sink {
 public:
  void finished(const hooks::FinishedEvent& e) override {
    if (e.reason == hooks::FinishReason::kFailed)
      fail(ErrorCode::kBadInput, "prompt: {}", e.message);
    reason = e.reason;
    generated.assign(e.generated.begin(), e.generated.end());
  }
  hooks::FinishReason reason = hooks::FinishReason::kScored;
  std::vector<TokenId> generated;
};

int run(const Arguments& arguments) {
  const std::string& model_name = arguments.positional(0);
  const model::Model m = model::open_model(resolve_model(model_name));
  const tokenizer::Tokenizer tokenizer = resolve_tokenizer(model_name);
  const auto special = arguments.flag("special") ? tokenizer::SpecialText::kRecognise
                                                 : tokenizer::SpecialText::kPlain;
  const ChatChoice chat = chat_choice(arguments);
  std::vector<trace::PromptInput> prompts = {
      {.id = std::string(kPromptId), .text = arguments.positional(1)}};
  chat.apply(prompts);
  if (!prompts[0].failure.empty()) fail(ErrorCode::kBadInput, "prompt: {}", prompts[0].failure);
  const std::vector<std::string> stops = stop_texts(arguments);
  Stream stream(tokenizer, stops, !prompts[0].text.empty(), !arguments.json());

  hooks::Generation generate;
  generate.max_new_tokens = static_cast<std::size_t>(
      arguments.integer("max-new-tokens", 1, 1 << 26).value_or(kDefaultNewTokens));
  generate.sampling = sampling_options(arguments);
  if (!arguments.flag("ignore-eos")) generate.stop_tokens = m.config.eos;
  generate.stop_when = [&](std::span<const TokenId> generated) {
    return stream.push(generated.back());
  };

  LastFinish last;
  if (const auto file = arguments.value("record")) {
    Recording recording{
        .arguments = &arguments, .model = &m, .tokenizer = &tokenizer, .file = std::string(*file)};
    recording.plan.generate = generate;
    recording.plan.special = special;
    recording.plan.stops = stops;
    recording.prompts = prompts;
    recording.chat_template = chat.template_hash();
    recording.watch = [&](const trace::PromptTrace& trace) {
      if (!trace.failure.empty()) fail(ErrorCode::kBadInput, "prompt: {}", trace.failure);
      last.reason = trace.finish;
      for (const trace::TokenTrace& t : trace.tokens)
        if (t.phase == hooks::Phase::kDecode) last.generated.push_back(t.id);
    };
    run_recording(recording);
  } else {
    hooks::Request request;
    const trace::RecordPlan plan{.special = special};
    for (const trace::TokenTrace& t : trace::prompt_tokens(tokenizer, plan, prompts[0]))
      request.ids.push_back(t.id);
    request.generate = generate;
    request.generate.sampling.seed = trace::prompt_seed(generate.sampling.seed, kPromptId);
    std::optional<hooks::Request> next = std::move(request);
    const model::RequestSource source = [&] { return std::exchange(next, std::nullopt); };
    model::run_requests(m, engine_options(arguments, m), source, {},
                        intervention_plan(arguments, m), last, arguments.stop_token());
  }
  stream.finish();
  if (!arguments.json()) {
    if (!arguments.quiet())
      message(fmt::format("{}, ended by: {}", counted(last.generated.size(), "token"),
                          reason_text(last.reason)));
    return 0;
  }
  JsonOutput out = json_result("generate");
  out["text"] = stream.text();
  out["ids"] = JsonOutput::array();
  for (const TokenId id : last.generated) out["ids"].push_back(id.value);
  out["finish"] = reason_text(last.reason);
  print_json(out);
  return 0;
}

constexpr OptionInfo kOwnOptions[] = {
    {.name = "max-new-tokens", .argument = "N", .help = "at most this many tokens (default 128)"},
    {.name = "stop", .argument = "TEXT", .help = "end before this text", .repeatable = true},
    {.name = "ignore-eos", .argument = "", .help = "go on after the model's end token"},
    {.name = "special",
     .argument = "",
     .help = "recognise special tokens such as </s> in the prompt"},
    {.name = "record",
     .argument = "FILE",
     .help = "append a run to this trace database, decode beside prefill"},
};
constexpr auto kOptions =
    join_options(kOwnOptions, kChatOptions, kSamplingOptions, kEngineOptions, kInterventionOptions);
constexpr Example kExamples[] = {
    {.command = "moescope generate demo 'Der Minister sagte' --max-new-tokens 40",
     .what = "the likeliest continuation"},
    {.command = "moescope generate demo 'Once upon' --temperature 0.8 --top-p 0.95 --seed 7",
     .what = "a seeded draw"},
    {.command = "moescope generate instruct.gguf 'What is a mixture of experts?' --chat",
     .what = "an assistant's answer"},
    {.command = "moescope generate demo 'def main' --record run.db",
     .what = "with every routing decision"},
};

}  // namespace

constinit const CommandInfo kGenerateCommand = {
    .name = "generate",
    .summary = "continue a prompt, and record how it was routed",
    .operands = "MODEL PROMPT",
    .description =
        "Writes the continuation to standard output as it comes. Greedy unless a temperature is "
        "given; the same seed "
        "gives the same text whatever the batch or the threads.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
