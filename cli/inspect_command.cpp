#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/model_provenance.hpp"
#include "cli/output.hpp"
#include "cli/share.hpp"
#include "cli/terminal.hpp"
#include "core/base/escape.hpp"
#include "core/model/model.hpp"

namespace moescope::cli {
namespace {

/// Bytes and tensors of one element type.
struct TypeTotal {
  std::uint64_t n_tensor = 0, n_byte = 0;
};

std::map<std::string_view, TypeTotal> totals_by_type(const model::Model& m) {
  std::map<std::string_view, TypeTotal> out;
  for (const formats::TensorView& tensor : m.files.tensors()) {
    TypeTotal& total = out[name(tensor.type)];
    ++total.n_tensor;
    total.n_byte += tensor.bytes.size();
  }
  return out;
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string rope_text(const model::Rope& rope) {
  switch (rope.kind) {
    case model::RopeKind::kLinear:
      return fmt::format("theta {}, linear, factor {}", rope.theta, rope.factor);
    case model::RopeKind::kLlama3:
      return fmt::format("theta {}, llama3, factor {} beyond {} tokens", rope.theta, rope.factor,
                         rope.original_context);
    case model::RopeKind::kYarn:
      return fmt::format("theta {}, yarn, factor {} beyond {} tokens", rope.theta, rope.factor,
                         rope.original_context);
    case model::RopeKind::kLongRope:
      return fmt::format("theta {}, longrope, other factors beyond {} tokens", rope.theta,
                         rope.original_context);
    case model::RopeKind::kDefault:
      break;
  }
  return fmt::format("theta {}", rope.theta);
}

std::string width_text(const model::ModelConfig& c) {
  std::string out = fmt::format("model {}", c.d_model);
  if (c.n_route() > 0) out += fmt::format(", expert {}", c.d_expert);
  if (c.shared.d_hidden > 0) out += fmt::format(", shared expert {}", c.shared.d_hidden);
  if (c.n_route() < c.n_layer) out += fmt::format(", MLP {}", c.d_mlp);
  return out;
}

std::string head_text(const model::ModelConfig& c) {
  const model::LatentAttention& l = c.attention.latent;
  if (l.rank == 0)
    return fmt::format("{} query, {} key-value, width {}", c.n_head, c.n_kv_head, c.d_head);
  return fmt::format("{}, width {} and {} with position, values {}; latents of {}", c.n_head,
                     l.d_nope, l.d_rope, l.d_value, l.rank);
}

/// The window where layers have one, and how many have it.
std::pair<std::size_t, std::size_t> window_of(const model::ModelConfig& c) {
  std::pair<std::size_t, std::size_t> out{0, 0};
  for (const std::size_t window : c.attention.window)
    if (window > 0) out = {window, out.second + 1};
  return out;
}

std::string context_text(const model::ModelConfig& c) {
  const auto [window, n_layer] = window_of(c);
  std::string out = fmt::format("{} tokens", c.n_context);
  if (n_layer > 0) out += fmt::format(", sliding window {}", window);
  if (n_layer > 0 && n_layer < c.n_layer) out += fmt::format(" in {} layers", n_layer);
  return out;
}

void print_text(const model::Model& m, std::string_view model_name, const std::string& hash) {
  const model::ModelConfig& c = m.config;
  const model::ParameterCounts n = model::count_parameters(c);
  const Terminal terminal = stdout_terminal();
  const auto width = static_cast<std::size_t>(std::max(terminal.width, 40));
  constexpr std::size_t kLabelColumns = 14;
  const auto line = [&](std::string_view label, const std::string& value) {
    write_out(beside(label, shown_on(terminal, value), kLabelColumns, width));
  };
  const auto name_line = [&](std::string_view label, std::string_view name) {
    print("{:<{}}{}\n", label, kLabelColumns, shown_on(terminal, escape_terminal(name)));
  };
  name_line("model", model_name);
  line("family", fmt::format("{} ({})", c.family, model::architecture_named(c.family).meaning));
  line("layers", c.n_route() == 0 ? fmt::format("{}, none with a router", c.n_layer)
                                  : fmt::format("{}, {} with a router", c.n_layer, c.n_route()));
  if (c.n_route() > 0)
    line("experts",
         fmt::format("{} a layer, {} chosen for a token", c.gating.n_expert, c.gating.top_k));
  line("widths", width_text(c));
  line("heads", head_text(c));
  line("context", context_text(c));
  line("rope", rope_text(c.rope));
  line("vocabulary",
       fmt::format("{}{}", c.n_vocab, c.tied_embeddings ? ", embedding and unembedding tied" : ""));
  line("parameters",
       fmt::format("{} in total, {} active for a token", grouped(n.total), grouped(n.active)));
  if (n.per_expert > 0) line("", fmt::format("{} an expert", grouped(n.per_expert)));
  for (const auto& [type, total] : totals_by_type(m))
    line(type, fmt::format("{} tensors, {} bytes", total.n_tensor, grouped(total.n_byte)));
  line("files", fmt::format("{}", m.files.files().size()));
  const auto& tokenizers = m.source.tokenizer_files;
  name_line("tokenizer", tokenizers.empty() ? "none in the folder" : tokenizers[0]);
  if (!hash.empty()) line("hash", hash);
}

JsonOutput to_json(const model::Model& m, std::string_view model_name, const std::string& hash) {
  const model::ModelConfig& c = m.config;
  const model::ParameterCounts n = model::count_parameters(c);
  JsonOutput out = json_result("inspect");
  out["model"] = model_name;
  out["family"] = c.family;
  out["n_layer"] = c.n_layer;
  out["n_routing_layer"] = c.n_route();
  out["n_expert"] = c.gating.n_expert;
  out["top_k"] = c.gating.top_k;
  out["d_model"] = c.d_model;
  out["d_expert"] = c.d_expert;
  out["d_mlp"] = c.d_mlp;
  out["d_shared_expert"] = c.shared.d_hidden;
  out["n_head"] = c.n_head;
  out["n_kv_head"] = c.n_kv_head;
  out["d_head"] = c.d_head;
  out["n_vocab"] = c.n_vocab;
  out["n_context"] = c.n_context;
  const auto [window, n_window_layer] = window_of(c);
  out["sliding_window"] = n_window_layer > 0 ? JsonOutput(window) : JsonOutput(nullptr);
  out["n_window_layer"] = n_window_layer;
  out["rope"] = rope_text(c.rope);
  out["tied_embeddings"] = c.tied_embeddings;
  out["parameters"] = {{"total", n.total}, {"active", n.active}, {"per_expert", n.per_expert}};
  out["types"] = JsonOutput::object();
  for (const auto& [type, total] : totals_by_type(m))
    out["types"][std::string(type)] = {{"tensors", total.n_tensor}, {"bytes", total.n_byte}};
  out["files"] = JsonOutput::array();
  for (const formats::NamedFile& file : m.files.files())
    out["files"].push_back({{"name", file.name}, {"bytes", file.identity.size}});
  out["tokenizer_files"] = m.source.tokenizer_files;
  out["hash"] = hash.empty() ? JsonOutput(nullptr) : JsonOutput(hash);
  return out;
}

int run(const Arguments& arguments) {
  const std::string& model_name = arguments.positional(0);
  const model::Model m = model::open_model(resolve_model(model_name));
  std::string hash;
  if (arguments.flag("hash")) hash = hash_model(m, arguments.quiet(), arguments.stop_token());
  if (arguments.json())
    print_json(to_json(m, model_name, hash));
  else
    print_text(m, model_name, hash);
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "hash",
     .argument = "",
     .help = "hash every weight file (cached) and print the model hash"}};
constexpr Example kExamples[] = {
    {.command = "moescope inspect demo", .what = "the model that comes with moescope"},
    {.command = "moescope inspect ~/models/Mixtral-8x7B-v0.1 --hash", .what = "with its hash"},
};

}  // namespace

constinit const CommandInfo kInspectCommand = {
    .name = "inspect",
    .summary = "show a model's family, shape, parameters and files",
    .operands = "MODEL",
    .description =
        "Reads the configuration and the headers of the weight files; no weight is read. The model "
        "hash is the "
        "SHA-256 of the sorted lines '<file sha256>  <name>' over config.json, the index and every "
        "shard.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
