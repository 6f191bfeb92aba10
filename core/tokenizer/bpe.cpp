#include "core/tokenizer/bpe.hpp"

#include <algorithm>
#include <functional>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::uint32_t kNowhere = UINT32_MAX;
constexpr std::uint32_t kNoRank = UINT32_MAX;
constexpr std::uint32_t kUnknown = UINT32_MAX;
constexpr std::uint32_t kFrozenBit = 1u << 31;

std::uint32_t as_u32(std::size_t n) {
  return static_cast<std::uint32_t>(n);
}

}  // namespace

/// Notes the merge of the symbol at `left` with its neighbour; false where there is none.
bool Merger::consider(std::uint32_t left, const std::vector<Symbol>& symbols) {
  Place& place = places_[left];
  place.merge.rank = kNoRank;
  if (place.next == kNowhere) return false;
  const Symbol& a = symbols[left];
  const Symbol& b = symbols[place.next];
  const Merge* merge = table_.find(a.id, b.id);
  if (!merge) return false;
  place.merge = *merge;
  if (watched_ && (*watched_)[merge->merged]) (*splits_)[merge->merged] = {a, b};
  return true;
}

void Merger::join(std::uint32_t left, std::vector<Symbol>& symbols) {
  Place& place = places_[left];
  const std::uint32_t gone = place.next;
  symbols[left] = {place.merge.merged, symbols[left].n_byte + symbols[gone].n_byte};
  symbols[gone].n_byte = 0;
  places_[gone].merge.rank = kNoRank;
  place.next = places_[gone].next;
  if (place.next != kNowhere) places_[place.next].previous = left;
}

void Merger::run(std::vector<Symbol>& symbols, const std::vector<bool>* watched, Splits* splits) {
  watched_ = watched;
  splits_ = splits;
  const std::uint32_t n = as_u32(symbols.size());
  places_.resize(n);
  heap_.clear();
  const auto key = [this](std::uint32_t left) {
    return (std::uint64_t{places_[left].merge.rank} << 32) | left;
  };
  for (std::uint32_t i = 0; i < n; ++i) {
    places_[i].previous = i == 0 ? kNowhere : i - 1;
    places_[i].next = i + 1 == n ? kNowhere : i + 1;
    if (consider(i, symbols)) heap_.push_back(key(i));
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  const auto offer = [&](std::uint32_t left) {
    if (left == kNowhere || !consider(left, symbols)) return;
    heap_.push_back(key(left));
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  };
  while (!heap_.empty()) {
    const std::uint64_t top = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const auto left = static_cast<std::uint32_t>(top);
    if (places_[left].merge.rank != top >> 32) continue;  // overtaken by another merge
    join(left, symbols);
    offer(places_[left].previous);
    offer(left);
  }
  std::erase_if(symbols, [](const Symbol& s) { return s.n_byte == 0; });
}

void BpeModel::split(std::string_view text, std::vector<Symbol>& symbols) const {
  symbols.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (const auto match = frozen.longest_at(text, at)) {
      symbols.push_back({match->value | kFrozenBit, as_u32(match->n_byte)});
      at += match->n_byte;
      continue;
    }
    const auto c = decode_utf8(text, at);
    const std::size_t n = c ? c->n_byte : 1;
    const std::uint32_t* id = c ? characters.find(c->code) : nullptr;
    symbols.push_back({id ? *id : kUnknown, as_u32(n)});
    at += n;
  }
}

/// Replaces pieces that the model lists as unused by what they were made from.
void BpeModel::take_apart(const Merger::Splits& splits, std::vector<Symbol>& symbols) const {
  std::vector<Symbol> out;
  std::vector<Symbol> open;
  for (const Symbol& whole : symbols) {
    open.push_back(whole);
    while (!open.empty()) {
      const Symbol symbol = open.back();
      open.pop_back();
      const auto parts = splits.find(symbol.id);
      if (parts == splits.end()) {
        out.push_back(symbol);
        continue;
      }
      open.push_back(parts->second.second);
      open.push_back(parts->second.first);
    }
  }
  symbols = std::move(out);
}

void BpeModel::emit_unknown(std::string_view text, std::size_t at, std::size_t n_byte,
                            std::vector<ModelToken>& out) const {
  const std::string_view character = text.substr(at, n_byte);
  const auto id_of = [this](char c) { return byte_ids[static_cast<unsigned char>(c)]; };
  const bool as_bytes = !byte_ids.empty() &&
                        std::ranges::all_of(character, [&](char c) { return id_of(c) != kNoId; });
  if (as_bytes) {
    for (std::size_t i = 0; i < n_byte; ++i)
      out.push_back({TokenId(id_of(character[i])), at + i, at + i + 1});
    return;
  }
  if (!unk) {
    const auto c = decode_utf8(text, at);
    fail(ErrorCode::kBadInput,
         "text: character U+{:04X} has no token, and the vocabulary names no unknown token",
         static_cast<std::uint32_t>(c ? c->code : U'\ufffd'));
  }
  const bool fuse = fuse_unk && !out.empty() && out.back().id == *unk && out.back().end == at;
  if (fuse)
    out.back().end = at + n_byte;
  else
    out.push_back({*unk, at, at + n_byte});
}

void BpeModel::encode(std::string_view text, const Vocabulary& vocabulary, Merger& merger,
                      std::vector<ModelToken>& out) const {
  if (ignore_merges) {
    if (const auto id = vocabulary.find(text)) {
      out.push_back({*id, 0, text.size()});
      return;
    }
  }
  std::vector<Symbol> symbols;
  split(text, symbols);
  if (unused.empty()) {
    merger.run(symbols);
  } else {
    Merger::Splits splits;
    merger.run(symbols, &unused, &splits);
    take_apart(splits, symbols);
  }
  std::size_t at = 0;
  for (const Symbol& symbol : symbols) {
    const std::uint32_t id = symbol.id == kUnknown ? kUnknown : symbol.id & ~kFrozenBit;
    if (id >= n_id)
      emit_unknown(text, at, symbol.n_byte, out);
    else
      out.push_back({TokenId(id), at, at + symbol.n_byte});
    at += symbol.n_byte;
  }
}

}  // namespace moescope::tokenizer
