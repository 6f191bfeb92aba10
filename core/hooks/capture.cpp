#include "core/hooks/capture.hpp"

#include <charconv>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::hooks {
namespace {

std::int64_t from_end(std::int64_t position, std::size_t n_position) {
  return position < 0 ? position + static_cast<std::int64_t>(n_position) : position;
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<PositionRange> parse_range(std::string_view item) {
  const auto first = take_number(item);
  if (!first) return std::nullopt;
  if (item.empty()) return PositionRange{*first, *first};
  if (item[0] != '-') return std::nullopt;
  item.remove_prefix(1);
  const auto last = take_number(item);
  if (!last || !item.empty()) return std::nullopt;
  const bool both_from_one_end = (*first < 0) == (*last < 0);
  if (both_from_one_end && *first > *last) return std::nullopt;
  return PositionRange{*first, *last};
}

std::vector<PositionRange> parse_positions(std::string_view text, std::string_view whole) {
  std::vector<PositionRange> out;
  while (true) {
    const auto comma = text.find(',');
    const auto range = parse_range(text.substr(0, comma));
    if (!range)
      fail(ErrorCode::kUsage,
           "capture '{}': expected positions such as 0,5-9,-1 after '@', got '{}'",
           escape_terminal(whole), escape_terminal(text.substr(0, comma)));
    out.push_back(*range);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bool CaptureRule::wants_position(TokenPos pos, std::size_t n_position) const {
  if (positions.empty()) return true;
  for (const PositionRange& range : positions)
    if (pos.value >= from_end(range.first, n_position) &&
        pos.value <= from_end(range.last, n_position))
      return true;
  return false;
}

CaptureRule parse_capture(std::string_view text, const ModelShape& shape) {
  CaptureRule rule;
  rule.pattern = text;
  std::string_view rest = text;
  if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
    rule.prompts = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    rule.positions = parse_positions(rest.substr(at + 1), text);
    rest = rest.substr(0, at);
  }
  rule.sites = match_sites(rest, shape);
  return rule;
}

}  // namespace moescope::hooks
