#pragma once

#include <string>

#include "core/formats/gguf_metadata.hpp"
#include "core/tokenizer/gguf_vocabulary.hpp"

namespace moescope::tokenizer {

/// Looks the keys up in a file's metadata, which must outlive the result.
GgufKeys gguf_keys(const formats::GgufMetadata& metadata);

/// SHA-256 over every key of the tokenizer, in order, with its type and bytes: the identity of the
/// vocabulary, whatever weights the file holds.
std::string gguf_tokenizer_hash(const formats::GgufMetadata& metadata);

}  // namespace moescope::tokenizer
