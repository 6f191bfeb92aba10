#include "core/model/parity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

#include "core/base/error.hpp"
#include "core/model/gating.hpp"
#include "core/model/parity_run.hpp"

namespace moescope::model {
namespace {

/// Adds up the differences of one quantity.
class Comparison {
 public:
  Comparison(std::string key, double tolerance) {
    site_.key = std::move(key);
    site_.tolerance = tolerance;
  }
  template <class Where>
  void add(bool judged, double ours, double reference, double unit, const Where& where) {
    if (!judged) {
      ++site_.n_after_tie;
      return;
    }
    double error = std::abs(ours - reference) / unit;
    if (!std::isfinite(error)) error = std::numeric_limits<double>::infinity();
    ++site_.n_value;
    if (error > site_.tolerance) ++site_.n_beyond;
    if (error > site_.largest_error) {
      site_.largest_error = error;
      site_.worst = where();
    }
  }
  SiteParity take() { return std::move(site_); }

 private:
  SiteParity site_;
};

/// The items of an array of exactly n.
std::vector<JsonNode> items(const JsonNode& node, std::size_t n) {
  auto out = node.items();
  if (out.size() != n) node.expected(fmt::format("an array of {}", n));
  return out;
}

/// The items of an array that stands beside another one; n times nothing where it is absent.
std::vector<std::optional<JsonNode>> items_beside(const std::optional<JsonNode>& node,
                                                  std::size_t n) {
  if (!node) return std::vector<std::optional<JsonNode>>(n);
  const auto found = items(*node, n);
  return {found.begin(), found.end()};
}

/// Every key of a reference; the first three say what it is.
constexpr std::string_view kKeys[] = {
    "source",        "input_ids", "router_modules",     "logits_first16",
    "logsumexp",     "argmax",    "next_token_logprob", "hidden_norm",
    "router_logits", "experts",   "expert_weights"};

std::vector<std::string> unknown_keys(const JsonNode& reference) {
  std::vector<std::string> out;
  for (const auto& [key, value] : reference.value().items())
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) out.push_back(key);
  return out;
}

std::vector<std::vector<TokenId>> read_ids(const JsonNode& reference, std::size_t n_vocab) {
  std::vector<std::vector<TokenId>> out;
  for (const JsonNode& sequence : reference.at("input_ids").items()) {
    out.emplace_back();
    for (const JsonNode& id : sequence.items())
      out.back().push_back(TokenId(id.uint(0, n_vocab - 1)));
    if (out.back().empty()) sequence.expected("at least one token");
  }
  if (out.empty()) reference.at("input_ids").expected("at least one sequence");
  return out;
}

/// Which values lie behind a choice that went the other way at a near tie. Stage k is the residual
/// stream before layer k; the last one gives the logits. The token's own stream differs from the
/// stage behind the layer on, that of later tokens from the layer after, whose attention reads it.
class TieShadow {
 public:
  explicit TieShadow(const std::vector<Observed>& observed) {
    for (const Observed& o : observed) {
      own_.emplace_back(o.prediction.size(), kNone);
      earlier_.emplace_back(o.prediction.size(), kNone);
    }
  }
  void add(std::size_t layer, std::size_t s, std::size_t p) {
    own_[s][p] = std::min(own_[s][p], layer);
    for (std::size_t q = p + 1; q < earlier_[s].size(); ++q)
      earlier_[s][q] = std::min(earlier_[s][q], layer);
  }
  bool covers_stage(std::size_t stage, std::size_t s, std::size_t p) const {
    return stage > own_[s][p] || (earlier_[s][p] != kNone && stage > earlier_[s][p] + 1);
  }
  bool covers_router(std::size_t layer, std::size_t s, std::size_t p) const {
    return layer > own_[s][p] || layer > earlier_[s][p];
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::vector<std::size_t>> own_;      ///< [sequence][position] first layer of a tie
  std::vector<std::vector<std::size_t>> earlier_;  ///< the same over all earlier positions
};

/// Compares one key after the other and keeps the results.
class Judge {
 public:
  Judge(const Model& model, const JsonNode& reference, const ParityTolerance& tolerance,
        const std::vector<Observed>& observed)
      : config_(model.config),
        weights_(model.weights),
        reference_(reference),
        tolerance_(tolerance),
        observed_(observed),
        shadow_(observed) {
    for (std::size_t l = 0; l < config_.n_layer; ++l)
      if (config_.routes[l]) routing_layer_.push_back(l);
  }

  /// The choices come first: near ties among them decide what of the rest can be judged.
  ParityResult judge() {
    std::optional<SiteParity> weights = compare_choices();
    compare_logits();
    compare_per_position("logsumexp", tolerance_.logsumexp, 0, [](const hooks::Prediction& p) {
      return static_cast<double>(p.logsumexp);
    });
    compare_argmax();
    compare_per_position(
        "next_token_logprob", tolerance_.logprob, 1,
        [](const hooks::Prediction& p) { return static_cast<double>(p.next_logprob); });
    compare_norms();
    compare_router_logits();
    if (weights) result_.sites.push_back(std::move(*weights));
    return std::move(result_);
  }

