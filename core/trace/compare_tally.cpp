#include "core/trace/compare_tally.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace moescope::trace {
namespace {

/// Without a margin nothing could have been chosen otherwise by this router.
double rank_of(const std::optional<double>& margin) {
  return margin.value_or(-std::numeric_limits<double>::infinity());
}

/// Order of the list: largest margin first; the earlier one among equals stays in front.
bool larger_margin(const Disagreement& a, const Disagreement& b) {
  return rank_of(a.margin_a) > rank_of(b.margin_a);
}

void add_margin(MarginBins& bins, const std::optional<double>& margin) {
  if (!margin) {
    ++bins.n_none;
  } else if (*margin < 0) {
    ++bins.n_forced;
  } else {
    const auto above = std::upper_bound(kMarginEdges.begin(), kMarginEdges.end(), *margin);
    ++bins.count[static_cast<std::size_t>(above - kMarginEdges.begin())];
  }
}

void add_counts(AgreementCounts& to, const AgreementCounts& one) {
  to.n_decision += one.n_decision;
  to.n_same_set += one.n_same_set;
  to.n_same_first += one.n_same_first;
  to.n_common += one.n_common;
}

/// Steps of a float's exponent and its 7 highest bits of fraction.
constexpr std::uint32_t kFirstStep = (127 - 40) << 7;
constexpr std::uint32_t kLastStep = (127 + 24) << 7;

double log_sum_exp(std::span<const float> logit) {
  const double most = *std::max_element(logit.begin(), logit.end());
  double sum = 0;
  for (const float x : logit) sum += std::exp(static_cast<double>(x) - most);
  return most + std::log(sum);
}

/// Limits of a share, where the groups differ at all: without spread there is nothing to tell how
/// far other prompts might be off.
Agreement::Share limits(const stats::ClusterTable& table, std::uint32_t sample) {
  Agreement::Share share = stats::jackknife_share(table, sample, 0);
  if (!share) return share;
  stats::Estimate e = *share;
  if (!(e.se > 0)) return Agreement::Share::not_assessable("all prompt groups have the same share");
  e.lower = std::max(e.lower, 0.0);
  e.upper = std::min(e.upper, 1.0);
  return e;
}

}  // namespace

double router_difference(std::span<const std::uint32_t> chosen, std::span<const float> logit_a,
                         std::span<const float> logit_b) {
  const double shift = log_sum_exp(logit_a) - log_sum_exp(logit_b);
  double sum = 0;
  for (const std::uint32_t e : chosen)
    sum += std::abs(static_cast<double>(logit_a[e]) - static_cast<double>(logit_b[e]) - shift);
  return sum / static_cast<double>(chosen.size());
}

void MarginCounts::add(double margin) {
  if (count_.empty()) count_.resize(kLastStep - kFirstStep + 1);
  const std::uint32_t step =
      std::bit_cast<std::uint32_t>(static_cast<float>(std::abs(margin))) >> 16;
  ++count_[std::clamp(step, kFirstStep, kLastStep) - kFirstStep];
  ++n_;
  largest_ = std::max(largest_, margin);
}

MarginSummary MarginCounts::summary() const {
  if (n_ == 0) return {};
  std::uint64_t before = 0;
  std::uint32_t step = 0;
  while (before + count_[step] <= (n_ - 1) / 2) before += count_[step++];
  const float median = step == 0 ? 0.0f : std::bit_cast<float>((step + kFirstStep) << 16);
  return {.n = n_, .median = static_cast<double>(median), .largest = largest_};
}

void MarginCounts::merge(const MarginCounts& other) {
  if (count_.size() < other.count_.size()) count_.resize(other.count_.size());
  for (std::size_t i = 0; i < other.count_.size(); ++i) count_[i] += other.count_[i];
  n_ += other.n_;
  largest_ = std::max(largest_, other.largest_);
}

CompareTally::CompareTally(const RunRow& run, const CompareOptions& options, std::size_t max_pair)
    : options_(options),
      max_pair_(max_pair),
      n_worst_(std::max<std::size_t>(options.n_worst, 1)),
      mark_(run.n_expert),
      margins_a_(run.routing_layers.size()),
      margins_b_(run.routing_layers.size()) {
  result_.layers = run.routing_layers;
  result_.n_expert = run.n_expert;
  result_.top_k = run.top_k;
  result_.by_layer.resize(run.routing_layers.size());
}

void CompareTally::begin_prompt(std::uint32_t cluster) {
  cluster_ = cluster;
  result_.n_cluster = std::max(result_.n_cluster, std::size_t{cluster} + 1);
  const std::size_t needed = result_.n_cluster * (result_.layers.size() + 1);
  keeps_clusters_ = keeps_clusters_ && needed <= max_pair_;
  if (keeps_clusters_)
    clusters_.resize(std::max(clusters_.size(), needed));
  else
    clusters_ = {};
}

