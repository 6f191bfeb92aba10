#include "cli/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

/// Edits (insert, delete, replace, exchange neighbours) that turn a into b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) d[i * width] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      std::size_t best = std::min(d[(i - 1) * width + j], d[i * width + j - 1]) + 1;
      best = std::min(best, d[(i - 1) * width + j - 1] + change);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = std::min(best, d[(i - 2) * width + j - 2] + 1);
      d[i * width + j] = best;
    }
  return d.back();
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view word,
                                             std::span<const std::string_view> names) {
  constexpr std::size_t kMaxWord = 64;
  if (word.empty() || word.size() > kMaxWord) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  if (best) return best;
  for (const std::string_view name : names)
    if (word.size() >= 2 && name.starts_with(word)) return name;
  return std::nullopt;
}

std::string unknown_name(std::string_view kind, std::string_view word,
                         std::span<const std::string_view> names) {
  const auto nearest = nearest_name(word, names);
  const std::string question = nearest ? fmt::format("; did you mean '{}'?", *nearest) : ";";
  return fmt::format("unknown {} '{}'{} known: {}", kind, escape_terminal(word), question,
                     fmt::join(names, ", "));
}

}  // namespace moescope::cli
