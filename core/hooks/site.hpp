#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"

namespace moescope::hooks {

/// A place in the forward pass whose values can be observed, under its TransformerLens name.
enum class Site {
  kEmbed,
  kResidPre,
  kAttnOut,
  kResidMid,
  kMlpOut,
  kResidPost,
  kRouterLogits,
  kExpertScores,
  kExpertIndices,
  kTopkWeights,
  kExpertPre,
  kExpertPost,
  kExpertOut,
  kFinalNorm,
};

/// One row of the site table.
struct SiteInfo {
  Site site;
  std::string_view pattern;  ///< {N} stands for the layer, {E} for the expert
  bool per_layer;
  bool per_expert;
  bool routed;  ///< only layers with a router have it
  std::string_view shape;
  std::string_view meaning;
};

std::span<const SiteInfo> sites();
const SiteInfo& info(Site site);

/// A site of one layer, and of one expert where the site has experts.
struct SiteRef {
  Site site = Site::kResidPost;
  LayerIdx layer;
  ExpertIdx expert;
  bool operator==(const SiteRef&) const = default;
};

/// "blocks.3.hook_resid_post"
std::string site_name(const SiteRef& ref);

/// What of a model decides which sites it has.
struct ModelShape {
  std::size_t n_layer = 0;
  std::size_t n_expert = 0;  ///< 0: no layer routes
  std::vector<bool> routes;  ///< [n_layer]
};

/// Every site of the model whose name matches the pattern (`*` any run of characters, `?` one).
/// Errors: kUsage when nothing matches, with the list of known sites.
std::vector<SiteRef> match_sites(std::string_view pattern, const ModelShape& shape);

}  // namespace moescope::hooks
