#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "audits/gather.hpp"
#include "audits/plan.hpp"
#include "audits/summary.hpp"
#include "audits/worklist.hpp"
#include "cli/arguments.hpp"
#include "cli/audit_view.hpp"
#include "cli/command_table.hpp"
#include "cli/engine_arguments.hpp"
#include "cli/number_text.hpp"
#include "cli/option_table.hpp"
#include "cli/output.hpp"
#include "cli/recording.hpp"
#include "cli/share.hpp"
#include "cli/suites_show.hpp"
#include "cli/text_input.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/io.hpp"
#include "core/trace/schema.hpp"

namespace moescope::cli {
namespace {

using audits::Suite;

/// The suites of the command line and, unless --no-gate, the grammar sets of their languages.
std::vector<Suite> wanted_suites(const Arguments& arguments) {
  std::vector<Suite> out;
  for (std::size_t i = 1; i < arguments.positionals().size(); ++i)
    out.push_back(resolve_suite(arguments.positional(i)));
  if (arguments.flag("no-gate")) return out;
  std::set<std::string> wanted, there;
  for (const Suite& suite : out)
    (suite.info.purpose == audits::Purpose::kGate ? there : wanted).insert(suite.info.language);
  for (const std::filesystem::path& file : shipped_suites())
    for (const std::string& language : wanted)
      if (file.stem() == "grammar-" + language && !there.contains(language))
        out.push_back(audits::read_suite(file));
  return out;
}

audits::WorklistOptions work_options(const Arguments& arguments) {
  audits::WorklistOptions out{.seed = arguments.seed("seed").value_or(0)};
  for (const std::string_view name : arguments.values("format")) out.formats.emplace_back(name);
  if (const auto limit = arguments.integer("limit", 1, 1 << 30))
    out.limit = static_cast<std::size_t>(*limit);
  return out;
}

audits::Plan wanted_plan(const Arguments& arguments, const std::vector<Suite>& suites,
                         const audits::WorklistOptions& options) {
  const auto file = arguments.value("plan");
  if (!file) return audits::default_plan(suites, options);
  constexpr std::size_t kMaxPlan = 16u << 20;
  return audits::parse_plan(formats::read_text_file(std::string(*file), kMaxPlan), *file, suites,
                            options);
}

trace::AuditRow audit_row(const Arguments& arguments, const std::vector<Suite>& suites,
                          const audits::Worklist& work, const audits::Plan& plan,
                          std::string plan_text) {
  trace::AuditRow out{.plan = std::move(plan_text),
                      .plan_kind = std::string(audits::name(plan.kind)),
                      .control = arguments.flag("control")};
  out.plan_hash = sha256_hex(out.plan);
  std::vector<std::uint64_t> n_item(suites.size());
  for (const audits::PlannedItem& item : work.items) ++n_item[item.suite];
  for (std::size_t i = 0; i < suites.size(); ++i) {
    const Suite& suite = suites[i];
    out.suites.push_back({.name = suite.info.name,
                          .version = suite.info.version,
                          .sha256 = suite.sha256,
                          .probe = suite.probe,
                          .language = suite.info.language,
                          .licence = suite.info.licence,
                          .draft = suite.is_draft(),
                          .info = audits::suite_head_text(suite),
                          .n_item = n_item[i]});
  }
  return out;
}

/// The token before every text: the first one of a text has a probability under it.
std::optional<TokenId> prefix_token(const model::Model& model,
                                    const tokenizer::Tokenizer& tokenizer) {
  return model.config.bos ? model.config.bos : tokenizer.bos();
}

int run(const Arguments& arguments) {
  const auto file = arguments.value("output");
  if (!file) arguments.usage_error("-o FILE is needed");
  const std::vector<Suite> suites = wanted_suites(arguments);
  const audits::WorklistOptions options = work_options(arguments);
  const audits::Plan plan = wanted_plan(arguments, suites, options);
  audits::Worklist work = audits::plan_work(suites, options);

  const std::string& model_name = arguments.positional(0);
  const model::Model m = model::open_model(resolve_model(model_name));
  const tokenizer::Tokenizer tokenizer = resolve_tokenizer(model_name);
  audits::Gatherer gatherer(suites, work);
  Recording recording{
      .arguments = &arguments, .model = &m, .tokenizer = &tokenizer, .file = std::string(*file)};
  recording.prompts = std::move(work.prompts);
  recording.scores = trace::parse_scores(arguments.value_or("scores", "topk"));
  recording.text = trace::parse_text_mode(arguments.value_or("text", "full"));
  recording.resume = arguments.flag("resume");
  recording.plan.prefix = prefix_token(m, tokenizer);
  recording.plan.generate.sampling.seed = options.seed;
  recording.audit = audit_row(arguments, suites, work, plan,
                              audits::plan_text(plan, suites, options, weights_id(m)));
  recording.gather = [&gatherer](trace::PromptTrace&& trace) {
    return gatherer.take(std::move(trace));
  };
  const RecordingResult result = run_recording(recording);
  if (!arguments.quiet() && !result.was_complete)
    message(fmt::format(
        "{}: run {}, {} of {} in {:.1f} s ({:.1f} items a second)", escape_terminal(*file),
        result.run, counted(work.items.size(), "item"), counted(result.n_prompt, "text"),
        result.seconds,
        result.seconds > 0 ? static_cast<double>(work.items.size()) / result.seconds : 0.0));

  trace::Database db = trace::open_trace(std::filesystem::path(std::string(*file)));
  const audits::AuditSummary summary = audits::summarise(db, trace::find_audit(db, result.run));
  if (arguments.json())
    print_json(audit_json(summary, "audit"));
  else
    write_out(audit_text(summary));
  return summary.exit_code;
}

constexpr OptionInfo kOwnOptions[] = {
    {.name = "output",
     .argument = "FILE",
     .help = "trace database; the audit is appended to an existing one"},
    {.name = "plan",
     .argument = "FILE",
     .help = "hypotheses, margins and level of your own (docs/formats/plan.md); without it the "
             "suites' own, where they have any"},
    {.name = "resume",
     .argument = "",
     .help = "continue the last unfinished audit of the same plan"},
    {.name = "limit",
     .argument = "N",
     .help = "about N items a suite: whole clusters, drawn by --seed"},
    {.name = "seed", .argument = "N", .help = "seed of all draws (default 0)"},
    {.name = "format",
     .argument = "NAME",
     .help = "only this prompt format of the suites",
     .repeatable = true},
    {.name = "scores", .argument = "all|topk|none", .help = "router logits to keep (default topk)"},
    {.name = "text",
     .argument = "none|hash|full",
     .help = "what to keep of the items' texts (default full)"},
    {.name = "no-gate",
     .argument = "",
     .help = "do not add the grammar set of each language; without one there is no verdict"},
    {.name = "control",
     .argument = "",
     .help = "the model was planted with a bias on purpose: the gate does not block, and no "
             "finding counts"},
};
constexpr auto kOptions = join_options(kOwnOptions, kEngineOptions, kInterventionOptions);
constexpr Example kExamples[] = {
    {.command = "moescope audit demo occupation-gender-en -o audit.db",
     .what = "a suite that comes with moescope, with the grammar set of its language"},
    {.command = "moescope audit model.gguf crows.json --plan plan.json -o audit.db",
     .what = "an imported set under a plan of your own"},
};

}  // namespace

constinit const CommandInfo kAuditCommand = {
    .name = "audit",
    .summary = "run test suites on a model, with statistics and the experts behind each item",
    .operands = "MODEL SUITES...",
    .description =
        "A suite is a file or the name of one that comes with moescope ('moescope suites list'). "
        "Every item is scored once and committed whole, with its tokens, log-probabilities and "
        "routing, its outcomes and why some have none. A run that was cut off continues with "
        "--resume. The plan is committed before the first item.\n\n"
        "Exit code: 3 where a hypothesis is beyond its margin or differs by an unclear size; 5 "
        "where one is inconclusive or not assessable, or where none is declared; 0 where all are "
        "within their margins. docs/audits.md explains every number.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
