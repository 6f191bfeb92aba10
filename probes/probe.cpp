#include "probes/probe.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "probes/bbq.hpp"
#include "probes/choice.hpp"
#include "probes/consistency.hpp"
#include "probes/coreference.hpp"
#include "probes/exposure.hpp"
#include "probes/gest.hpp"
#include "probes/interaction.hpp"
#include "probes/likelihood.hpp"
#include "probes/negation.hpp"
#include "probes/pair_preference.hpp"
#include "probes/pronoun.hpp"
#include "probes/pronoun_preference.hpp"
#include "probes/stereoset.hpp"
#include "probes/sycophancy.hpp"
#include "probes/truth.hpp"

namespace moescope::probes {
namespace {

constexpr const ProbeInfo* kProbes[] = {
    &kPairPreference,  // one-way and two-way sets
    &kInteraction,
    &kStereoset,
    &kPronoun,
    &kPronounPreference,  // gender
    &kCoreference,
    &kReferent,
    &kWinogender,
    &kGest,
    &kChoice,  // questions
    &kBbq,
    &kTruth,
    &kConsistency,
    &kNegationPair,
    &kSycophancy,
    &kLikelihood,  // texts
    &kMemorisation,
};

const RoleRule* rule_of(const ProbeInfo& probe, std::string_view role) {
  const RoleRule* any = nullptr;
  for (const RoleRule& rule : probe.roles) {
    if (rule.role == role) return &rule;
    if (rule.role == "*") any = &rule;
  }
  return any;
}

std::string role_list(const ProbeInfo& probe) {
  std::string out;
  for (const RoleRule& rule : probe.roles)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", rule.role == "*" ? "any other" : rule.role);
  return out;
}

}  // namespace

std::vector<Format> plain_format() {
  return {Format{}};
}

std::span<const ProbeInfo* const> probe_table() {
  return kProbes;
}

const ProbeInfo& find_probe(std::string_view name) {
  std::string known;
  for (const ProbeInfo* probe : probe_table()) {
    if (probe->name == name) return *probe;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", probe->name);
  }
  fail(ErrorCode::kBadInput, "unknown probe '{}'; known: {}", escape_terminal(name), known);
}

void check_item(const ProbeInfo& probe, const Item& item) {
  for (const Candidate& candidate : item.candidates)
    if (rule_of(probe, candidate.role) == nullptr)
      fail(ErrorCode::kBadInput, "probe '{}' has no role '{}'; roles: {}", probe.name,
           escape_terminal(candidate.role), role_list(probe));
  for (const RoleRule& rule : probe.roles) {
    const auto n = static_cast<std::size_t>(
        std::count_if(item.candidates.begin(), item.candidates.end(),
                      [&](const Candidate& c) { return rule_of(probe, c.role) == &rule; }));
    if (n < rule.min || n > rule.max)
      fail(ErrorCode::kBadInput, "probe '{}': role '{}': expected {} to {} candidates, got {}",
           probe.name, rule.role, rule.min, rule.max, n);
  }
  for (const std::string_view label : probe.labels)
    if (!item.labels.contains(std::string(label)))
      fail(ErrorCode::kBadInput, "probe '{}': label '{}' is missing", probe.name, label);
}

}  // namespace moescope::probes
