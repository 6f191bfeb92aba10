#include "cli/parity_certificate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "cli/version.hpp"
#include "core/base/escape.hpp"
#include "core/kernels/isa.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kShownDifferences = 10;

double largest_error(const model::ParityResult& r) {
  double out = 0;
  for (const model::SiteParity& s : r.sites) out = std::max(out, s.largest_error);
  return out;
}

std::uint64_t n_after_ties(const model::ParityResult& r) {
  std::uint64_t out = 0;
  for (const model::SiteParity& s : r.sites) out += s.n_after_tie;
  return out;
}

std::string verdict(const model::ParityResult& r) {
  if (!r.equal()) {
    const bool beyond = std::any_of(r.sites.begin(), r.sites.end(),
                                    [](const model::SiteParity& s) { return !s.equal(); });
    return beyond || !r.routing.empty() ? "DIFFERENT" : "NOT JUDGED, all behind near ties";
  }
  if (r.near_ties.empty()) return "equal";
  return fmt::format("equal apart from {}", counted(r.near_ties.size(), "near tie"));
}

void print_differences(std::string_view what,
                       const std::vector<model::RoutingDifference>& differences) {
  for (std::size_t i = 0; i < std::min(differences.size(), kShownDifferences); ++i) {
    const model::RoutingDifference& d = differences[i];
    cli::print(
        "  {} in routing layer {}, sequence {}, position {}: [{}], reference [{}], margin {:.3g}\n",
        what, d.layer, d.sequence, d.position, fmt::join(d.ours, " "), fmt::join(d.reference, " "),
        d.margin);
  }
  if (differences.size() > kShownDifferences)
    print("  ... and {} more\n", differences.size() - kShownDifferences);
}

void print_sites(const model::ParityResult& r) {
  print("{:<22}{:>10}  {:>13}  {:>9}  {:>8}\n", "quantity", "values", "largest error", "tolerance",
        "beyond");
  for (const model::SiteParity& s : r.sites) {
    if (s.n_value == 0 && !s.all_unjudged()) continue;
    print("{:<22}{:>10}  {:>13.3g}  {:>9.3g}  {:>8}{}\n", s.key, s.n_value, s.largest_error,
          s.tolerance, s.n_beyond, s.equal() ? "" : "  " + s.worst);
  }
}

JsonOutput to_json(const std::vector<model::RoutingDifference>& differences) {
  JsonOutput out = JsonOutput::array();
  for (const model::RoutingDifference& d : differences)
    out.push_back({{"routing_layer", d.layer},
                   {"sequence", d.sequence},
                   {"position", d.position},
                   {"experts", d.ours},
                   {"reference", d.reference},
                   {"margin", d.margin},
                   {"reference_margin", or_null(d.reference_margin)}});
  return out;
}

}  // namespace

void print_text(const ParityCertificate& c) {
  const model::ParityResult& r = c.result;
  const Terminal terminal = stdout_terminal();
  const auto shown = [&terminal](const std::string& text) {
    return shown_on(terminal, escape_terminal(text));
  };
  print("model      {} ({}), hash {}\n", shown(c.model), c.family, c.model_hash);
  print("reference  {}, SHA-256 {}\n", shown(c.reference), c.reference_sha256);
  print("made by    {}\n", r.source.empty() ? "(it does not say)" : shown(r.source));
  print("run        {}, {} by moescope {} at {}, float32 on {} kernels\n\n",
        counted(r.n_sequence, "sequence"), counted(r.n_token, "token"), program_version(),
        c.created, kernels::isa_name());
  print_sites(r);
  if (r.n_choice > 0)
    print("{:<22}{:>10}  {} differ, {}, smallest margin {:.3g}\n", "experts", r.n_choice,
          r.routing.size(), counted(r.near_ties.size(), "near tie"), r.smallest_margin);
  print_differences("difference", r.routing);
  print_differences("near tie", r.near_ties);
  if (!r.near_ties.empty())
    print("not judged, as they follow from a near tie (margin of at most {:.3g}): {}, {}\n",
          c.near_tie, counted(n_after_ties(r), "value"), counted(r.n_choice_after_tie, "choice"));
  if (!r.not_compared.empty())
    cli::print("not compared (absent, or nothing without an absent one): {}\n",
               fmt::join(r.not_compared, ", "));
  if (!r.unknown.empty())
    print("not compared (unknown): {}\n", shown(fmt::format("{}", fmt::join(r.unknown, ", "))));
  print("\n{}: largest error {:.3g}, {} of {} choices differ{}\n", verdict(r), largest_error(r),
        r.routing.size() + r.near_ties.size(), r.n_choice,
        r.n_choice > 0 ? fmt::format(", smallest margin {:.3g}", r.smallest_margin) : "");
}

JsonOutput to_json(const ParityCertificate& c, JsonOutput out) {
  const model::ParityResult& r = c.result;
  out["verdict"] = verdict(r);
  out["equal"] = r.equal();
  out["created"] = c.created;
  out["version"] = program_version();
  out["isa"] = kernels::isa_name();
  out["compute"] = "f32";
  out["model"] = c.model;
  out["family"] = c.family;
  out["model_hash"] = c.model_hash;
  out["reference"] = c.reference;
  out["reference_sha256"] = c.reference_sha256;
  out["source"] = r.source;
  out["sequences"] = r.n_sequence;
  out["tokens"] = r.n_token;
  out["largest_error"] = largest_error(r);
  out["sites"] = JsonOutput::array();
  for (const model::SiteParity& s : r.sites)
    out["sites"].push_back({{"key", s.key},
                            {"values", s.n_value},
                            {"after_near_ties", s.n_after_tie},
                            {"largest_error", s.largest_error},
                            {"tolerance", s.tolerance},
                            {"beyond", s.n_beyond},
                            {"worst", s.worst}});
  out["choices"] = r.n_choice;
  out["choices_after_near_ties"] = r.n_choice_after_tie;
  out["smallest_margin"] = r.n_choice > 0 ? JsonOutput(r.smallest_margin) : JsonOutput(nullptr);
  out["routing_differences"] = to_json(r.routing);
  out["near_tie"] = c.near_tie;
  out["near_ties"] = to_json(r.near_ties);
  out["not_compared"] = r.not_compared;
  out["unknown_keys"] = r.unknown;
  return out;
}

std::string certificate_text(const ParityCertificate& certificate) {
  return json_text(to_json(certificate, {{"schema", "moescope.parity.v1"}}));
}

}  // namespace moescope::cli
