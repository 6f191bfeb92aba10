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
#include "core/model/engine.hpp"

namespace moescope::model {
namespace {

/// All that our own run of one sequence yields, in the reference's shapes.
struct Observed {
  std::vector<std::vector<float>> logits_first;                 ///< [position][first entries]
  std::vector<hooks::Prediction> prediction;                    ///< [position]
  std::vector<std::vector<double>> norm;                        ///< [n_layer + 1][position]
  std::vector<std::vector<std::vector<float>>> router_logits;   ///< [n_route][position][n_expert]
  std::vector<std::vector<std::vector<std::uint32_t>>> expert;  ///< [n_route][position][top_k]
  std::vector<std::vector<std::vector<float>>> weight;          ///< [n_route][position][top_k]
  std::vector<std::vector<double>> margin;                      ///< [n_route][position]
};

constexpr std::size_t kFirstLogits = 16;

/// Collects the events of all sequences; request ids are sequence numbers.
class Collector : public hooks::Sink {
 public:
  Collector(const ModelConfig& config, std::span<const std::size_t> n_position) : config_(config) {
    for (std::size_t l = 0; l < config.n_layer; ++l) {
      route_of_.push_back(n_route_);
      if (config.routes[l]) ++n_route_;
    }
    for (const std::size_t n : n_position) {
      Observed o;
      o.logits_first.resize(n);
      o.prediction.resize(n);
      o.norm.assign(config.n_layer + 1, std::vector<double>(n));
      o.router_logits.assign(n_route_, std::vector<std::vector<float>>(n));
      o.expert.assign(n_route_, std::vector<std::vector<std::uint32_t>>(n));
      o.weight.assign(n_route_, std::vector<std::vector<float>>(n));
      o.margin.assign(n_route_, std::vector<double>(n));
      sequence.push_back(std::move(o));
    }
  }

  void routing(const hooks::RoutingEvent& e) override {
    const std::size_t r = route_of_[e.layer.value];
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      Observed& o = sequence[e.row[i].request];
      const std::size_t p = e.row[i].pos.value;
      o.router_logits[r][p].assign(e.logits.row(i).begin(), e.logits.row(i).end());
      o.weight[r][p].assign(e.weight.row(i).begin(), e.weight.row(i).end());
      for (const ExpertIdx x : e.expert.row(i)) o.expert[r][p].push_back(x.value);
      o.margin[r][p] = static_cast<double>(e.margin.row(i).back());
    }
  }
  void activation(const hooks::ActivationEvent& e) override {
    std::size_t at = config_.n_layer;
    if (e.site.site == hooks::Site::kResidPre) at = e.site.layer.value;
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      double sum = 0;
      for (const float v : e.value.row(i)) sum += static_cast<double>(v) * static_cast<double>(v);
      sequence[e.row[i].request].norm[at][e.row[i].pos.value] = std::sqrt(sum);
    }
  }
  void prediction(const hooks::PredictionEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i)
      sequence[e.row[i].request].prediction[e.row[i].pos.value] = e.prediction[i];
  }
  void logits(const hooks::LogitsEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      const auto row = e.logits.row(i).first(std::min(kFirstLogits, e.logits.n_col));
      sequence[e.row[i].request].logits_first[e.row[i].pos.value].assign(row.begin(), row.end());
    }
  }
  void finished(const hooks::FinishedEvent& e) override {
    if (e.reason == hooks::FinishReason::kFailed)
      fail(ErrorCode::kBadInput, "sequence {}: {}", e.request, e.message);
  }

  std::vector<Observed> sequence;

 private:
  const ModelConfig& config_;
  std::size_t n_route_ = 0;
  std::vector<std::size_t> route_of_;
};

