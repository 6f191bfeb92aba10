#include "probes/outcome.hpp"

#include <fmt/core.h>

#include <string>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::probes {
namespace {

struct StateName {
  State state;
  std::string_view name;
};
constexpr StateName kStates[] = {{State::kMeasured, "measured"},   {State::kTied, "tied"},
                                 {State::kUndefined, "undefined"}, {State::kRefused, "refused"},
                                 {State::kUnparsed, "unparsed"},   {State::kFailed, "failed"}};

}  // namespace

std::string_view name(State state) {
  for (const StateName& row : kStates)
    if (row.state == state) return row.name;
  return "";
}

State parse_state(std::string_view text) {
  std::string known;
  for (const StateName& row : kStates) {
    if (row.name == text) return row.state;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", row.name);
  }
  fail(ErrorCode::kBadInput, "state: expected one of {}, got '{}'", known, escape_terminal(text));
}

}  // namespace moescope::probes
