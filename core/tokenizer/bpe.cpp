#include "core/tokenizer/bpe.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/byte_level.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::uint32_t kNowhere = UINT32_MAX;
constexpr std::uint32_t kNoRank = UINT32_MAX;
constexpr std::uint32_t kUnknown = UINT32_MAX;
constexpr std::uint32_t kFrozenBit = 1u << 31;
constexpr std::size_t kShort = 24;  // up to here, looking for the best merge beats a heap

std::uint32_t as_u32(std::size_t n) {
  return static_cast<std::uint32_t>(n);
}

/// The last character of valid UTF-8.
char32_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) --at;
  const auto c = decode_utf8(text, at);
  return c ? c->code : 0;
}

}  // namespace

void JoinFilter::add(std::string_view left, std::string_view right) {
  if (left.empty() || right.empty()) return;
  const auto first = decode_utf8(right, 0);
  const std::size_t i = place(last_character(left), first ? first->code : 0);
  bits_[i / 64] |= std::uint64_t{1} << (i % 64);
}

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
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort && !watched) return run_short(symbols);
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

/// The same for few symbols, without a heap.
void Merger::run_short(std::vector<Symbol>& symbols) {
  std::array<Merge, kShort> merges;
  std::size_t n = symbols.size();
  const auto look = [&](std::size_t i) {
    const Merge* merge = table_.find(symbols[i].id, symbols[i + 1].id);
    merges[i] = merge ? *merge : Merge{kNoRank, 0};
  };
  for (std::size_t i = 0; i + 1 < n; ++i) look(i);
  while (n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i)
      if (merges[i].rank < merges[best].rank) best = i;
    if (merges[best].rank == kNoRank) break;
    symbols[best] = {merges[best].merged, symbols[best].n_byte + symbols[best + 1].n_byte};
    --n;
    for (std::size_t i = best + 1; i < n; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best + 1; i + 1 < n; ++i) merges[i] = merges[i + 1];
    if (best > 0) look(best - 1);
    if (best + 1 < n) look(best);
  }
  symbols.resize(n);
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
  if (!byte_ids.empty()) {
    for (std::size_t i = at; i < at + n_byte; ++i)
      out.push_back({TokenId(byte_ids[static_cast<unsigned char>(text[i])]), i, i + 1});
    return;
  }
  if (!unk) {
    if (!byte_symbols.empty())
      fail(ErrorCode::kBadInput,
           "text: byte 0x{:02x} has no token, and the vocabulary names no unknown token",
           static_cast<unsigned char>(text[at]));
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

/// Merges the symbols that begin at `at`, writes their tokens and moves `at` behind them.
void BpeModel::merge_and_emit(std::string_view text, std::size_t& at, std::vector<Symbol>& symbols,
                              Merger& merger, std::vector<ModelToken>& out) const {
  if (unused.empty()) {
    merger.run(symbols);
  } else {
    Merger::Splits splits;
    merger.run(symbols, &unused, &splits);
    take_apart(splits, symbols);
  }
  for (const Symbol& symbol : symbols) {
    const std::uint32_t id = symbol.id == kUnknown ? kUnknown : symbol.id & ~kFrozenBit;
    if (id >= n_id)
      emit_unknown(text, at, symbol.n_byte, out);
    else
      out.push_back({TokenId(id), at, at + symbol.n_byte});
    at += symbol.n_byte;
  }
  symbols.clear();
}

/// The token that is all of the text, where there is one.
std::optional<TokenId> BpeModel::whole(std::string_view text, const Vocabulary& vocabulary) const {
  std::string written;
  if (!byte_symbols.empty()) {
    append_byte_piece(written, text);
    text = written;
  }
  const auto id = vocabulary.find(text);
  if (!id || outside.find(id->value)) return std::nullopt;
  return id;
}

void BpeModel::encode_bytes(std::string_view text, Merger& merger,
                            std::vector<ModelToken>& out) const {
  std::vector<Symbol>& symbols = merger.symbols();
  symbols.clear();
  for (const char c : text) symbols.push_back({byte_symbols[static_cast<unsigned char>(c)], 1});
  std::size_t at = 0;
  merge_and_emit(text, at, symbols, merger, out);
}

void BpeModel::encode(std::string_view text, const Vocabulary& vocabulary, Merger& merger,
                      std::vector<ModelToken>& out) const {
  if (ignore_merges) {
    if (const auto id = whole(text, vocabulary)) {
      out.push_back({*id, 0, text.size()});
      return;
    }
  }
  if (!byte_symbols.empty()) return encode_bytes(text, merger, out);
  // Which split an unused piece gets depends on the whole text, so that it can't be cut then.
  const bool may_cut = unused.empty();
  std::vector<Symbol>& symbols = merger.symbols();
  symbols.clear();
  std::size_t emitted = 0;
  std::optional<char32_t> previous;  // the character before, if it may merge
  for (std::size_t at = 0; at < text.size();) {
    const auto match = frozen.longest_at(text, at);
    const auto c = match ? std::nullopt : decode_utf8(text, at);
    const std::uint32_t* known = c ? characters.find(c->code) : nullptr;
    const bool joins_previous = known && previous && joins.may_join(*previous, c->code);
    if (may_cut && !joins_previous) merge_and_emit(text, emitted, symbols, merger, out);
    const std::size_t n_byte = match ? match->n_byte : c ? c->n_byte : 1;
    const std::uint32_t id = match ? match->value | kFrozenBit : known ? *known : kUnknown;
    symbols.push_back({id, as_u32(n_byte)});
    previous = known ? std::optional(c->code) : std::nullopt;
    at += n_byte;
  }
  merge_and_emit(text, emitted, symbols, merger, out);
}

}  // namespace moescope::tokenizer