/// Adds up the differences of one quantity.
class Comparison {
 public:
  Comparison(std::string key, double tolerance) {
    site_.key = std::move(key);
    site_.tolerance = tolerance;
  }
  template <class Where>
  void add(double ours, double reference, double unit, const Where& where) {
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

std::vector<Observed> run(const Model& model, const std::vector<std::vector<TokenId>>& ids) {
  std::vector<std::size_t> n_position;
  for (const auto& sequence : ids) n_position.push_back(sequence.size());
  Collector collector(model.config, n_position);
  hooks::CapturePlan plan{
      .routing = model.config.n_route() > 0, .prediction = true, .logits = true};
  for (const char* pattern : {"blocks.*.hook_resid_pre", "ln_final.hook_out"})
    plan.rules.push_back(hooks::parse_capture(pattern, model.config.shape()));
  std::size_t next = 0;
  const RequestSource source = [&]() -> std::optional<hooks::Request> {
    if (next == ids.size()) return std::nullopt;
    hooks::Request request;
    request.id = next;
    request.ids = ids[next++];
    return request;
  };
  run_requests(model, {}, source, plan, {}, collector);
  return std::move(collector.sequence);
}

/// Compares one key after the other and keeps the results.
class Judge {
 public:
  Judge(const Model& model, const JsonNode& reference, const ParityTolerance& tolerance,
        const std::vector<Observed>& observed)
      : config_(model.config), reference_(reference), tolerance_(tolerance), observed_(observed) {}

  ParityResult judge() {
    compare_logits();
    compare_per_position("logsumexp", tolerance_.logsumexp, 0, [](const hooks::Prediction& p) {
      return static_cast<double>(p.logsumexp);
    });
    compare_per_position("argmax", 0, 0, [](const hooks::Prediction& p) {
      return static_cast<double>(p.argmax.value);
    });
    compare_per_position(
        "next_token_logprob", tolerance_.logprob, 1,
        [](const hooks::Prediction& p) { return static_cast<double>(p.next_logprob); });
    compare_norms();
    compare_router_logits();
    compare_choices();
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
          c.add(static_cast<double>(ours[i]), values[i].number(), 1.0,
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
        c.add(get(observed_[s].prediction[p]), values[p].number(), 1.0,
              [&] { return place(s, p); });
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
          c.add(ours[p], wanted, std::max(1.0, wanted),
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
            c.add(static_cast<double>(ours[p][e]), values[e].number(), 1.0, [&] {
              return fmt::format("routing layer {}, {}, expert {}", l, place(s, p), e);
            });
        }
      }
    }
    result_.sites.push_back(c.take());
  }

  void compare_choices() {
    const auto chosen = find("experts");
    const auto weights = find("expert_weights");
    if (!chosen) {
      // Weights belong to experts: without those nobody knows whose they are.
      if (weights) result_.not_compared.emplace_back("expert_weights");
      return;
    }
    Comparison c("expert_weights", tolerance_.weight);
    result_.smallest_margin = std::numeric_limits<double>::infinity();
    const auto layers = items(*chosen, config_.n_route());
    const auto weight_layers = items_beside(weights, config_.n_route());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto sequences = items(layers[l], observed_.size());
      const auto weight_sequences = items_beside(weight_layers[l], observed_.size());
      for (std::size_t s = 0; s < sequences.size(); ++s) {
        const std::size_t n = observed_[s].expert[l].size();
        const auto positions = items(sequences[s], n);
        const auto weight_positions = items_beside(weight_sequences[s], n);
        for (std::size_t p = 0; p < n; ++p)
          compare_choice({l, s, p, {}, {}, 0}, positions[p], weight_positions[p], c);
      }
    }
    if (weights) result_.sites.push_back(c.take());
  }

  void compare_choice(RoutingDifference at, const JsonNode& chosen,
                      const std::optional<JsonNode>& weight, Comparison& c) {
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
    if (a != b) {
      result_.routing.push_back(std::move(at));
      return;
    }
    if (!weight) return;
    const auto wanted = items(*weight, at.ours.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto slot = static_cast<std::size_t>(
          std::find(at.ours.begin(), at.ours.end(), at.reference[i]) - at.ours.begin());
      c.add(static_cast<double>(o.weight[at.layer][at.position][slot]), wanted[i].number(), 1.0,
            [&] {
              return fmt::format("routing layer {}, {}, expert {}", at.layer,
                                 place(at.sequence, at.position), at.reference[i]);
            });
    }
  }

  const ModelConfig& config_;
  const JsonNode& reference_;
  const ParityTolerance& tolerance_;
  const std::vector<Observed>& observed_;
  ParityResult result_;
};

}  // namespace

bool ParityResult::equal() const {
  return routing.empty() &&
         std::all_of(sites.begin(), sites.end(), [](const SiteParity& s) { return s.equal(); });
}

ParityResult compare_with_reference(const Model& model, const JsonNode& reference,
                                    const ParityTolerance& tolerance) {
  const auto ids = read_ids(reference, model.config.n_vocab);
  const std::vector<Observed> observed = run(model, ids);
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
