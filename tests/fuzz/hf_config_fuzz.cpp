#include "core/model/architecture.hpp"
#include "core/model/weights.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// config.json: the shape that comes out can be computed with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_or_refuse([&] {
    const auto document = parse_json(fuzz::text_of(data, size), "input");
    const model::ModelConfig c = model::read_hf_config(JsonNode(document, "input"));
    fuzz::require(c.routes.size() == c.n_layer && c.n_route() <= c.n_layer, "layers are known");
    fuzz::require(c.n_head % c.n_kv_head == 0 && c.d_head % 2 == 0, "heads divide");
    fuzz::require(c.gating.top_k <= c.gating.n_expert, "no more choices than experts");
    fuzz::require(c.rms_eps >= 0 && c.rope.theta >= 1, "numbers are finite");
    const model::ParameterCounts n = model::count_parameters(c);
    fuzz::require(n.active <= n.total, "active parameters are part of all");
  });
  return 0;
}