std::size_t CompareTally::common(const Decision& a, const Decision& b) {
  if (++stamp_ == 0) {  // it went round: old marks could pass for new ones
    std::ranges::fill(mark_, 0);
    ++stamp_;
  }
  for (const std::uint32_t e : a.expert) mark_[e] = stamp_;
  std::size_t n = 0;
  for (const std::uint32_t e : b.expert) {
    n += mark_[e] == stamp_ ? 1U : 0U;
    mark_[e] = 0;
  }
  return n;
}

bool CompareTally::add(std::size_t route, const Decision& a, const Decision& b) {
  const std::size_t n_common = common(a, b);
  const bool same = n_common == a.expert.size();
  const AgreementCounts one{.n_decision = 1,
                            .n_same_set = same ? 1U : 0U,
                            .n_same_first = a.expert.front() == b.expert.front() ? 1U : 0U,
                            .n_common = n_common};
  const std::size_t n_route = result_.layers.size();
  if (keeps_clusters_) {
    add_counts(clusters_[cluster_ * (n_route + 1) + route], one);
    add_counts(clusters_[cluster_ * (n_route + 1) + n_route], one);
  }
  add_margin(result_.decisions, a.margin);
  if (!same) add_margin(result_.differing, a.margin);
  for (Agreement* of : {&result_.by_layer[route], &result_.all}) {
    add_counts(of->counts, one);
    if (!same && a.margin && *a.margin >= 0 && *a.margin < options_.near_tie) ++of->n_near_tie;
  }
  if (!same && a.margin && *a.margin >= 0) margins_a_[route].add(*a.margin);
  if (!same && b.margin && *b.margin >= 0) margins_b_[route].add(*b.margin);
  return !same;
}

bool CompareTally::is_worst(const std::optional<double>& margin) const {
  return result_.worst.size() < n_worst_ ||
         rank_of(margin) > rank_of(result_.worst.back().margin_a);
}

void CompareTally::keep(Disagreement found) {
  std::vector<Disagreement>& worst = result_.worst;
  worst.insert(std::upper_bound(worst.begin(), worst.end(), found, larger_margin),
               std::move(found));
  if (worst.size() > n_worst_) worst.pop_back();
}

void CompareTally::set_shares(Agreement& of, std::span<const AgreementCounts> clusters,
                              std::size_t step) const {
  if (of.counts.n_decision == 0) return;
  if (!keeps_clusters_) {
    of.same_set = of.same_first = of.overlap = Agreement::Share::not_assessable(
        fmt::format("{} prompt groups x {} layers are more than {} sums", result_.n_cluster,
                    result_.layers.size(), max_pair_));
    return;
  }
  stats::ClusterTable table(3, 2);
  const auto put = [&](std::size_t cluster, std::uint32_t sample, std::uint64_t hits,
                       std::uint64_t all) {
    const auto row = table.counts(static_cast<std::uint32_t>(cluster), sample);
    row[0] = static_cast<double>(hits);
    row[1] = static_cast<double>(all - hits);
  };
  for (std::size_t c = 0; c < result_.n_cluster; ++c) {
    const AgreementCounts& counts = clusters[c * step];
    put(c, 0, counts.n_same_set, counts.n_decision);
    put(c, 1, counts.n_same_first, counts.n_decision);
    put(c, 2, counts.n_common, counts.n_decision * result_.top_k);
  }
  of.same_set = limits(table, 0);
  of.same_first = limits(table, 1);
  of.overlap = limits(table, 2);
}

void CompareTally::sum_layers() {
  MarginCounts all_a, all_b;
  Difference& router = result_.all.router;
  for (std::size_t route = 0; route < result_.layers.size(); ++route) {
    Agreement& layer = result_.by_layer[route];
    layer.margin_a = margins_a_[route].summary();
    layer.margin_b = margins_b_[route].summary();
    all_a.merge(margins_a_[route]);
    all_b.merge(margins_b_[route]);
    const Difference& here = layer.router;
    if (here.n == 0) continue;
    router.n += here.n;
    router.mean +=
        (here.mean - router.mean) * static_cast<double>(here.n) / static_cast<double>(router.n);
    if (here.largest <= router.largest) continue;
    router.largest = here.largest;
    router.where = here.where;
    result_.router_layer = result_.layers[route];
  }
  result_.all.margin_a = all_a.summary();
  result_.all.margin_b = all_b.summary();
}

RunComparison CompareTally::take() {
  const std::size_t n_route = result_.layers.size();
  sum_layers();
  const std::span<const AgreementCounts> clusters(clusters_);
  for (std::size_t route = 0; route < n_route; ++route)
    set_shares(result_.by_layer[route], clusters.empty() ? clusters : clusters.subspan(route),
               n_route + 1);
  set_shares(result_.all, clusters.empty() ? clusters : clusters.subspan(n_route), n_route + 1);
  if (!result_.worst.empty()) result_.largest = result_.worst.front();
  if (options_.n_worst == 0) result_.worst.clear();
  return std::move(result_);
}

}  // namespace moescope::trace
