#include "cli/recording.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <span>
#include <system_error>

#include "cli/engine_arguments.hpp"
#include "cli/model_provenance.hpp"
#include "cli/progress.hpp"
#include "cli/version.hpp"
#include "core/base/error.hpp"
#include "core/base/sha256.hpp"
#include "core/kernels/isa.hpp"
#include "core/trace/writer.hpp"

namespace moescope::cli {
namespace {

using trace::RunInfo;

/// What decides the rows besides the fields of RunInfo, in words that a reader of the run
/// understands.
std::map<std::string, std::string> plan_options(const Recording& r) {
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < r.plan.captures.size(); ++i)
    out[fmt::format("capture.{:03}", i)] = r.plan.captures[i].pattern;
  for (std::size_t i = 0; i < r.plan.interventions.items.size(); ++i) {
    const hooks::Intervention& x = r.plan.interventions.items[i];
    std::string text = fmt::format("{} ({})", to_string(x), hooks::info(x.kind).meaning);
    if (!x.mean.empty()) {
      Sha256 sha;
      sha.update(std::as_bytes(std::span(x.mean)));
      text += fmt::format(", mean {}", sha.hex());
    }
    out[fmt::format("intervention.{:03}", i)] = std::move(text);
  }
  if (!r.chat_template.empty()) out["chat_template"] = r.chat_template;
  if (r.plan.prefix) out["prefix"] = std::to_string(r.plan.prefix->value);
  if (r.audit) out["audit_plan"] = r.audit->plan_hash;
  out["special"] = r.plan.special == tokenizer::SpecialText::kRecognise ? "recognised" : "plain";
  if (r.plan.engine.context > 0) out["context"] = std::to_string(r.plan.engine.context);
  const hooks::Generation& g = r.plan.generate;
  if (g.max_new_tokens == 0) return out;
  out["max_new_tokens"] = std::to_string(g.max_new_tokens);
  out["sampling"] =
      fmt::format("temperature {}, top-k {}, top-p {}, min-p {}", g.sampling.temperature,
                  g.sampling.top_k, g.sampling.top_p, g.sampling.min_p);
  std::string stops;
  for (const TokenId id : g.stop_tokens)
    stops += fmt::format("{}{}", stops.empty() ? "" : " ", id.value);
  out["stop_tokens"] = stops;
  for (std::size_t i = 0; i < r.plan.stops.size(); ++i)
    out[fmt::format("stop.{:03}", i)] = r.plan.stops[i];
  return out;
}

RunInfo run_info(const Recording& r) {
  RunInfo info = trace::run_info(*r.model, *r.tokenizer, r.prompts);
  info.weights_id = weights_id(*r.model);
  info.files_id = files_id(*r.model);
  info.scores = r.scores;
  info.text = r.text;
  info.capture_type = r.capture_type;
  info.keeps_activations = !r.plan.captures.empty();
  info.n_lens = r.plan.lens;
  info.seed = r.plan.generate.sampling.seed;
  info.options = plan_options(r);
  info.model = r.arguments->positional(0);
  info.model_path = std::filesystem::absolute(r.model->source.place).string();
  info.code_version = program_version();
  info.isa = kernels::isa_name();
  info.threads = r.plan.engine.threads > 0 ? r.plan.engine.threads
                                           : static_cast<std::size_t>(omp_get_max_threads());
  info.batch = r.plan.engine.max_batch_tokens;
  info.command_line = r.arguments->command_line();
  info.retain_until = r.retain_until;
  info.audit = r.audit;
  return info;
}

/// A file that is written at the end of a long run: said now if it cannot be.
void check_folder_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, error))
    fail(ErrorCode::kBadInput, "{}: there is no folder {}; make it first", file.string(),
         folder.string());
}

}  // namespace

std::string weights_id(const model::Model& model) {
  constexpr std::size_t kSampleBytes = 64;
  Sha256 sha;
  for (const formats::TensorView& t : model.files.tensors()) {
    sha.update(fmt::format("{}\n{} {}\n", t.name, name(t.type), formats::shape_text(t.shape)));
    sha.update(t.bytes.first(std::min(kSampleBytes, t.bytes.size())));
  }
  return sha.hex();
}

RecordingResult run_recording(Recording& r) {
  const Arguments& arguments = *r.arguments;
  r.plan.engine = engine_options(arguments, *r.model);
  r.plan.interventions = intervention_plan(arguments, *r.model);
  r.plan.router_logits = r.scores != trace::Scores::kNone;
  std::optional<trace::ExpertMeans> means;
  if (r.means_out) r.plan.means = &means.emplace(r.model->config);

  trace::check_record_plan(*r.model, r.plan, r.prompts);
  if (r.means_out) check_folder_of(*r.means_out);
  const RunInfo info = run_info(r);
  trace::Writer writer(r.file);
  ModelHasher hasher(*r.model, arguments.quiet(), arguments.stop_token());
  RecordingResult result{.n_prompt = r.prompts.size()};
  trace::Resumed resumed;
  if (r.resume)
    resumed = writer.resume_run(info, [&hasher] { return hasher.now(); });
  else
    resumed.run = writer.begin_run(info);
  result.run = resumed.run;
  result.n_resumed = resumed.done.size();
  result.was_complete = resumed.complete;
  if (resumed.complete) return result;

  hasher.start([&writer](const std::string& hash) { writer.set_model_hash(hash); });
  Progress progress(r.audit ? "auditing" : "recording", r.audit ? "texts" : "prompts",
                    r.prompts.size(), arguments.quiet());
  progress.start_at(resumed.done.size());
  std::uint64_t n_done = resumed.done.size();
  const trace::TraceTaker take = [&](trace::PromptTrace&& trace) {
    if (!trace.failure.empty()) ++result.n_failed;
    result.n_token += trace.tokens.size();
    if (r.watch) r.watch(trace);
    if (!r.gather)
      writer.push(std::move(trace));
    else if (std::optional<trace::Parcel> item = r.gather(std::move(trace)))
      writer.push(std::move(*item));
    progress.update(++n_done);
  };
  const auto begin = std::chrono::steady_clock::now();
  const trace::RecordCounts counts = trace::record_prompts(
      *r.model, *r.tokenizer, r.prompts, resumed.done, r.plan, take, arguments.stop_token());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  progress.clear();
  result.model_hash = hasher.get();
  writer.finish(result.model_hash);
  if (means) means->write(*r.means_out, result.model_hash);
  for (std::size_t i = 0; i < r.plan.captures.size(); ++i)
    if (counts.n_captured[i] == 0 && resumed.done.empty())
      result.empty_captures.push_back(r.plan.captures[i].pattern);
  return result;
}

}  // namespace moescope::cli
