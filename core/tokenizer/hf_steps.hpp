#pragma once

#include <initializer_list>
#include <string_view>

#include "core/base/json.hpp"
#include "core/tokenizer/parts.hpp"

/// The stages of a tokenizer.json around its model.
namespace moescope::tokenizer {

/// What `ByteLevel` cuts by unless it is told not to.
inline constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// Errors: kBadInput for a key that isn't among `known`, since it may change ids.
void check_keys(const JsonNode& node, std::initializer_list<std::string_view> known);

/// The value of key `type` of a stage.
/// Errors: kBadInput, naming the place and the supported types, when it isn't among them.
std::string stage_type(const JsonNode& node, std::initializer_list<std::string_view> supported);

/// `Replace` of a normalizer or decoder.
ReplaceStep read_replace(const JsonNode& node);

/// What a `Metaspace`, pre-tokenizer or decoder, says.
struct MetaspaceRules {
  PrependScheme prepend = PrependScheme::kAlways;
  bool split = true;
};
MetaspaceRules read_metaspace_rules(const JsonNode& node);

void read_normalizer_stage(const JsonNode& node, Normalizer& normalizer);
/// Returns whether the model is to run over bytes.
bool read_pre_tokenizer_stage(const JsonNode& node, PreTokenizer& out);
void read_decoder_stage(const JsonNode& node, TokenizerParts& parts);
/// Takes bos and eos from what the template puts around a text, and how offsets are trimmed.
void read_post_processor_stage(const JsonNode& node, TokenizerParts& parts);

}  // namespace moescope::tokenizer
