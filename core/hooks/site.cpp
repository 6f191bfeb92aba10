#include "core/hooks/site.hpp"

#include <fmt/format.h>

#include <array>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/hooks/glob.hpp"
#include "core/hooks/name_pattern.hpp"

namespace moescope::hooks {
namespace {

constexpr std::array<SiteInfo, 14> kSites{{
    {Site::kEmbed, "hook_embed", false, false, false, "[d_model]",
     "token embedding, as it enters layer 0"},
    {Site::kResidPre, "blocks.{N}.hook_resid_pre", true, false, false, "[d_model]",
     "residual stream before the layer"},
    {Site::kAttnOut, "blocks.{N}.hook_attn_out", true, false, false, "[d_model]",
     "what attention adds to the residual stream"},
    {Site::kResidMid, "blocks.{N}.hook_resid_mid", true, false, false, "[d_model]",
     "residual stream between attention and MLP"},
    {Site::kMlpOut, "blocks.{N}.hook_mlp_out", true, false, false, "[d_model]",
     "what the MLP or the mixture of experts adds to the residual stream"},
    {Site::kResidPost, "blocks.{N}.hook_resid_post", true, false, false, "[d_model]",
     "residual stream after the layer"},
    {Site::kRouterLogits, "blocks.{N}.mlp.gate.hook_out", true, false, true, "[n_expert]",
     "router logits over all experts, before any softmax, bias or intervention"},
    {Site::kExpertScores, "blocks.{N}.mlp.hook_expert_weights", true, false, true, "[n_expert]",
     "the score function over all experts, before the choice and any renormalisation"},
    {Site::kExpertIndices, "blocks.{N}.mlp.hook_expert_indices", true, false, true, "[top_k]",
     "the chosen experts, best first"},
    {Site::kTopkWeights, "blocks.{N}.mlp.gate.hook_topk_weights", true, false, true, "[top_k]",
     "the weights really applied to the chosen experts"},
    {Site::kExpertPre, "blocks.{N}.mlp.experts.{E}.hook_pre", true, true, true, "[d_expert]",
     "an expert's gate projection before its activation function"},
    {Site::kExpertPost, "blocks.{N}.mlp.experts.{E}.hook_post", true, true, true, "[d_expert]",
     "an expert's hidden activation: activation(gate) times up"},
    {Site::kExpertOut, "blocks.{N}.mlp.experts.{E}.hook_out", true, true, true, "[d_model]",
     "an expert's output before its weight"},
    {Site::kFinalNorm, "ln_final.hook_out", false, false, false, "[d_model]",
     "the final norm's output, before the unembedding"},
}};

}  // namespace

std::span<const SiteInfo> sites() {
  return kSites;
}

const SiteInfo& info(Site site) {
  return kSites[static_cast<std::size_t>(site)];
}

std::string site_name(const SiteRef& ref) {
  return fill_pattern(info(ref.site).pattern, ref.layer, ref.expert);
}

std::vector<SiteRef> match_sites(std::string_view pattern, const ModelShape& shape) {
  std::vector<SiteRef> found;
  for (const SiteInfo& row : kSites) {
    const std::size_t n_layer = row.per_layer ? shape.n_layer : 1;
    const std::size_t n_expert = row.per_expert ? shape.n_expert : 1;
    for (std::size_t l = 0; l < n_layer; ++l) {
      if (row.routed && !shape.routes[l]) continue;
      for (std::size_t e = 0; e < n_expert; ++e) {
        const SiteRef ref{row.site, LayerIdx(l), ExpertIdx(e)};
        if (glob_match(pattern, site_name(ref))) found.push_back(ref);
      }
    }
  }
  if (!found.empty()) return found;
  std::string known;
  for (const SiteInfo& row : kSites) known += fmt::format("\n  {}", row.pattern);
  fail(ErrorCode::kUsage,
       "capture '{}': no site of this model has that name ({} layers, {} experts); known sites, "
       "with * "
       "for any:{}",
       escape_terminal(pattern.substr(0, 200)), shape.n_layer, shape.n_expert, known);
}

}  // namespace moescope::hooks
