#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/hooks/event.hpp"
#include "core/model/engine.hpp"

namespace moescope::model::testing_support {

/// Everything a run reported, by (request, quantity, layer, expert, position): bits, so that
/// equality means the same bits, and nothing of the order in which batches came.
class EventLog : public hooks::Sink {
 public:
  using Key = std::tuple<std::uint64_t, std::string, std::uint32_t, std::uint32_t, std::uint32_t>;

  void routing(const hooks::RoutingEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      put(e.row[i], "logits", e.layer.value, 0, e.logits.row(i));
      put(e.row[i], "score", e.layer.value, 0, e.score.row(i));
      put(e.row[i], "weight", e.layer.value, 0, e.weight.row(i));
      put(e.row[i], "margin", e.layer.value, 0, e.margin.row(i));
      std::vector<float> chosen;
      for (const ExpertIdx x : e.expert.row(i)) chosen.push_back(static_cast<float>(x.value));
      put(e.row[i], "expert", e.layer.value, 0, chosen);
    }
  }
  void activation(const hooks::ActivationEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i)
      put(e.row[i], "site " + std::string(hooks::info(e.site.site).pattern), e.site.layer.value,
          e.site.expert.value, e.value.row(i));
  }
  void lens(const hooks::LensEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i)
      put(e.row[i], "lens", e.layer.value, 0, e.logprob.row(i));
  }
  void prediction(const hooks::PredictionEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      const hooks::Prediction& p = e.prediction[i];
      const std::vector<float> values{p.logsumexp,
                                      p.entropy,
                                      static_cast<float>(p.argmax.value),
                                      p.next_logprob,
                                      static_cast<float>(p.next_rank),
                                      static_cast<float>(p.next.value)};
      put(e.row[i], "prediction", 0, 0, values);
    }
  }
  void logits(const hooks::LogitsEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i)
      put(e.row[i], "vocabulary", 0, 0, e.logits.row(i));
  }
  void finished(const hooks::FinishedEvent& e) override {
    reason[e.request] = e.reason;
    message[e.request] = e.message;
    generated[e.request].assign(e.generated.begin(), e.generated.end());
  }

  std::vector<float> at(std::uint64_t request, const std::string& what, std::uint32_t layer,
                        std::uint32_t expert, std::uint32_t pos) const {
    std::vector<float> out;
    for (const std::uint32_t b : bits.at({request, what, layer, expert, pos}))
      out.push_back(std::bit_cast<float>(b));
    return out;
  }

  std::map<Key, std::vector<std::uint32_t>> bits;
  std::map<std::uint64_t, hooks::FinishReason> reason;
  std::map<std::uint64_t, std::string> message;
  std::map<std::uint64_t, std::vector<TokenId>> generated;

 private:
  void put(const hooks::RowTag& row, const std::string& what, std::uint32_t layer,
           std::uint32_t expert, std::span<const float> values) {
    std::vector<std::uint32_t> v;
    for (const float f : values) v.push_back(std::bit_cast<std::uint32_t>(f));
    bits[{row.request, what, layer, expert, row.pos.value}] = std::move(v);
  }
};

inline RequestSource source_of(std::vector<hooks::Request> requests) {
  return [requests = std::move(requests),
          next = std::size_t{0}]() mutable -> std::optional<hooks::Request> {
    if (next == requests.size()) return std::nullopt;
    return requests[next++];
  };
}

}  // namespace moescope::model::testing_support
