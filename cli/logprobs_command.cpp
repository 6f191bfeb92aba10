#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/engine_arguments.hpp"
#include "cli/number_text.hpp"
#include "cli/option_table.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/share.hpp"
#include "cli/text_input.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace moescope::cli {
namespace {

using tokenizer::Tokenizer;

/// One text under way: what its output line will hold.
struct Item {
  std::string id;  ///< as JSON
  std::vector<TokenId> ids;
  std::size_t n_prompt = 0;
  std::vector<float> logprob;  ///< [ids], filled as predictions arrive
  std::string error;
  bool done = false;
};

std::string json_line(const Item& item) {
  if (!item.error.empty())
    return fmt::format("{{\"id\":{},\"error\":{}}}\n", item.id, json_string(item.error));
  std::string ids;
  for (const TokenId id : item.ids) ids += fmt::format("{}{}", ids.empty() ? "" : ",", id.value);
  std::string logprobs;
  for (std::size_t i = item.n_prompt; i < item.ids.size(); ++i)
    logprobs += fmt::format("{}{}", logprobs.empty() ? "" : ",", item.logprob[i]);
  return fmt::format("{{\"id\":{},\"ids\":[{}],\"n_prompt\":{},\"logprobs\":[{}]}}\n", item.id, ids,
                     item.n_prompt, logprobs);
}

/// Keeps the items in the order of the input and writes each when all before it are done.
class Lines : public hooks::Sink {
 public:
  explicit Lines(bool quiet) : progress_("scoring", "texts", std::nullopt, quiet) {}

  Item& add(std::uint64_t number) { return items_[number]; }

  void prediction(const hooks::PredictionEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i)
      if (e.prediction[i].has_next)
        items_.at(e.row[i].request).logprob[e.row[i].pos.value + 1] = e.prediction[i].next_logprob;
  }
  void finished(const hooks::FinishedEvent& e) override {
    items_.at(e.request).error = e.message;
    finish(e.request);
  }
  void finish(std::uint64_t number) {
    items_.at(number).done = true;
    while (!items_.empty() && items_.begin()->second.done) {
      const Item& item = items_.begin()->second;
      if (!item.error.empty()) ++n_failed_;
      write_out(json_line(item));
      items_.erase(items_.begin());
      progress_.update(++n_written_);
    }
  }
  std::uint64_t n_failed() const { return n_failed_; }
  std::uint64_t n_written() const { return n_written_; }

 private:
  std::map<std::uint64_t, Item> items_;
  std::uint64_t n_failed_ = 0, n_written_ = 0;
  Progress progress_;
};

std::optional<TokenId> prefix_token(const Arguments& arguments, const model::ModelConfig& config,
                                    const Tokenizer& tokenizer) {
  const auto given = arguments.value("prefix-token");
  if (!given) return config.bos ? config.bos : tokenizer.bos();
  if (*given == "none") return std::nullopt;
  const auto id =
      arguments.integer("prefix-token", 0, static_cast<std::int64_t>(config.n_vocab) - 1);
  return TokenId(static_cast<std::size_t>(*id));
}

/// Prompt and text are cut as one string; a token that begins inside the prompt belongs to it.
void fill(Item& item, const std::string& line, const std::string& where, const Tokenizer& tokenizer,
          std::optional<TokenId> prefix) {
  item.id = "null";
  const nlohmann::json document =
      parse_json(line, where, {.one_line = true, .exact_integers = true});
  const JsonNode node(document, where);
  if (const auto id = node.find("id")) item.id = id->value().dump();
  const auto prompt_node = node.find("prompt");
  const std::string prompt = prompt_node ? prompt_node->string() : "";
  const std::string text = node.at("text").string();
  if (prefix) item.ids.push_back(*prefix);
  item.n_prompt = item.ids.size();
  for (const tokenizer::Token& t :
       tokenizer.encode(prompt + text, tokenizer::SpecialText::kPlain)) {
    if (t.begin < prompt.size()) ++item.n_prompt;
    item.ids.push_back(t.id);
  }
  if (item.n_prompt == 0 && !item.ids.empty()) item.n_prompt = 1;
  if (!text.empty() && item.ids.size() <= item.n_prompt)
    fail(ErrorCode::kBadInput, "{}: no token is left to score", where);
  item.logprob.resize(item.ids.size());
}

int run(const Arguments& arguments) {
  if (!arguments.flag("jsonl"))
    arguments.usage_error("--jsonl is needed; texts come from standard input");
  const std::string& model_name = arguments.positional(0);
  const model::Model m = model::open_model(resolve_model(model_name));
  const Tokenizer tokenizer = resolve_tokenizer(model_name);
  const auto prefix = prefix_token(arguments, m.config, tokenizer);

  InputLines input;
  Lines lines(arguments.quiet());
  const model::RequestSource source = [&]() -> std::optional<hooks::Request> {
    while (const auto line = input.next()) {
      const std::uint64_t number = input.number();
      Item& item = lines.add(number);
      try {
        fill(item, *line, fmt::format("line {}", number), tokenizer, prefix);
        if (item.ids.size() <= item.n_prompt) {
          lines.finish(number);
          continue;
        }
      } catch (const Error& e) {
        if (e.code() != ErrorCode::kBadInput) throw;
        item.error = e.message();
        lines.finish(number);
        continue;
      }
      hooks::Request request;
      request.id = number;
      request.ids = item.ids;
      request.score_from = item.n_prompt;
      return request;
    }
    return std::nullopt;
  };
  model::run_requests(m, engine_options(arguments, m), source, {.prediction = true},
                      intervention_plan(arguments, m), lines, arguments.stop_token());
  if (lines.n_failed() == 0) return 0;
  message(fmt::format("{} of {} could not be scored; their lines say why", lines.n_failed(),
                      counted(lines.n_written(), "text")));
  return static_cast<int>(ErrorCode::kBadInput);
}

constexpr OptionInfo kOwnOptions[] = {
    {.name = "jsonl",
     .argument = "",
     .help = "read objects with id, prompt and text, one a line, from standard input"},
    {.name = "prefix-token",
     .argument = "ID",
     .help = "token before every text, or 'none' (default: the model's bos)"},
};
constexpr auto kOptions = join_options(kOwnOptions, kEngineOptions, kInterventionOptions);
constexpr Example kExamples[] = {
    {.command = "echo '{\"id\":1,\"prompt\":\"Bonjour\",\"text\":\" le monde\"}' | moescope "
                "logprobs demo --jsonl",
     .what = "log-probabilities of the text's tokens"},
};

}  // namespace

constinit const CommandInfo kLogprobsCommand = {
    .name = "logprobs",
    .summary = "score texts: the log-probability of every token",
    .operands = "MODEL",
    .description =
        "Every input line is an object with text and, where wanted, id and prompt; other keys are "
        "ignored. Every "
        "output line has id, ids, n_prompt (leading ids that are not scored) and logprobs (natural "
        "log, one a scored "
        "id), in the order of the input. Prompt and text are cut as one string; a token that "
        "begins inside the prompt "
        "belongs to it. An empty text has no logprobs. A text that cannot be scored gets a line "
        "with error instead, and the exit "
        "code is 1.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
