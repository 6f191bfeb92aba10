#include "core/trace/activation_blob.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "core/base/error.hpp"

namespace moescope::trace {
namespace {

template <class Word>
void append_word(std::vector<std::byte>& out, Word word) {
  for (std::size_t i = 0; i < sizeof(Word); ++i)
    out.push_back(static_cast<std::byte>((word >> (8 * i)) & 0xffu));
}

}  // namespace

void append_values(std::vector<std::byte>& out, const float* value, std::size_t n,
                   ElementType type) {
  out.reserve(out.size() + n * info(type).block_bytes);
  for (std::size_t i = 0; i < n; ++i) {
    if (type == ElementType::kF16) {
      append_word(out, f32_to_f16(value[i]));
    } else if (type == ElementType::kBF16) {
      append_word(out, f32_to_bf16(value[i]));
    } else {
      append_word(out, std::bit_cast<std::uint32_t>(value[i]));
    }
  }
}

std::vector<SiteValues> gather_sites(const PromptTrace& trace, ElementType type) {
  std::map<std::string, std::vector<const ActivationTrace*>> by_site;
  for (const ActivationTrace& a : trace.activations)
    by_site[hooks::site_name(a.site)].push_back(&a);
  std::vector<SiteValues> out;
  for (auto& [site, rows] : by_site) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto* a, const auto* b) { return a->pos < b->pos; });
    SiteValues values{.site = site, .pos = {}, .n_col = rows.front()->value.size(), .bytes = {}};
    for (const ActivationTrace* row : rows) {
      if (row->value.size() != values.n_col)
        fail(ErrorCode::kBadInput, "prompt '{}': {}: expected {} values a token, got {}",
             trace.input.id, site, values.n_col, row->value.size());
      if (!values.pos.empty() && values.pos.back() == row->pos.value)
        fail(ErrorCode::kBadInput, "prompt '{}': {}: position {} stands twice", trace.input.id,
             site, row->pos.value);
      values.pos.push_back(row->pos.value);
      append_values(values.bytes, row->value.data(), row->value.size(), type);
    }
    out.push_back(std::move(values));
  }
  return out;
}

}  // namespace moescope::trace
