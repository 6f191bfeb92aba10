#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "probes/format.hpp"
#include "probes/item.hpp"
#include "probes/sequence.hpp"

/// Candidates offered as lettered options, in one order or in several.
namespace moescope::probes {

/// Most candidates that letters can name.
inline constexpr std::size_t kMaxOption = 26;

/// Most candidates that are shown in all their orders: 5! = 120.
inline constexpr std::size_t kMaxFullOrder = 5;

/// The orders in which n options are shown, each a list of candidates by place. The first is the
/// given one. Cyclic: order r shows candidate (place + r) mod n.
/// Errors: kBadInput: kFull with more than kMaxFullOrder options.
std::vector<std::vector<std::size_t>> option_orders(Order order, std::size_t n_option);

/// Conditional sequences by order, then by candidate; then, where the format has an unconditional
/// prompt, one unconditional sequence a candidate. A candidate's own prompt stands in for the
/// item's.
/// Errors: kBadInput: an order or a letter for options that are not shown, an answer by letter
/// whose pattern has no {letter}, an unconditional prompt with an answer by letter, more than
/// kMaxOption candidates.
std::vector<Sequence> plan_options(const Item& item, const Format& format);

/// Scored sequences of plan_options by order and candidate; they point into what they were made of.
struct OptionScores {
  std::size_t n_order = 0;
  std::size_t n_option = 0;
  std::vector<const ScoredSequence*> conditional;    ///< [n_order, n_option], by candidate
  std::vector<const ScoredSequence*> unconditional;  ///< [n_option]; empty where none were planned

  const ScoredSequence& at(std::size_t order, std::size_t candidate) const {
    return *conditional[order * n_option + candidate];
  }
  /// Log-likelihood of each candidate in one order. Units: nats.
  std::vector<double> totals(std::size_t order) const;
  /// Mean over the orders of the log share of each candidate. Units: nats.
  std::vector<double> mean_log_shares() const;
};

/// Errors: kBadInput: a candidate that is missing in an order or stands in it twice.
OptionScores option_scores(std::span<const ScoredSequence> sequences);

}  // namespace moescope::probes
