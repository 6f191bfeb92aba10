#include "core/stats/multiplicity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moescope::stats {
namespace {

std::vector<std::size_t> ascending(std::span<const double> value) {
  std::vector<std::size_t> order(value.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return value[a] < value[b]; });
  return order;
}

std::vector<double> step_up(std::span<const double> p, double factor) {
  std::vector<double> adjusted(p.size());
  const auto order = ascending(p);
  const double n = factor * static_cast<double>(p.size());
  double ceiling = 1;
  for (std::size_t rank = p.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    ceiling = std::min(ceiling, p[i] * n / static_cast<double>(rank));
    adjusted[i] = ceiling;
  }
  return adjusted;
}

double p_of(double n_extreme, const Permuted& permuted) {
  const auto n = static_cast<double>(permuted.statistic.n_row);
  return permuted.is_exact ? n_extreme / n : (n_extreme + 1) / (n + 1);
}

/// Of two statistics that differ by rounding alone, the one is as extreme as the other.
bool reaches(double drawn, double observed) {
  return drawn >= observed * (1 - 1e-10);
}

Assessed<Screen> by_model(std::span<const LayerTests> layers, Screen screen) {
  std::vector<double> p;
  for (const LayerTests& layer : layers)
    p.insert(p.end(), layer.model_p.begin(), layer.model_p.end());
  if (p.size() != screen.n_test)
    return Assessed<Screen>::not_assessable(fmt::format(
        "{} draws give no p below {:.2g}, and {} layers need {:.2g}", screen.n_draw,
        screen.smallest_p, layers.size(), screen.q / static_cast<double>(layers.size())));
  const auto adjusted = benjamini_yekutieli(p);
  screen.method = ScreenMethod::kBenjaminiYekutieli;
  screen.expert_level = screen.q;
  screen.note = fmt::format(
      "the smallest p of {} draws, {:.2g}, exceeds q / layers = {:.2g}: "
      "Benjamini-Yekutieli on model-based p",
      screen.n_draw, screen.smallest_p, screen.q / static_cast<double>(layers.size()));
  std::size_t next = 0;
  for (LayerScreen& layer : screen.layer) {
    const std::size_t n = layer.is_marked.size();
    layer.expert_p.assign(&adjusted[next], &adjusted[next] + n);
    for (std::size_t e = 0; e < n; ++e) layer.is_marked[e] = adjusted[next + e] <= screen.q;
    layer.is_rejected = std::count(layer.is_marked.begin(), layer.is_marked.end(), true) > 0;
    next += n;
  }
  return screen;
}

}  // namespace

std::vector<double> holm(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  double floor = 0;
  std::size_t left = p.size();
  for (const std::size_t i : ascending(p)) {
    floor = std::max(floor, std::min(1.0, p[i] * static_cast<double>(left--)));
    adjusted[i] = floor;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  return step_up(p, 1);
}

std::vector<double> benjamini_yekutieli(std::span<const double> p) {
  double factor = 0;
  for (std::size_t i = 1; i <= p.size(); ++i) factor += 1 / static_cast<double>(i);
  return step_up(p, factor);
}

std::vector<double> westfall_young(std::span<const double> observed, const Permuted& permuted) {
  const std::size_t n = observed.size();
  std::vector<double> size(n);
  for (std::size_t i = 0; i < n; ++i) size[i] = std::fabs(observed[i]);
  const auto order = ascending(size);
  std::vector<double> n_extreme(n, 0.0);
  for (std::size_t b = 0; b < permuted.statistic.n_row; ++b) {
    const auto drawn = permuted.statistic.row(b);
    double largest = 0;
    for (const std::size_t i : order) {
      largest = std::max(largest, std::fabs(drawn[i]));
      n_extreme[i] += reaches(largest, size[i]) ? 1 : 0;
    }
  }
  std::vector<double> p(n);
  double floor = 0;
  for (std::size_t rank = n; rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    floor = std::max(floor, p_of(n_extreme[i], permuted));
    p[i] = floor;
  }
  return p;
}

double max_t_p(std::span<const double> observed, const Permuted& permuted) {
  const auto largest = [](std::span<const double> value) {
    double result = 0;
    for (const double v : value) result = std::max(result, std::fabs(v));
    return result;
  };
  const double bar = largest(observed);
  double n_extreme = 0;
  for (std::size_t b = 0; b < permuted.statistic.n_row; ++b)
    n_extreme += reaches(largest(permuted.statistic.row(b)), bar) ? 1 : 0;
  return p_of(n_extreme, permuted);
}

Assessed<Screen> two_level_screen(std::span<const LayerTests> layers,
                                  const ScreenOptions& options) {
  Screen screen{.q = options.q, .smallest_p = options.smallest_p};
  std::vector<double> omnibus;
  for (const LayerTests& tests : layers) {
    if (tests.observed.empty() || tests.permuted.statistic.n_row == 0)
      return Assessed<Screen>::not_assessable("a layer has no tests or no permutations");
    screen.n_test += tests.observed.size();
    screen.n_draw = tests.permuted.statistic.n_row;
    screen.smallest_p =
        std::max(screen.smallest_p, p_of(tests.permuted.is_exact ? 1 : 0, tests.permuted));
    LayerScreen layer{.omnibus_p = max_t_p(tests.observed, tests.permuted)};
    layer.expert_p.assign(tests.observed.size(), 1.0);
    layer.is_marked.assign(tests.observed.size(), false);
    omnibus.push_back(layer.omnibus_p);
    screen.layer.push_back(std::move(layer));
  }
  if (layers.empty()) return Assessed<Screen>::not_assessable("there are no layers");
  const auto n_layer = static_cast<double>(layers.size());
  const auto adjusted = benjamini_hochberg(omnibus);
  double n_rejected = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    screen.layer[l].omnibus_adjusted = adjusted[l];
    screen.layer[l].is_rejected = adjusted[l] <= options.q;
    n_rejected += screen.layer[l].is_rejected ? 1 : 0;
  }
  if (screen.smallest_p > options.q / n_layer) return by_model(layers, std::move(screen));
  screen.expert_level = options.q * n_rejected / n_layer;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    LayerScreen& layer = screen.layer[l];
    if (!layer.is_rejected) continue;
    layer.expert_p = westfall_young(layers[l].observed, layers[l].permuted);
    for (std::size_t e = 0; e < layer.expert_p.size(); ++e)
      layer.is_marked[e] = layer.expert_p[e] <= screen.expert_level;
  }
  return screen;
}

}  // namespace moescope::stats
