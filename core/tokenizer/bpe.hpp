#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/index.hpp"
#include "core/tokenizer/flat_map.hpp"
#include "core/tokenizer/prefix_matcher.hpp"
#include "core/tokenizer/vocabulary.hpp"

namespace moescope::tokenizer {

/// A token as the model sees it: bytes [begin, end) of the normalised text.
struct ModelToken {
  TokenId id;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const ModelToken&) const = default;
};

/// What two neighbouring symbols become. The least rank merges first, the leftmost of equals.
struct Merge {
  std::uint32_t rank = 0;
  std::uint32_t merged = 0;
};

/// Merges by pair of symbol ids. Symbol ids are token ids, and numbers past the vocabulary for
/// characters that only occur inside pieces.
class MergeTable {
 public:
  /// False and unchanged where the pair is there already.
  bool add(std::uint32_t left, std::uint32_t right, Merge merge) {
    return map_.insert(key(left, right), merge);
  }
  const Merge* find(std::uint32_t left, std::uint32_t right) const noexcept {
    return map_.find(key(left, right));
  }
  std::size_t size() const noexcept { return map_.size(); }

 private:
  static std::uint64_t key(std::uint32_t left, std::uint32_t right) noexcept {
    return (std::uint64_t{left} << 32) | right;
  }
  FlatMap<Merge> map_;
};

/// A symbol under merging and the bytes that it covers.
struct Symbol {
  std::uint32_t id = 0;
  std::uint32_t n_byte = 0;
  bool operator==(const Symbol&) const = default;
};

/// Which characters may come to stand inside one token, left and right of a merge. Where two
/// neighbours never do, a text can be cut without changing a token. May err towards true.
class JoinFilter {
 public:
  JoinFilter() : bits_(kBits / 64) {}
  /// Notes a merge of two pieces of valid UTF-8.
  void add(std::string_view left, std::string_view right);
  bool may_join(char32_t a, char32_t b) const noexcept {
    const std::size_t i = place(a, b);
    return (bits_[i / 64] >> (i % 64) & 1u) != 0;
  }

 private:
  static constexpr std::size_t kBits = 1u << 18;
  static std::size_t place(char32_t a, char32_t b) noexcept {
    const std::uint64_t mixed =
        (std::uint64_t{a} * 0x9e3779b97f4a7c15u) ^ (std::uint64_t{b} * 0xd6e8feb86659fd93u);
    return static_cast<std::size_t>(mixed >> 40) % kBits;
  }
  std::vector<std::uint64_t> bits_;
};

/// Merges neighbours until no merge is left: O(n log n) in the number of symbols. Keeps its
/// buffers from run to run.
class Merger {
 public:
  /// Splits of symbols that were candidates while merging, by what they would become.
  using Splits = std::unordered_map<std::uint32_t, std::pair<Symbol, Symbol>>;

  explicit Merger(const MergeTable& table) : table_(table) {}
  /// A buffer to hand to run; its content is the caller's.
  std::vector<Symbol>& symbols() { return symbols_; }
  /// `watched`, where given: ids whose splits are noted in `splits`, the latest one staying.
  void run(std::vector<Symbol>& symbols, const std::vector<bool>* watched = nullptr,
           Splits* splits = nullptr);

 private:
  struct Place {
    std::uint32_t previous;
    std::uint32_t next;
    Merge merge;  ///< with the next symbol; rank kNoRank where there is none
  };
  void run_short(std::vector<Symbol>& symbols);
  bool consider(std::uint32_t left, const std::vector<Symbol>& symbols);
  void join(std::uint32_t left, std::vector<Symbol>& symbols);

  const MergeTable& table_;
  std::vector<Symbol> symbols_;
  const std::vector<bool>* watched_ = nullptr;
  Splits* splits_ = nullptr;
  std::vector<Place> places_;
  std::vector<std::uint64_t> heap_;  ///< rank and place of the left symbol, least first
};

/// Byte pair encoding over characters or bytes, for merge lists and for scores alike.
struct BpeModel {
  MergeTable merges;
  JoinFilter joins;                         ///< of all merges
  FlatMap<std::uint32_t> characters;        ///< code point → symbol id
  std::vector<std::uint32_t> byte_symbols;  ///< symbol id of each byte; empty: over characters
  std::uint32_t n_id = 0;                   ///< symbol ids from here on are no tokens
  PrefixMatcher frozen;                     ///< user-defined pieces: matched first, never merged
  std::vector<std::uint32_t> byte_ids;      ///< token of each byte; empty: no byte fallback
  std::vector<bool> unused;                 ///< pieces that are taken apart again; may be empty
  std::optional<TokenId> unk;
  bool fuse_unk = false;
  bool ignore_merges = false;  ///< text that is one piece of the vocabulary stays whole
  FlatMap<bool> outside;       ///< ids of added tokens, which are no pieces of the model

  /// Adds the tokens of one piece of normalised text to `out`, which holds tokens of this piece
  /// alone.
  /// Errors: kBadInput for a character without a token where there is no unknown token.
  void encode(std::string_view text, const Vocabulary& vocabulary, Merger& merger,
              std::vector<ModelToken>& out) const;

 private:
  std::optional<TokenId> whole(std::string_view text, const Vocabulary& vocabulary) const;
  void encode_bytes(std::string_view text, Merger& merger, std::vector<ModelToken>& out) const;
  void merge_and_emit(std::string_view text, std::size_t& at, std::vector<Symbol>& symbols,
                      Merger& merger, std::vector<ModelToken>& out) const;
  void take_apart(const Merger::Splits& splits, std::vector<Symbol>& symbols) const;
  void emit_unknown(std::string_view text, std::size_t at, std::size_t n_byte,
                    std::vector<ModelToken>& out) const;
};

}  // namespace moescope::tokenizer
