#include "core/tokenizer/derived_merges.hpp"

#include <algorithm>

namespace moescope::tokenizer {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

/// Sorts the parts by `less`; then the strings that begin (or end) a part stand before it, each
/// within the next, and a stack finds the longest.
template <class Less, class Within>
void link_parts(std::vector<MergePart>& parts, std::uint32_t MergePart::*link, Less less,
                Within within) {
  std::vector<std::uint32_t> order(parts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return less(parts[a].text, parts[b].text); });
  std::vector<std::uint32_t> open;
  for (const std::uint32_t i : order) {
    while (!open.empty() && !within(parts[i].text, parts[open.back()].text)) open.pop_back();
    parts[i].*link = open.empty() ? kNone : open.back();
    open.push_back(i);
  }
}

/// Enters every way to put two parts together into `whole`.
void add_merges(const std::vector<MergePart>& parts, const MergePart& whole,
                std::vector<std::uint32_t>& suffixes, MergeTable& merges, JoinFilter* joins) {
  suffixes.clear();
  for (std::uint32_t s = whole.suffix; s != kNone; s = parts[s].suffix) suffixes.push_back(s);
  for (std::uint32_t p = whole.prefix; p != kNone; p = parts[p].prefix) {
    const std::size_t rest = whole.text.size() - parts[p].text.size();
    while (!suffixes.empty() && parts[suffixes.back()].text.size() < rest) suffixes.pop_back();
    if (suffixes.empty()) return;
    const MergePart& right = parts[suffixes.back()];
    if (right.text.size() != rest) continue;
    merges.add(parts[p].id, right.id, {whole.rank, whole.id});
    if (joins) joins->add(parts[p].text, right.text);
  }
}

}  // namespace

void derive_merges(std::vector<MergePart>& parts, MergeTable& merges, JoinFilter* joins) {
  link_parts(
      parts, &MergePart::prefix, [](const std::string& a, const std::string& b) { return a < b; },
      [](const std::string& a, const std::string& b) { return a.starts_with(b); });
  link_parts(
      parts, &MergePart::suffix,
      [](const std::string& a, const std::string& b) {
        return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
      },
      [](const std::string& a, const std::string& b) { return a.ends_with(b); });
  std::vector<std::uint32_t> suffixes;
  for (const MergePart& part : parts)
    if (part.is_piece) add_merges(parts, part, suffixes, merges, joins);
}

}  // namespace moescope::tokenizer
