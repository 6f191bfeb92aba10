#include "cli/engine_arguments.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "cli/model_provenance.hpp"
#include "core/formats/io.hpp"
#include "core/model/sampler.hpp"
#include "core/trace/expert_means.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kMaxPlanBytes = 16u << 20;

bool names_file(std::string_view text) {
  return text.find(':') == std::string_view::npos || text.ends_with(".json");
}

}  // namespace

model::EngineOptions engine_options(const Arguments& arguments, const model::Model& model) {
  model::EngineOptions out;
  const auto count = [&](const char* name, std::size_t fallback, std::int64_t hi) {
    const auto value = arguments.integer(name, 1, hi);
    return value ? static_cast<std::size_t>(*value) : fallback;
  };
  out.threads = count("threads", 0, 4096);
  out.max_batch_tokens = count("batch", out.max_batch_tokens, 1 << 20);
  out.context = count("context", 0, static_cast<std::int64_t>(model.config.n_context));
  return out;
}

std::vector<std::string> stop_texts(const Arguments& arguments) {
  std::vector<std::string> out;
  for (const std::string_view text : arguments.values("stop")) {
    if (text.empty()) arguments.usage_error("option '--stop': expected a text, got none");
    out.emplace_back(text);
  }
  return out;
}

hooks::Sampling sampling_options(const Arguments& arguments) {
  hooks::Sampling out;
  out.temperature = static_cast<float>(arguments.number("temperature", 0, 100).value_or(0));
  out.top_k = static_cast<std::size_t>(arguments.integer("top-k", 1, 1 << 24).value_or(0));
  out.top_p = static_cast<float>(arguments.number("top-p", 0, 1).value_or(1));
  out.min_p = static_cast<float>(arguments.number("min-p", 0, 1).value_or(0));
  out.seed = arguments.seed("seed").value_or(0);
  model::check_sampling(out);
  for (const char* name : {"top-k", "top-p", "min-p"})
    if (out.temperature == 0 && arguments.value(name))
      arguments.usage_error(
          fmt::format("--{} limits what is drawn, and without a temperature the likeliest token is "
                      "taken; add --temperature",
                      name));
  return out;
}

hooks::InterventionPlan intervention_plan(const Arguments& arguments, const model::Model& model) {
  const hooks::ModelShape shape = model.config.shape();
  hooks::InterventionPlan plan;
  for (const std::string_view text : arguments.values("intervene")) {
    if (!names_file(text)) {
      plan.items.push_back(hooks::parse_intervention(text, shape));
      continue;
    }
    const std::string json = formats::read_text_file(std::filesystem::path(text), kMaxPlanBytes);
    for (hooks::Intervention& x : hooks::parse_intervention_file(json, text, shape).items)
      plan.items.push_back(std::move(x));
  }
  const auto means = arguments.value("means");
  if (means && !plan.needs_means())
    arguments.usage_error(
        "--means is read by the intervention 'mean' alone; leave it out, or add "
        "--intervene mean:Lx.Ey");
  if (!plan.needs_means()) return plan;
  if (!means) arguments.usage_error("the intervention 'mean' needs --means FILE");
  const std::string hash = hash_model(model, arguments.quiet(), arguments.stop_token());
  trace::fill_means(std::filesystem::path(*means), hash, plan);
  return plan;
}

}  // namespace moescope::cli
