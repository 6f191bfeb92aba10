// Coverage of the intervals and size of the tests of core/stats on simulated clusters.
// usage: stats_coverage [part=coverage|size|all] [repetitions=1000] [draws=999] [seed=1]
//                       [level=0.95] [what=share|score|difference|log] [threads=N]

#include <fmt/core.h>
#include <omp.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/stats_simulation.hpp"
#include "core/stats/bootstrap.hpp"
#include "core/stats/cluster_robust.hpp"
#include "core/stats/paired.hpp"
#include "core/stats/proportions.hpp"
#include "core/stats/quantile.hpp"
#include "core/stats/two_groups.hpp"
#include "core/stats/wild.hpp"

using namespace moescope;
using namespace moescope::simulation;

namespace {

struct Settings {
  std::string part = "all";
  std::size_t repetitions = 1000;
  std::size_t draws = 999;
  std::uint64_t seed = 1;
  double level = 0.95;
  std::string what;  ///< of the coverage grid: only statistics whose name begins so
};

/// What an interval did in one repetition.
struct Outcome {
  bool made = false;
  bool covers = false;
  bool switched = false;
  double width = 0;
};

Outcome outcome_of(const stats::Estimate& e, double truth) {
  return {true, e.lower <= truth && truth <= e.upper, false, e.upper - e.lower};
}

constexpr std::array<std::string_view, 7> kMethod{
    "as shipped", "bootstrap-t alone", "CR1 t", "CR2", "BCa", "percentile", "BCa as shipped"};

using Make = std::function<stats::Assessed<stats::ClusterInterval>(
    const stats::ClusterSums&, Random&, const stats::BootstrapOptions&)>;

/// A statistic of which the truth is known.
struct Kind {
  std::string_view name;
  std::function<stats::ClusterSums(const Truth&, Random&)> draw;
  stats::Statistic statistic;
  std::function<double(double p)> truth;
  std::optional<stats::Limits> range;
  Make shipped;  ///< the interval that is printed, on the scale of `statistic`
  stats::Limits group_range{0, 1};
};

/// group_ratio on the log scale.
stats::Assessed<stats::ClusterInterval> log_group_ratio(const stats::ClusterSums& sums,
                                                        Random& random,
                                                        const stats::BootstrapOptions& options) {
  auto made = stats::group_ratio(sums, random, options);
  if (!made) return made;
  stats::ClusterInterval interval = *made;
  for (double* v : {&interval.estimate.value, &interval.estimate.lower, &interval.estimate.upper})
    *v = std::log(*v);
  return interval;
}

std::vector<Kind> kinds() {
  const auto groups = [](bool is_apart) {
    return [is_apart](const Truth& t, Random& r) { return draw_groups(t, is_apart, r); };
  };
  const auto zero = [](double) { return 0.0; };
  const Make ratio = [](const auto& sums, Random& random, const auto& options) {
    return stats::cluster_bootstrap(sums, stats::ratio_statistic(), random, options);
  };
  return {
      {"share", draw_share, stats::ratio_statistic(), [](double p) { return p; },
       stats::Limits{0, 1}, ratio},
      {"score",
       draw_score,
       stats::ratio_statistic(),
       [](double p) { return 2 * p - 1; },
       stats::Limits{-1, 1},
       ratio,
       {-1, 1}},
      {"difference, groups apart", groups(true), stats::difference_statistic(), zero,
       stats::Limits{-1, 1}, stats::group_difference},
      {"difference, groups within", groups(false), stats::difference_statistic(), zero,
       stats::Limits{-1, 1}, stats::group_difference},
      {"log ratio, groups apart", groups(true), stats::log_ratio_statistic(), zero, std::nullopt,
       log_group_ratio},
  };
}

/// All methods on one data set.
std::array<Outcome, 7> try_methods(const stats::ClusterSums& sums, const Kind& kind, double truth,
                                   const Settings& settings, Random& random) {
  std::array<Outcome, 7> result;
  const auto boot = [&](stats::BootstrapOptions options) -> Outcome {
    options.n_draw = settings.draws;
    options.range = kind.range;
    options.level = settings.level;
    const bool is_shipped =
        options.method == stats::IntervalMethod::kBootstrapT && options.wider_below > 0;
    if (is_shipped) options.range = kind.group_range;
    const auto interval = is_shipped
                              ? kind.shipped(sums, random, options)
                              : stats::cluster_bootstrap(sums, kind.statistic, random, options);
    if (!interval) return {};
    Outcome o = outcome_of(interval->estimate, truth);
    o.switched = interval->method == stats::IntervalMethod::kClopperPearson;
    return o;
  };
  using stats::IntervalMethod;
  result[0] = boot({});
  result[1] = boot({.wider_below = 0});
  const auto cr1 = stats::linearised_estimate(sums, kind.statistic, {.level = settings.level});
  if (cr1 && cr1->se > 0) result[2] = outcome_of(*cr1, truth);
  const auto cr2 = stats::cr2_statistic(sums, kind.statistic, {.level = settings.level});
  if (cr2) result[3] = outcome_of(cr2->estimate, truth);
  result[4] =
      boot({.method = IntervalMethod::kBca, .min_effective = 0, .max_skew = 9, .min_from_end = 0});
  result[5] = boot({.method = IntervalMethod::kPercentile,
                    .min_effective = 0,
                    .max_skew = 9,
                    .min_from_end = 0});
  result[6] = boot({.method = IntervalMethod::kBca});
  return result;
}

void print_row(const std::vector<std::array<Outcome, 7>>& all) {
  const auto count = static_cast<double>(all.size());
  for (std::size_t m = 0; m < kMethod.size(); ++m) {
    double made = 0, covers = 0, switched = 0, width = 0;
    for (const auto& outcomes : all) {
      made += outcomes[m].made ? 1 : 0;
      covers += outcomes[m].covers ? 1 : 0;
      switched += outcomes[m].switched ? 1 : 0;
      width += outcomes[m].width;
    }
    const double share = 100 * covers / std::max(made, 1.0);
    const double none = 100 * (1 - made / count);
    if (m == 0)
      fmt::print(" {:.1f} | {:.0f} | {:.0f} | {:.3f} |", share, 100 * switched / count, none,
                 width / std::max(made, 1.0));
    else if (m + 1 < kMethod.size())
      fmt::print(" {:.1f} |", share);
    else if (made > 0)
      fmt::print(" {:.1f} of {:.0f} |", share, 100 - none);
    else
      fmt::print(" - |");
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void coverage_cell(const Kind& kind, const Truth& truth, std::uint64_t cell,
                   const Settings& settings) {
  const auto n = static_cast<std::ptrdiff_t>(settings.repetitions);
  std::vector<std::array<Outcome, 7>> all(settings.repetitions);
#pragma omp parallel for schedule(dynamic)
  for (std::ptrdiff_t r = 0; r < n; ++r) {
    Random random = random_of(settings.seed, cell, static_cast<std::uint64_t>(r));
    const auto sums = kind.draw(truth, random);
    all[static_cast<std::size_t>(r)] =
        try_methods(sums, kind, kind.truth(truth.p), settings, random);
  }
  fmt::print("| {} | {} {} | {} | {} |", kind.name, truth.sizes == Sizes::kEqual ? "equal" : "BBQ",
             truth.n_cluster, truth.icc, truth.p);
  print_row(all);
}

void coverage(const Settings& settings) {
  fmt::print("| what | clusters | ICC | p | as shipped | switched | none | width |");
  for (std::size_t m = 1; m < kMethod.size(); ++m) fmt::print(" {} |", kMethod[m]);
  fmt::print("\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  std::uint64_t cell = 0;
  for (const Kind& kind : kinds())
    for (const Sizes sizes : {Sizes::kEqual, Sizes::kBbq})
      for (const std::size_t n_cluster : {6u, 9u, 15u, 25u, 60u})
        for (const double icc : {0.0, 0.1, 0.4})
          for (const double p : {0.5, 0.9, 0.99}) {
            ++cell;
            if (settings.what.empty() || kind.name.starts_with(settings.what))
              coverage_cell(kind, {sizes, n_cluster, icc, p}, cell, settings);
          }
}

/// p of tests on data under their null; below 0 where one is not assessable.
using Trial = std::function<std::vector<double>(Random&)>;

void size_rows(const std::vector<std::string>& names, const Trial& trial, std::uint64_t cell,
               const Settings& settings) {
  const auto n = static_cast<std::ptrdiff_t>(settings.repetitions);
  std::vector<std::vector<double>> p(settings.repetitions);
#pragma omp parallel for schedule(dynamic)
  for (std::ptrdiff_t r = 0; r < n; ++r) {
    Random random = random_of(settings.seed, cell + 100'000, static_cast<std::uint64_t>(r));
    p[static_cast<std::size_t>(r)] = trial(random);
  }
  for (std::size_t t = 0; t < names.size(); ++t) {
    double rejected = 0, made = 0;
    for (const auto& row : p) {
      made += row[t] >= 0 ? 1 : 0;
      rejected += row[t] >= 0 && row[t] <= 0.05 ? 1 : 0;
    }
    const auto limits = stats::clopper_pearson(rejected, made, 0.90);
    fmt::print("| {} | {:.2f} | {:.2f} | {:.1f} |\n", names[t],
               100 * rejected / std::max(made, 1.0), limits ? 100 * limits->upper : 100.0,
               100 * (1 - made / static_cast<double>(p.size())));
  }
  std::fflush(stdout);
}

struct PairedItems {
  std::vector<std::uint8_t> first, second;
  std::vector<double> difference;
  std::vector<std::uint32_t> cluster;
};

/// Items of which 30 % are discordant, in a direction that a template's items share.
PairedItems draw_pairs(const Truth& truth, Random& random) {
  PairedItems items;
  std::uint32_t c = 0;
  for (const std::size_t size : draw_sizes(truth.sizes, truth.n_cluster, random)) {
    Urn discordant(0.3, truth.icc);
    Urn direction(0.5, truth.icc);
    for (std::size_t i = 0; i < size; ++i) {
      const bool differs = discordant.draw(random);
      const bool up = differs ? direction.draw(random) : random.below(2) == 0;
      items.first.push_back(up ? 1 : 0);
      items.second.push_back(up == differs ? 0 : 1);
      items.cluster.push_back(c);
    }
    ++c;
  }
  return items;
}

double normal(Random& random) {
  return stats::normal_quantile(0x1p-54 + random.uniform());
}

/// Symmetric differences with a part shared within the cluster; to one decimal where tied.
PairedItems draw_differences(const Truth& truth, bool tied, Random& random) {
  PairedItems items;
  std::uint32_t c = 0;
  for (const std::size_t size : draw_sizes(truth.sizes, truth.n_cluster, random)) {
    const double shared = std::sqrt(truth.icc) * normal(random);
    for (std::size_t i = 0; i < size; ++i) {
      const double d = shared + std::sqrt(1 - truth.icc) * normal(random);
      items.difference.push_back(tied ? std::round(2 * d) / 2 : d);
      items.cluster.push_back(c);
    }
    ++c;
  }
  return items;
}

template <class Test>
double p_or_none(const Test& test) {
  return test ? test->p : -1;
}

using MakeTest = std::function<stats::Assessed<stats::ClusterTest>(
    const stats::ClusterSums&, Random&, const stats::BootstrapOptions&)>;

/// Four tests of one null on the same data: larger p of interval and wild, each alone, CR2.
Trial four_tests(const Kind& kind, const Truth& truth, const MakeTest& make,
                 const Settings& settings) {
  return [=](Random& random) -> std::vector<double> {
    const auto sums = kind.draw(truth, random);
    stats::BootstrapOptions options{.n_draw = settings.draws, .range = kind.group_range};
    options.null = kind.truth(truth.p);
    const auto test = make(sums, random, options);
    const auto cr2 = stats::cr2_statistic(sums, kind.statistic, {.null = options.null});
    if (!test) return {-1, -1, -1, p_or_none(cr2)};
    return {test->p, test->p_interval, test->wild ? test->wild->p : -1, p_or_none(cr2)};
  };
}

void size_rows_of(const Truth& truth, std::uint64_t cell, const Settings& settings) {
  const auto label = [&](std::string_view what, std::string_view test) {
    return fmt::format("{} | {} {} | {} | {}", what, truth.sizes == Sizes::kEqual ? "equal" : "BBQ",
                       truth.n_cluster, truth.icc, test);
  };
  const std::vector<Kind> kind = kinds();
  for (const double p : {0.5, 0.9})
    for (std::size_t k = 0; k < 4; ++k) {
      if (k == 1 && p != 0.5) continue;
      Truth t = truth;
      t.p = p;
      const std::string what = fmt::format("{} of {}", kind[k].name, p);
      size_rows(
          {label(what, "as shipped"), label(what, "interval"), label(what, "wild"),
           label(what, "CR2")},
          four_tests(kind[k], t, k < 2 ? stats::cluster_test_ratio : stats::cluster_test_difference,
                     settings),
          ++cell, settings);
    }
  size_rows(
      {label("paired answers", "McNemar by clusters")},
      [&](Random& r) -> std::vector<double> {
        const auto d = draw_pairs(truth, r);
        return {
            p_or_none(stats::cluster_mcnemar(stats::pair_counts(d.first, d.second, d.cluster)))};
      },
      ++cell, settings);
  for (const bool tied : {false, true}) {
    const std::string what = tied ? "tied differences" : "differences";
    size_rows(
        {label(what, "sign flip"), label(what, "signed rank")},
        [&](Random& r) -> std::vector<double> {
          const auto d = draw_differences(truth, tied, r);
          return {p_or_none(stats::cluster_sign_flip(d.difference, d.cluster, r,
                                                     {.n_draw = settings.draws})),
                  p_or_none(stats::clustered_signed_rank(d.difference, d.cluster))};
        },
        ++cell, settings);
  }
}

void size(const Settings& settings) {
  fmt::print(
      "| null | clusters | ICC | test | size | at most | none |\n|---|---|---|---|---|---|---|\n");
  std::uint64_t cell = 0;
  for (const Sizes sizes : {Sizes::kEqual, Sizes::kBbq})
    for (const std::size_t n_cluster : {6u, 9u, 15u, 25u, 60u})
      for (const double icc : {0.0, 0.1, 0.4}) {
        size_rows_of({sizes, n_cluster, icc, 0.5}, cell, settings);
        cell += 100;
      }
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = word.find('=');
    const std::string value(equals == word.npos ? "" : word.substr(equals + 1));
    const std::string_view key = word.substr(0, equals);
    if (key == "part")
      settings.part = value;
    else if (key == "repetitions")
      settings.repetitions = std::strtoull(value.c_str(), nullptr, 10);
    else if (key == "draws")
      settings.draws = std::strtoull(value.c_str(), nullptr, 10);
    else if (key == "seed")
      settings.seed = std::strtoull(value.c_str(), nullptr, 10);
    else if (key == "level")
      settings.level = std::strtod(value.c_str(), nullptr);
    else if (key == "what")
      settings.what = value;
    else if (key == "threads")
      omp_set_num_threads(std::atoi(value.c_str()));
    else {
      fmt::print(stderr, "stats_coverage: unknown option '{}'\n", word);
      return 2;
    }
  }
  if (settings.part != "size") coverage(settings);
  if (settings.part == "all") fmt::print("\n");
  if (settings.part != "coverage") size(settings);
  return 0;
}
