#include "probes/format.hpp"

#include <fmt/core.h>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::probes {

std::string fill_places(std::string_view pattern,
                        const std::vector<std::pair<std::string_view, std::string_view>>& words) {
  const auto refuse = [&pattern](std::string_view why) {
    fail(ErrorCode::kBadInput, "'{}': {}", escape_terminal(pattern), why);
  };
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (i + 1 < pattern.size() && pattern[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    const std::size_t end = c == '{' ? pattern.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos)
      refuse(fmt::format("byte {}: a lone '{}'; write '{}{}' for the character", i, c, c, c));
    const std::string_view name = pattern.substr(i + 1, end - i - 1);
    std::string known;
    bool found = false;
    for (const auto& [word, value] : words) {
      known += fmt::format("{}{{{}}}", known.empty() ? "" : ", ", word);
      if (word != name || found) continue;
      out += value;
      found = true;
    }
    if (!found)
      refuse(fmt::format("there is nothing for {{{}}}; known here: {}", escape_terminal(name),
                         known.empty() ? "no places" : known));
    i = end;
  }
  return out;
}

}  // namespace moescope::probes
