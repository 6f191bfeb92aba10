#include "core/tokenizer/vocabulary.hpp"

#include <functional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::size_t kMaxPieceBytes = 1u << 20;

}  // namespace

void Vocabulary::add(TokenId id, std::string_view piece, std::string_view where) {
  if (id.value >= n_id_limit_)
    fail(ErrorCode::kBadInput, "{}: token id {} is far beyond the number of pieces", where,
         id.value);
  if (piece.size() > kMaxPieceBytes)
    fail(ErrorCode::kBadInput, "{}: piece {} has {} bytes, expected at most {}", where, id.value,
         piece.size(), kMaxPieceBytes);
  if (contains(id))
    fail(ErrorCode::kBadInput, "{}: token id {} stands twice: {} and {}", where, id.value,
         json_string(this->piece(id).substr(0, 80)), json_string(piece.substr(0, 80)));
  if (const auto other = find(piece))
    fail(ErrorCode::kBadInput, "{}: piece {} stands twice: ids {} and {}", where,
         json_string(piece.substr(0, 80)), other->value, id.value);
  if ((n_piece_ + 1) * 2 > slots_.size()) grow();
  if (id.value >= entries_.size()) entries_.resize(id.value + std::size_t{1});
  entries_[id.value] = {bytes_.size(), static_cast<std::uint32_t>(piece.size()), true};
  bytes_.append(piece);
  slots_[slot_of(piece)] = id.value + 1;
  ++n_piece_;
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t found = slots_[slot_of(piece)];
  if (found == 0) return std::nullopt;
  return TokenId(found - 1);
}

std::string_view Vocabulary::piece(TokenId id) const noexcept {
  if (id.value >= entries_.size()) return {};
  return text_of(entries_[id.value]);
}

bool Vocabulary::contains(TokenId id) const noexcept {
  return id.value < entries_.size() && entries_[id.value].used;
}

std::string_view Vocabulary::text_of(const Entry& entry) const noexcept {
  return std::string_view(bytes_).substr(entry.begin, entry.n_byte);
}

/// The slot that holds `piece`, or the free one where it would go.
std::size_t Vocabulary::slot_of(std::string_view piece) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = std::hash<std::string_view>{}(piece)&mask;
  while (slots_[i] != 0 && text_of(entries_[slots_[i] - 1]) != piece) i = (i + 1) & mask;
  return i;
}

void Vocabulary::grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
  for (std::size_t id = 0; id < entries_.size(); ++id)
    if (entries_[id].used)
      slots_[slot_of(text_of(entries_[id]))] = static_cast<std::uint32_t>(id + 1);
}

}  // namespace moescope::tokenizer
