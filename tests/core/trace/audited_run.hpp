#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <utility>

#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"

/// A made-up audit for the tests of the trace room: items of two prompts that begin alike.
namespace moescope::trace {

inline RunInfo audited_run(std::uint64_t n_item) {
  RunInfo info = small_run(2 * n_item);
  info.keeps_activations = false;
  info.audit = AuditRow{.plan = "{\"alpha\":0.05}",
                        .plan_hash = "plan hash",
                        .plan_kind = "tool-default",
                        .suites = {{.name = "pairs",
                                    .version = "1",
                                    .sha256 = "suite hash",
                                    .probe = "pair_preference",
                                    .language = "en",
                                    .licence = "CC0-1.0",
                                    .info = "{}",
                                    .n_item = n_item}}};
  return info;
}

/// Prompts 2 index and 2 index + 1; the second one begins with the first one's two tokens.
inline Parcel audited_item(std::uint64_t index, const RunInfo& info) {
  Parcel parcel;
  Random random(index);
  for (std::uint64_t side = 0; side < 2; ++side) {
    PromptTrace trace;
    trace.index = 2 * index + side;
    trace.input.id = fmt::format("pairs/{}/{}", index, side);
    trace.input.text = "a text";
    if (side == 1) {
      trace.shared_with = 2 * index;
      trace.n_shared = 2;
    }
    for (int i = 0; i < 4; ++i) add_token(trace, info, random);
    for (std::size_t pos = 0; pos < trace.n_shared; ++pos) trace.tokens[pos].fed = false;
    std::erase_if(trace.lens,
                  [&](const LensTrace& lens) { return lens.pos.value < trace.n_shared; });
    parcel.traces.push_back(std::move(trace));
  }
  AuditItemRow item{.suite = 0,
                    .index = index,
                    .name = fmt::format("{}", index),
                    .labels = {{"bias_type", index % 2 ? "age" : "religion"}}};
  for (std::uint64_t side = 0; side < 2; ++side)
    item.sequences.push_back({.prompt = 2 * index + side,
                              .format = "plain",
                              .candidate = static_cast<std::uint32_t>(side),
                              .role = side == 0 ? "more" : "less",
                              .purpose = "conditional",
                              .n_scored = 3,
                              .logprob = -2.5});
  item.outcomes = {{.format = "plain", .metric = "delta", .state = "measured", .value = 0.25},
                   {.format = "plain",
                    .metric = "prefers_more",
                    .state = "tied",
                    .why = "both are equally likely"}};
  parcel.item = std::move(item);
  return parcel;
}

inline void record_audit(const std::filesystem::path& file, std::uint64_t n_item) {
  const RunInfo info = audited_run(n_item);
  Writer writer(file);
  writer.begin_run(info);
  for (std::uint64_t i = 0; i < n_item; ++i) writer.push(audited_item(i, info));
  writer.finish("hash");
}

}  // namespace moescope::trace
