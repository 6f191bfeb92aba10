#include "core/tokenizer/word_cache.hpp"

#include <algorithm>
#include <functional>

namespace moescope::tokenizer {

std::size_t WordCache::place(std::string_view word) const noexcept {
  return std::hash<std::string_view>{}(word) & (slots_.size() - 1);
}

bool WordCache::find(std::string_view word, std::vector<ModelToken>& out) const {
  if (word.empty() || word.size() > kMaxWord || slots_.empty()) return false;
  const Slot& slot = slots_[place(word)];
  if (std::string_view(slot.word.data(), slot.n_byte) != word) return false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < slot.n_token; ++i) {
    out.push_back({TokenId(slot.id[i]), begin, slot.end[i]});
    begin = slot.end[i];
  }
  return true;
}

void WordCache::store(std::string_view word, std::span<const ModelToken> tokens) {
  if (word.empty() || word.size() > kMaxWord || tokens.size() > kMaxTokens) return;
  if (slots_.size() < kMost && n_stored_ >= slots_.size()) {
    slots_.assign(slots_.empty() ? kFirst : slots_.size() * 4, Slot{});
    n_stored_ = 0;
  }
  ++n_stored_;
  Slot& slot = slots_[place(word)];
  slot.n_byte = static_cast<std::uint8_t>(word.size());
  slot.n_token = static_cast<std::uint8_t>(tokens.size());
  std::copy(word.begin(), word.end(), slot.word.begin());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    slot.id[i] = tokens[i].id.value;
    slot.end[i] = static_cast<std::uint8_t>(tokens[i].end);
  }
}

}  // namespace moescope::tokenizer
