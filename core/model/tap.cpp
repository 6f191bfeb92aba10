#include "core/model/tap.hpp"

#include <algorithm>
#include <numeric>

namespace moescope::model {

using hooks::CaptureRule;
using hooks::SiteRef;

Tap::Tap(const hooks::CapturePlan& plan, hooks::Sink& sink) : plan_(plan), sink_(sink) {}

void Tap::begin(const Batch& batch) {
  batch_ = &batch;
  all_rows_.resize(batch.size());
  std::iota(all_rows_.begin(), all_rows_.end(), std::size_t{0});
}

bool Tap::wants(const SiteRef& site) const {
  return std::any_of(plan_.rules.begin(), plan_.rules.end(), [&](const CaptureRule& rule) {
    return std::find(rule.sites.begin(), rule.sites.end(), site) != rule.sites.end();
  });
}

void Tap::emit(const SiteRef& site, Rows<const float> value) {
  emit(site, all_rows_, value);
}

void Tap::emit(const SiteRef& site, std::span<const std::size_t> batch_row,
               Rows<const float> value) {
  for (std::size_t r = 0; r < plan_.rules.size(); ++r) {
    const auto& wanted = plan_.rules[r].sites;
    if (std::find(wanted.begin(), wanted.end(), site) != wanted.end())
      gather(r, site, batch_row, value);
  }
}

void Tap::gather(std::size_t rule, const SiteRef& site, std::span<const std::size_t> batch_row,
                 Rows<const float> value) {
  tags_.clear();
  values_.clear();
  for (std::size_t i = 0; i < batch_row.size(); ++i) {
    const BatchRow& row = (*batch_)[batch_row[i]];
    if ((row.rules >> rule & 1u) == 0) continue;
    if (!plan_.rules[rule].wants_position(row.tag.pos, row.n_position)) continue;
    tags_.push_back(row.tag);
    const auto v = value.row(i);
    values_.insert(values_.end(), v.begin(), v.end());
  }
  if (tags_.empty()) return;
  sink_.activation(
      {rule, site, tags_, Rows<const float>(values_.data(), tags_.size(), value.n_col)});
}

}  // namespace moescope::model
