#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/json_output.hpp"
#include "cli/model_provenance.hpp"
#include "cli/parity_certificate.hpp"
#include "cli/share.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/atomic_file.hpp"
#include "core/formats/io.hpp"
#include "core/model/parity.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kMaxReferenceBytes = std::size_t{1} << 30;

int run(const Arguments& arguments) {
  const auto against = arguments.value("against");
  if (!against) arguments.usage_error("--against REFERENCE.json is needed");
  model::ParityTolerance tolerance;
  tolerance.near_tie = arguments.number("near-tie", 0.0, 1e3).value_or(tolerance.near_tie);
  std::optional<formats::AtomicFile> file;
  if (const auto path = arguments.value("certificate")) file.emplace(std::string(*path));
  const std::string reference_path(*against);
  const model::Model m = model::open_model(resolve_model(arguments.positional(0)));
  const std::string text = formats::read_text_file(reference_path, kMaxReferenceBytes);
  const nlohmann::json document = parse_json(
      text, reference_path, {.max_bytes = kMaxReferenceBytes, .max_values = 200'000'000});

  const ParityCertificate certificate{
      .result = model::compare_with_reference(m, JsonNode(document, reference_path), tolerance),
      .near_tie = tolerance.near_tie,
      .model = arguments.positional(0),
      .family = m.config.family,
      .model_hash = hash_model(m, arguments.quiet(), arguments.stop_token()),
      .reference = reference_path,
      .reference_sha256 = sha256_hex(text),
      .created = utc_now()};
  if (file) {
    file->append(certificate_text(certificate));
    file->commit();
  }
  if (arguments.json())
    print_json(to_json(certificate, json_result("verify")));
  else
    print_text(certificate);
  return certificate.result.equal() ? 0 : static_cast<int>(ErrorCode::kIntegrity);
}

constexpr OptionInfo kOptions[] = {
    {.name = "against",
     .argument = "REFERENCE.json",
     .help = "recorded outputs of another implementation"},
    {.name = "certificate",
     .argument = "FILE",
     .help = "also write the whole result as a JSON document to file away"},
    {.name = "near-tie",
     .argument = "X",
     .help = "a choice that differs at a margin of at most X is a near tie (default 2e-4; 0: only "
             "at an exact tie)"},
};
constexpr Example kExamples[] = {
    {.command = "moescope verify demo --against golden.json",
     .what = "exit 0 when equal, 6 when not"},
    {.command = "moescope verify ~/models/OLMoE-1B-7B --against ref.json --certificate parity.json",
     .what = "with a certificate"},
};

}  // namespace

constinit const CommandInfo kVerifyCommand = {
    .name = "verify",
    .summary = "compare a model's numbers with those of another implementation",
    .operands = "MODEL",
    .description =
        "Runs the token ids of a reference and compares logits, log-probabilities, residual norms, "
        "router logits, chosen experts and applied weights. Tolerances: 1e-4 on logits and "
        "log-probabilities, 1e-5 of max(1, value) on applied weights and norms; experts must "
        "be the same. A choice that differs although its margin lies within what the tolerance of "
        "router logits allows is a near tie: it is counted apart, and so is what follows from it "
        "(later layers of the token and of those behind it), since it cannot be judged. What was "
        "not compared is listed: keys that the reference lacks, weights without their experts, "
        "and keys that nobody knows. docs/parity.md shows how a reference is made.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
