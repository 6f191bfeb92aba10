#include "core/hooks/name_pattern.hpp"

#include <cstdint>
#include <utility>

namespace moescope::hooks {
namespace {

std::string replace_mark(std::string name, std::string_view mark, std::uint32_t value) {
  const auto at = name.find(mark);
  if (at != std::string::npos) name.replace(at, mark.size(), std::to_string(value));
  return name;
}

}  // namespace

std::string fill_pattern(std::string_view pattern, LayerIdx layer, ExpertIdx expert) {
  return replace_mark(replace_mark(std::string(pattern), "{N}", layer.value), "{E}", expert.value);
}

}  // namespace moescope::hooks
