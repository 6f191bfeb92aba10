#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"

namespace moescope::tokenizer {

/// The pieces of a tokenizer by id, and their ids by text. Ids may have holes.
class Vocabulary {
 public:
  /// `n_expected` pieces are to come: ids far beyond that count are refused, so that no id in a
  /// file decides how much is allocated.
  explicit Vocabulary(std::size_t n_expected = 0) : n_id_limit_(n_expected * 4 + 65536) {}

  /// Enters `piece` under `id`.
  /// Errors: kBadInput when the piece or the id is taken or the id is far out; `where` opens the
  /// message.
  void add(TokenId id, std::string_view piece, std::string_view where);

  std::optional<TokenId> find(std::string_view piece) const noexcept;
  /// The piece of `id`; empty for a hole or an id beyond the end.
  std::string_view piece(TokenId id) const noexcept;
  bool contains(TokenId id) const noexcept;
  /// One more than the largest id.
  std::size_t n_id() const noexcept { return entries_.size(); }
  std::size_t n_piece() const noexcept { return n_piece_; }

 private:
  struct Entry {
    std::size_t begin = 0;
    std::uint32_t n_byte = 0;
    bool used = false;
  };

  std::string_view text_of(const Entry& entry) const noexcept;
  std::size_t slot_of(std::string_view piece) const noexcept;
  void grow();

  std::size_t n_id_limit_;
  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  ///< id + 1; 0 is free
  std::size_t n_piece_ = 0;
};

}  // namespace moescope::tokenizer