 private:
  std::optional<JsonNode> find(const char* key) {
    auto node = reference_.find(key);
    if (!node) result_.not_compared.emplace_back(key);
    return node;
  }
  static std::string place(std::size_t s, std::size_t p) {
    return fmt::format("sequence {}, position {}", s, p);
  }

  /// Whether what the model predicts at a position can be judged.
  bool judged(std::size_t s, std::size_t p) const {
    return !shadow_.covers_stage(config_.n_layer, s, p);
  }

  void compare_logits() {
    const auto node = find("logits_first16");
    if (!node) return;
    Comparison c("logits_first16", tolerance_.logit);
    const auto sequences = items(*node, observed_.size());
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      const auto positions = items(sequences[s], observed_[s].logits_first.size());
      for (std::size_t p = 0; p < positions.size(); ++p) {
        const auto& ours = observed_[s].logits_first[p];
        const auto values = items(positions[p], ours.size());
        for (std::size_t i = 0; i < values.size(); ++i)
          c.add(judged(s, p), static_cast<double>(ours[i]), values[i].number(), 1.0,
                [&] { return fmt::format("{}, entry {}", place(s, p), i); });
      }
    }
    result_.sites.push_back(c.take());
  }

  template <class Get>
  void compare_per_position(const char* key, double tolerance, std::size_t n_shorter,
                            const Get& get) {
    const auto node = find(key);
    if (!node) return;
    Comparison c(key, tolerance);
    const auto sequences = items(*node, observed_.size());
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      const auto values = items(sequences[s], observed_[s].prediction.size() - n_shorter);
      for (std::size_t p = 0; p < values.size(); ++p)
        c.add(judged(s, p), get(observed_[s].prediction[p]), values[p].number(), 1.0,
              [&] { return place(s, p); });
    }
    result_.sites.push_back(c.take());
  }

