#include "core/hooks/capture.hpp"
#include "core/hooks/intervention.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

namespace {

void check_bounds(const hooks::Intervention& x, const hooks::ModelShape& shape) {
  fuzz::require(x.layer.value < shape.n_layer && shape.routes[x.layer.value],
                "the layer has a router");
  fuzz::require(x.expert.value < shape.n_expert && x.other.value < shape.n_expert,
                "the expert is there");
  fuzz::require(hooks::parse_intervention(hooks::to_string(x), shape) == x, "a text reads back");
}

}  // namespace

/// Interventions and captures, as words of the command line and as files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const hooks::ModelShape shape{.n_layer = 4, .n_expert = 8, .routes = {true, false, true, true}};
  fuzz::read_or_refuse([&] { check_bounds(hooks::parse_intervention(text, shape), shape); },
                       ErrorCode::kUsage);
  fuzz::read_or_refuse(
      [&] {
        for (const auto& x : hooks::parse_intervention_file(text, "input", shape).items)
          check_bounds(x, shape);
      },
      ErrorCode::kUsage);
  fuzz::read_or_refuse(
      [&] {
        const hooks::CaptureRule rule = hooks::parse_capture(text, shape);
        fuzz::require(!rule.sites.empty(), "a rule has sites");
        for (const hooks::SiteRef& site : rule.sites)
          fuzz::require(site.layer.value < shape.n_layer && site.expert.value < shape.n_expert,
                        "a site is of the model");
        for (std::size_t n : {std::size_t{1}, std::size_t{7}})
          for (std::size_t pos = 0; pos < n; ++pos) rule.wants_position(TokenPos(pos), n);
      },
      ErrorCode::kUsage);
  return 0;
}
