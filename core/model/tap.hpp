#pragma once

#include <span>
#include <vector>

#include "core/base/rows.hpp"
#include "core/hooks/capture.hpp"
#include "core/hooks/event.hpp"
#include "core/model/batch.hpp"

namespace moescope::model {

/// Hands the values of observed sites to the sink: for each rule that names the site, the rows
/// whose sequence and position it wants. Costs one comparison a site when nothing is captured.
class Tap {
 public:
  /// The plan and the sink must outlive it.
  Tap(const hooks::CapturePlan& plan, hooks::Sink& sink);

  void begin(const Batch& batch);
  bool wants(const hooks::SiteRef& site) const;
  /// Shapes: value [batch rows, width].
  void emit(const hooks::SiteRef& site, Rows<const float> value);
  /// Shapes: value [n, width] for the n batch rows named. For sites that only some tokens pass.
  void emit(const hooks::SiteRef& site, std::span<const std::size_t> batch_row,
            Rows<const float> value);

 private:
  void gather(std::size_t rule, const hooks::SiteRef& site, std::span<const std::size_t> batch_row,
              Rows<const float> value);

  const hooks::CapturePlan& plan_;
  hooks::Sink& sink_;
  const Batch* batch_ = nullptr;
  std::vector<std::size_t> all_rows_;
  std::vector<hooks::RowTag> tags_;
  std::vector<float> values_;
};

}  // namespace moescope::model
