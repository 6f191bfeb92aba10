#include "probes/options.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "probes/numbers.hpp"

namespace moescope::probes {
namespace {

std::string letter(std::size_t place) {
  return std::string(1, static_cast<char>('A' + place));
}

void check_format(const Format& format, std::size_t n_option) {
  const auto refuse = [&format](std::string_view why) {
    fail(ErrorCode::kBadInput, "format '{}': {}", escape_terminal(format.name), why);
  };
  if (n_option > kMaxOption)
    fail(ErrorCode::kBadInput, "format '{}': expected at most {} candidates, got {}",
         escape_terminal(format.name), kMaxOption, n_option);
  const bool by_letter = format.answer == Answer::kLetter;
  if (format.option.empty() && format.order != Order::kGiven)
    refuse("options in several orders need a pattern 'option' that shows them");
  if (by_letter && format.option.empty())
    refuse("answers by letter need a pattern 'option' that shows the letters");
  if (by_letter && format.text.find("{letter}") == std::string::npos)
    refuse("answers by letter need {letter} in the pattern 'text'");
  if (by_letter && format.unconditional)
    refuse("an unconditional prompt goes with answers by text only");
}

std::string shown(const Item& item, const Format& format, const std::vector<std::size_t>& order) {
  std::string out;
  for (std::size_t place = 0; place < order.size(); ++place)
    out += fill_places(format.option,
                       {{"letter", letter(place)}, {"text", item.candidates[order[place]].text}});
  return out;
}

}  // namespace

std::vector<std::vector<std::size_t>> option_orders(Order order, std::size_t n_option) {
  std::vector<std::size_t> now(n_option);
  std::iota(now.begin(), now.end(), std::size_t{0});
  std::vector<std::vector<std::size_t>> out;
  if (order == Order::kGiven || n_option < 2) return {now};
  if (order == Order::kCyclic) {
    for (std::size_t r = 0; r < n_option; ++r) {
      out.push_back(now);
      std::rotate(now.begin(), now.begin() + 1, now.end());
    }
    return out;
  }
  if (n_option > kMaxFullOrder)
    fail(ErrorCode::kBadInput, "all orders of {} options: expected at most {} options; use cyclic",
         n_option, kMaxFullOrder);
  do out.push_back(now);
  while (std::next_permutation(now.begin(), now.end()));
  return out;
}

std::vector<Sequence> plan_options(const Item& item, const Format& format) {
  const std::size_t n_option = item.candidates.size();
  check_format(format, n_option);
  std::vector<Sequence> out;
  const auto orders = option_orders(format.order, n_option);
  const auto add = [&](std::size_t candidate, std::size_t order, std::size_t place) -> Sequence& {
    const Candidate& from = item.candidates[candidate];
    out.push_back(
        {.key = {.candidate = static_cast<std::uint32_t>(candidate),
                 .role = from.role,
                 .correct = from.correct,
                 .order = static_cast<std::uint32_t>(order),
                 .place = static_cast<std::uint32_t>(place)},
         .prompt = {},
         .text = fill_places(format.text, {{"text", from.text}, {"letter", letter(place)}})});
    return out.back();
  };
  for (std::size_t r = 0; r < orders.size(); ++r) {
    const std::string options = format.option.empty() ? "" : shown(item, format, orders[r]);
    for (std::size_t c = 0; c < n_option; ++c) {
      const auto place = std::find(orders[r].begin(), orders[r].end(), c) - orders[r].begin();
      const auto& own = item.candidates[c].prompt;
      std::vector<std::pair<std::string_view, std::string_view>> words = {
          {"prompt", own ? *own : item.prompt}};
      if (!format.option.empty()) words.emplace_back("options", options);
      add(c, r, static_cast<std::size_t>(place)).prompt = fill_places(format.prompt, words);
    }
  }
  if (!format.unconditional) return out;
  for (std::size_t c = 0; c < n_option; ++c) {
    Sequence& sequence = add(c, 0, c);
    sequence.prompt = fill_places(*format.unconditional, {});
    sequence.key.purpose = Purpose::kUnconditional;
  }
  return out;
}

std::vector<double> OptionScores::totals(std::size_t order) const {
  std::vector<double> out;
  for (std::size_t c = 0; c < n_option; ++c) out.push_back(total_logprob(at(order, c)));
  return out;
}

std::vector<double> OptionScores::mean_log_shares() const {
  std::vector<double> out(n_option, 0.0);
  for (std::size_t r = 0; r < n_order; ++r) {
    const std::vector<double> share = log_shares(totals(r));
    for (std::size_t c = 0; c < n_option; ++c) out[c] += share[c];
  }
  for (double& value : out) value /= static_cast<double>(n_order);
  return out;
}

OptionScores option_scores(std::span<const ScoredSequence> sequences) {
  OptionScores out;
  for (const ScoredSequence& sequence : sequences) {
    out.n_option = std::max<std::size_t>(out.n_option, sequence.key.candidate + std::size_t{1});
    out.n_order = std::max<std::size_t>(out.n_order, sequence.key.order + std::size_t{1});
  }
  if (out.n_order * out.n_option > sequences.size())
    fail(ErrorCode::kBadInput, "{} sequences do not hold {} candidates in {} orders",
         sequences.size(), out.n_option, out.n_order);
  out.conditional.resize(out.n_order * out.n_option);
  for (const ScoredSequence& sequence : sequences) {
    const bool is_plain = sequence.key.purpose == Purpose::kConditional;
    if (!is_plain && out.unconditional.empty()) out.unconditional.resize(out.n_option);
    const ScoredSequence*& cell =
        is_plain ? out.conditional[sequence.key.order * out.n_option + sequence.key.candidate]
                 : out.unconditional[sequence.key.candidate];
    if (cell != nullptr)
      fail(ErrorCode::kBadInput, "candidate {} stands twice in order {}", sequence.key.candidate,
           sequence.key.order);
    cell = &sequence;
  }
  for (const auto* cells : {&out.conditional, &out.unconditional})
    if (std::count(cells->begin(), cells->end(), nullptr) > 0)
      fail(ErrorCode::kBadInput, "a candidate is missing in an order");
  return out;
}

}  // namespace moescope::probes
