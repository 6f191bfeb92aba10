#include "core/model/parity_run.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "core/base/error.hpp"
#include "core/model/engine.hpp"

namespace moescope::model {
namespace {

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
      o.margin[r][p] = static_cast<double>(std::ranges::min(e.margin.row(i)));
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

}  // namespace

std::vector<Observed> observe(const Model& model, const std::vector<std::vector<TokenId>>& ids) {
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

}  // namespace moescope::model
