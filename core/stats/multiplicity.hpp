#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/base/rows.hpp"
#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// Adjusted p-values, in the order of `p`: a hypothesis is rejected at level a where its adjusted p
/// is at most a.
/// Holm: family-wise error, under any dependence.
/// Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
std::vector<double> holm(std::span<const double> p);
/// False discovery rate, under independence or positive dependence.
/// Source: Benjamini and Hochberg, "Controlling the false discovery rate", 1995.
std::vector<double> benjamini_hochberg(std::span<const double> p);
/// False discovery rate, under any dependence: Benjamini–Hochberg times sum 1/i.
/// Source: Benjamini and Yekutieli, "The control of the false discovery rate in multiple testing
/// under dependency", 2001.
std::vector<double> benjamini_yekutieli(std::span<const double> p);

/// Statistics under exchanged labels or turned signs.
struct Permuted {
  Rows<const double> statistic;  ///< [n_draw, n_test]; the same exchange in all columns of a row
  /// Rows are all exchanges, the observed one among them: p = b / n_draw. Else they were drawn:
  /// p = (b + 1) / (n_draw + 1).
  bool is_exact = false;
};

/// Family-wise adjusted p-values by step-down max-T: statistics are compared by absolute value, the
/// largest with the maximum over all tests, the next with that over the rest, and so on.
/// Statistics should be studentised, or the ones that vary most decide.
/// Shapes: observed [n_test].
/// Source: Westfall and Young, "Resampling-based multiple testing", 1993, algorithm 4.1; Ge, Dudoit
/// and Speed 2003, box 4.
std::vector<double> westfall_young(std::span<const double> observed, const Permuted& permuted);

/// p of the largest |statistic| of a family: one test of "nothing differs".
double max_t_p(std::span<const double> observed, const Permuted& permuted);

/// The tests of one layer, an expert each.
struct LayerTests {
  std::vector<double> observed;  ///< [n_expert]
  Permuted permuted;
  /// [n_expert], by a model (t); used where permutations cannot resolve the level. May be empty.
  std::vector<double> model_p;
};

enum class ScreenMethod { kMaxT, kBenjaminiYekutieli };

struct LayerScreen {
  double omnibus_p = 1;         ///< max-T over its experts
  double omnibus_adjusted = 1;  ///< Benjamini–Hochberg over layers
  bool is_rejected = false;
  std::vector<double>
      expert_p;  ///< adjusted: step-down max-T within the layer, or Benjamini–Yekutieli
                 ///< over all experts of all layers
  std::vector<bool> is_marked;
};

struct Screen {
  ScreenMethod method = ScreenMethod::kMaxT;
  std::vector<LayerScreen> layer;
  double q = 0.05;
  double expert_level = 0;  ///< q R / L with R layers rejected; q for Benjamini–Yekutieli
  double smallest_p = 1;    ///< attainable by the permutations
  std::size_t n_test = 0;
  std::size_t n_draw = 0;
  std::string note;  ///< why not max-T; empty otherwise
};

struct ScreenOptions {
  double q = 0.05;
  /// Attainable by the permutations, where it is more than one row's share (2 of 2^clusters sign
  /// flips); 0: one row's share.
  double smallest_p = 0;
};

/// Which experts differ, over layers: an omnibus test for each layer, Benjamini–Hochberg over
/// layers; in the R of L layers that it rejects, experts by step-down max-T at level q R / L.
/// Where the smallest attainable p exceeds q / L, one layer alone could never be found:
/// Benjamini–Yekutieli on model_p over all experts of all layers instead.
/// Errors: not assessable without layers or experts, and where permutations cannot resolve q / L and
/// model_p is not there for every expert.
/// Source: Benjamini and Bogomolov, "Selective inference on multiple families of hypotheses", 2014;
/// Heller et al., "A flexible two-stage procedure for identifying gene sets", 2009.
Assessed<Screen> two_level_screen(std::span<const LayerTests> layers,
                                  const ScreenOptions& options = {});

}  // namespace moescope::stats
