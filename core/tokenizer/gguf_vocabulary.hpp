#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moescope::tokenizer {

/// The vocabulary inside a GGUF file, as its `tokenizer.ggml.*` keys have it.
struct GgufVocabulary {
  std::string where;  ///< what messages call the file
  std::string model;  ///< "llama": pieces with scores; "gpt2": byte-level merges
  std::string pre;    ///< how gpt2 cuts text, such as "llama-bpe"; of no use to llama
  std::vector<std::string> tokens;
  std::vector<float> scores;              ///< llama: one a token
  std::vector<std::int64_t> token_types;  ///< one a token, or empty: all normal
  std::vector<std::string> merges;        ///< gpt2: "left right", first first
  std::optional<std::uint64_t> bos;
  std::optional<std::uint64_t> eos;
  std::optional<std::uint64_t> unk;
  std::optional<bool> add_bos;
  std::optional<bool> add_eos;
  std::optional<bool> add_space_prefix;
  std::optional<bool> remove_extra_whitespaces;
  bool operator==(const GgufVocabulary&) const = default;
};

/// How the metadata of a GGUF file is looked up. Each function gives nothing for an absent key and
/// throws kBadInput for one of another type.
struct GgufKeys {
  std::string where;
  std::function<std::optional<std::string>(std::string_view key)> string;
  std::function<std::optional<std::uint64_t>(std::string_view key)> uint;
  std::function<std::optional<bool>(std::string_view key)> boolean;
  std::function<std::optional<std::vector<std::string>>(std::string_view key)> strings;
  std::function<std::optional<std::vector<float>>(std::string_view key)> floats;
  std::function<std::optional<std::vector<std::int64_t>>(std::string_view key)> integers;
};

/// Gathers the vocabulary from the keys.
/// Errors: kBadInput for a missing model or token list, and by name for keys that would change ids
/// and aren't understood.
GgufVocabulary gather_gguf_vocabulary(const GgufKeys& keys);

}  // namespace moescope::tokenizer
