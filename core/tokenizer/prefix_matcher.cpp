#include "core/tokenizer/prefix_matcher.hpp"

namespace moescope::tokenizer {
namespace {

std::uint64_t edge_key(std::uint32_t node, char byte) noexcept {
  return (std::uint64_t{node} << 8) | static_cast<unsigned char>(byte);
}

}  // namespace

void PrefixMatcher::add(std::string_view pattern, std::uint32_t value) {
  if (pattern.empty()) return;
  if (ends_.empty()) ends_.push_back(kNone);
  first_[static_cast<unsigned char>(pattern[0])] = true;
  std::uint32_t node = 0;
  for (const char c : pattern) {
    if (const auto* next = edges_.find(edge_key(node, c))) {
      node = *next;
      continue;
    }
    const auto fresh = static_cast<std::uint32_t>(ends_.size());
    edges_.insert(edge_key(node, c), fresh);
    ends_.push_back(kNone);
    node = fresh;
  }
  if (ends_[node] == kNone) ends_[node] = value;
}

std::optional<PrefixMatcher::Match> PrefixMatcher::longest_at(std::string_view text,
                                                              std::size_t at) const noexcept {
  if (ends_.empty() || at >= text.size() || !first_[static_cast<unsigned char>(text[at])])
    return std::nullopt;
  std::optional<Match> best;
  std::uint32_t node = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    const auto* next = edges_.find(edge_key(node, text[i]));
    if (!next) break;
    node = *next;
    if (ends_[node] != kNone) best = Match{ends_[node], i + 1 - at};
  }
  return best;
}

std::optional<PrefixMatcher::Match> PrefixMatcher::next(std::string_view text,
                                                        std::size_t& at) const noexcept {
  if (ends_.empty()) return std::nullopt;
  for (; at < text.size(); ++at)
    if (const auto match = longest_at(text, at)) return match;
  return std::nullopt;
}

}  // namespace moescope::tokenizer
