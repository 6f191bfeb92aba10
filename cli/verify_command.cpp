#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <string>
#include <string_view>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/json_output.hpp"
#include "cli/model_provenance.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/share.hpp"
#include "cli/terminal.hpp"
#include "cli/version.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/io.hpp"
#include "core/kernels/isa.hpp"
#include "core/model/parity.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kMaxReferenceBytes = std::size_t{1} << 30;
constexpr std::size_t kShownDifferences = 10;

void print_text(const model::ParityResult& r) {
  const Terminal terminal = stdout_terminal();
  const std::string source = r.source.empty() ? "does not say what made it" : r.source;
  print("reference: {}\n", shown_on(terminal, escape_terminal(source)));
  print("{}, {}, kernels: {}\n\n", counted(r.n_sequence, "sequence"), counted(r.n_token, "token"),
        kernels::isa_name());
  print("{:<22}{:>10}  {:>13}  {:>9}  {:>8}\n", "quantity", "values", "largest error", "tolerance",
        "beyond");
  for (const model::SiteParity& s : r.sites) {
    if (s.n_value == 0) continue;
    print("{:<22}{:>10}  {:>13.3g}  {:>9.3g}  {:>8}{}\n", s.key, s.n_value, s.largest_error,
          s.tolerance, s.n_beyond, s.equal() ? "" : "  " + s.worst);
  }
  if (r.n_choice > 0)
    print("{:<22}{:>10}  {} differ, smallest margin {:.3g}\n", "experts", r.n_choice,
          r.routing.size(), r.smallest_margin);
  for (std::size_t i = 0; i < std::min(r.routing.size(), kShownDifferences); ++i) {
    const model::RoutingDifference& d = r.routing[i];
    cli::print(
        "  routing layer {}, sequence {}, position {}: [{}], reference [{}], margin {:.3g}\n",
        d.layer, d.sequence, d.position, fmt::join(d.ours, " "), fmt::join(d.reference, " "),
        d.margin);
  }
  if (r.routing.size() > kShownDifferences)
    print("  ... and {} more\n", r.routing.size() - kShownDifferences);
  if (!r.not_compared.empty())
    cli::print("not compared (absent, or nothing without an absent one): {}\n",
               fmt::join(r.not_compared, ", "));
  if (!r.unknown.empty())
    cli::print("not compared (unknown): {}\n",
               shown_on(terminal, escape_terminal(fmt::format("{}", fmt::join(r.unknown, ", ")))));
  double largest = 0;
  for (const model::SiteParity& s : r.sites) largest = std::max(largest, s.largest_error);
  print("\n{}: largest error {:.3g}, {} of {} choices differ{}\n",
        r.equal() ? "equal" : "DIFFERENT", largest, r.routing.size(), r.n_choice,
        r.n_choice > 0 ? fmt::format(", smallest margin {:.3g}", r.smallest_margin) : "");
}

JsonOutput to_json(const model::ParityResult& r) {
  JsonOutput out = json_result("verify");
  out["equal"] = r.equal();
  out["source"] = r.source;
  out["sequences"] = r.n_sequence;
  out["tokens"] = r.n_token;
  out["sites"] = JsonOutput::array();
  for (const model::SiteParity& s : r.sites)
    out["sites"].push_back({{"key", s.key},
                            {"values", s.n_value},
                            {"largest_error", s.largest_error},
                            {"tolerance", s.tolerance},
                            {"beyond", s.n_beyond},
                            {"worst", s.worst}});
  out["choices"] = r.n_choice;
  out["smallest_margin"] = r.n_choice > 0 ? JsonOutput(r.smallest_margin) : JsonOutput(nullptr);
  out["routing_differences"] = JsonOutput::array();
  for (const model::RoutingDifference& d : r.routing)
    out["routing_differences"].push_back({{"routing_layer", d.layer},
                                          {"sequence", d.sequence},
                                          {"position", d.position},
                                          {"experts", d.ours},
                                          {"reference", d.reference},
                                          {"margin", d.margin}});
  out["not_compared"] = r.not_compared;
  out["unknown_keys"] = r.unknown;
  return out;
}

int run(const Arguments& arguments) {
  const auto against = arguments.value("against");
  if (!against) arguments.usage_error("--against REFERENCE.json is needed");
  const std::string reference_path(*against);
  const model::Model m = model::open_model(resolve_model(arguments.positional(0)));
  const std::string text = formats::read_text_file(reference_path, kMaxReferenceBytes);
  const nlohmann::json document = parse_json(
      text, reference_path, {.max_bytes = kMaxReferenceBytes, .max_values = 200'000'000});
  const model::ParityResult result =
      model::compare_with_reference(m, JsonNode(document, reference_path));
  if (arguments.json()) {
    JsonOutput out = to_json(result);
    out["model"] = arguments.positional(0);
    out["model_hash"] = hash_model(m, arguments.quiet(), arguments.stop_token());
    out["reference_sha256"] = sha256_hex(text);
    out["isa"] = kernels::isa_name();
    out["compute"] = "f32";
    out["version"] = program_version();
    print_json(out);
  } else {
    print_text(result);
  }
  return result.equal() ? 0 : static_cast<int>(ErrorCode::kIntegrity);
}

constexpr OptionInfo kOptions[] = {{.name = "against",
                                    .argument = "REFERENCE.json",
                                    .help = "recorded outputs of another implementation"}};
constexpr Example kExamples[] = {{.command = "moescope verify demo --against golden.json",
                                  .what = "exit 0 when equal, 6 when not"}};

}  // namespace

constinit const CommandInfo kVerifyCommand = {
    .name = "verify",
    .summary = "compare a model's numbers with those of another implementation",
    .operands = "MODEL",
    .description =
        "Runs the token ids of a reference and compares logits, log-probabilities, residual norms, "
        "router logits, "
        "chosen experts and applied weights. Tolerances: 1e-4 on logits and log-probabilities, "
        "1e-5 on applied "
        "weights, 1e-5 of max(1, norm) on norms; experts must be the same. What was not compared "
        "is "
        "listed: keys that the reference lacks, weights without their experts, and keys that "
        "nobody knows.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