  /// Ids are equal or not: the error is 0 or 1.
  void compare_argmax() {
    const auto node = find("argmax");
    if (!node) return;
    Comparison c("argmax", 0);
    const auto sequences = items(*node, observed_.size());
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      const auto ids = items(sequences[s], observed_[s].prediction.size());
      for (std::size_t p = 0; p < ids.size(); ++p) {
        const bool same =
            ids[p].number() == static_cast<double>(observed_[s].prediction[p].argmax.value);
        c.add(judged(s, p), same ? 0.0 : 1.0, 0.0, 1.0, [&] { return place(s, p); });
      }
    }
    result_.sites.push_back(c.take());
  }

  void compare_norms() {
    const auto node = find("hidden_norm");
    if (!node) return;
    Comparison c("hidden_norm", tolerance_.norm);
    const auto layers = items(*node, config_.n_layer + 1);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto sequences = items(layers[l], observed_.size());
      for (std::size_t s = 0; s < sequences.size(); ++s) {
        const auto& ours = observed_[s].norm[l];
        const auto values = items(sequences[s], ours.size());
        for (std::size_t p = 0; p < values.size(); ++p) {
          const double wanted = values[p].number();
          c.add(!shadow_.covers_stage(l, s, p), ours[p], wanted, std::max(1.0, wanted),
                [&] { return fmt::format("layer {}, {}", l, place(s, p)); });
        }
      }
    }
    result_.sites.push_back(c.take());
  }

  void compare_router_logits() {
    const auto node = find("router_logits");
    if (!node) return;
    Comparison c("router_logits", tolerance_.router_logit);
    const auto layers = items(*node, config_.n_route());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto sequences = items(layers[l], observed_.size());
      for (std::size_t s = 0; s < sequences.size(); ++s) {
        const auto& ours = observed_[s].router_logits[l];
        const auto positions = items(sequences[s], ours.size());
        for (std::size_t p = 0; p < positions.size(); ++p) {
          const auto values = items(positions[p], config_.gating.n_expert);
          for (std::size_t e = 0; e < values.size(); ++e)
            c.add(!shadow_.covers_router(routing_layer_[l], s, p), static_cast<double>(ours[p][e]),
                  values[e].number(), 1.0, [&] {
                    return fmt::format("routing layer {}, {}, expert {}", l, place(s, p), e);
                  });
        }
      }
    }
    result_.sites.push_back(c.take());
  }

  std::optional<SiteParity> compare_choices() {
    const auto chosen = find("experts");
    const auto weights = find("expert_weights");
    if (!chosen) {
      // Weights belong to experts: without those nobody knows whose they are.
      if (weights) result_.not_compared.emplace_back("expert_weights");
      return std::nullopt;
    }
    Comparison c("expert_weights", tolerance_.weight);
    result_.smallest_margin = std::numeric_limits<double>::infinity();
    const auto layers = items(*chosen, config_.n_route());
    const auto weight_layers = items_beside(weights, config_.n_route());
    const auto logit_layers = items_beside(reference_.find("router_logits"), config_.n_route());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto sequences = items(layers[l], observed_.size());
      const auto weight_sequences = items_beside(weight_layers[l], observed_.size());
      const auto logit_sequences = items_beside(logit_layers[l], observed_.size());
      for (std::size_t s = 0; s < sequences.size(); ++s) {
        const std::size_t n = observed_[s].expert[l].size();
        const auto positions = items(sequences[s], n);
        const auto weight_positions = items_beside(weight_sequences[s], n);
        const auto logit_positions = items_beside(logit_sequences[s], n);
        for (std::size_t p = 0; p < n; ++p)
          compare_choice({l, s, p, {}, {}, 0}, positions[p], weight_positions[p],
                         logit_positions[p], c);
      }
    }
    if (!weights) return std::nullopt;
    return c.take();
  }

  /// The margin of the choice that this model's rule makes of the reference's router logits, where
  /// they are ours within their tolerance.
  std::optional<double> margin_of(const RoutingDifference& at,
                                  const std::optional<JsonNode>& logits) const {
    if (!logits) return std::nullopt;
    const std::vector<float>& ours = observed_[at.sequence].router_logits[at.layer][at.position];
    std::vector<float> values;
    for (const JsonNode& value : items(*logits, config_.gating.n_expert)) {
      const double number = value.number();
      if (!(std::abs(number - static_cast<double>(ours[values.size()])) <= tolerance_.router_logit))
        return std::nullopt;
      values.push_back(static_cast<float>(number));
    }
    const std::size_t n = config_.gating.n_expert;
    const std::size_t k = config_.gating.top_k;
    std::vector<float> score(n), selection(n), weight(k), margin(k);
    std::vector<ExpertIdx> expert(k);
    const MoeWeights& moe = weights_.layer[routing_layer_[at.layer]].moe;
    if (!route(config_.gating, {}, moe.selection_bias, values,
               {score, expert, weight, margin, selection}))
      return std::nullopt;
    return static_cast<double>(std::ranges::min(margin));
  }

  void compare_choice(RoutingDifference at, const JsonNode& chosen,
                      const std::optional<JsonNode>& weight, const std::optional<JsonNode>& logits,
                      Comparison& c) {
    const Observed& o = observed_[at.sequence];
    at.ours = o.expert[at.layer][at.position];
    at.margin = o.margin[at.layer][at.position];
    for (const JsonNode& e : items(chosen, at.ours.size()))
      at.reference.push_back(static_cast<std::uint32_t>(e.uint(0, config_.gating.n_expert - 1)));
    ++result_.n_choice;
    result_.smallest_margin = std::min(result_.smallest_margin, at.margin);
    auto a = at.ours;
    auto b = at.reference;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    const std::size_t layer = routing_layer_[at.layer];
    const bool is_judged = !shadow_.covers_router(layer, at.sequence, at.position);
    if (!is_judged) ++result_.n_choice_after_tie;
    if (a != b) {
      if (!is_judged) return;
      at.reference_margin = margin_of(at, logits);
      const bool near_tie = at.margin <= tolerance_.near_tie && at.reference_margin &&
                            *at.reference_margin <= tolerance_.near_tie;
      if (near_tie) shadow_.add(layer, at.sequence, at.position);
      (near_tie ? result_.near_ties : result_.routing).push_back(std::move(at));
      return;
    }
    if (!weight) return;
    const auto wanted = items(*weight, at.ours.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto slot = static_cast<std::size_t>(
          std::find(at.ours.begin(), at.ours.end(), at.reference[i]) - at.ours.begin());
      const double reference = wanted[i].number();
      c.add(is_judged, static_cast<double>(o.weight[at.layer][at.position][slot]), reference,
            std::max(1.0, std::abs(reference)), [&] {
              return fmt::format("routing layer {}, {}, expert {}", at.layer,
                                 place(at.sequence, at.position), at.reference[i]);
            });
    }
  }

  const ModelConfig& config_;
  const Weights& weights_;
  const JsonNode& reference_;
  const ParityTolerance& tolerance_;
  const std::vector<Observed>& observed_;
  std::vector<std::size_t> routing_layer_;  ///< [n_route] the layer of each router
  TieShadow shadow_;
  ParityResult result_;
};

}  // namespace

bool ParityResult::equal() const {
  return routing.empty() && std::all_of(sites.begin(), sites.end(), [](const SiteParity& s) {
           return s.equal() && !s.all_unjudged();
         });
}

ParityResult compare_with_reference(const Model& model, const JsonNode& reference,
                                    const ParityTolerance& tolerance) {
  const auto ids = read_ids(reference, model.config.n_vocab);
  const std::vector<Observed> observed = observe(model, ids);
  ParityResult result = Judge(model, reference, tolerance, observed).judge();
  std::uint64_t n_value = result.n_choice;
  for (const SiteParity& site : result.sites) n_value += site.n_value;
  if (n_value == 0)
    fail(ErrorCode::kBadInput,
         "{}: holds nothing to compare; expected keys such as 'logsumexp' or 'experts'",
         reference.where());
  if (const auto source = reference.find("source")) result.source = source->string();
  result.unknown = unknown_keys(reference);
  result.n_sequence = ids.size();
  for (const auto& sequence : ids) result.n_token += sequence.size();
  return result;
}

}  // namespace moescope::model
