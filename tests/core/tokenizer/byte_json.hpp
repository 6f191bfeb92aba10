#pragma once

#include <string>
#include <vector>

#include "core/base/escape.hpp"
#include "core/tokenizer/byte_level.hpp"
#include "core/tokenizer/tokenizer.hpp"

/// Writes small byte-level tokenizers for tests.
namespace moescope::tokenizer::testing_bytes {

/// The 256 letters of the alphabet of bytes, in the order of the bytes.
inline std::vector<std::string> byte_pieces() {
  std::vector<std::string> pieces;
  for (unsigned byte = 0; byte < 256; ++byte) {
    pieces.emplace_back();
    append_byte_piece(pieces.back(), std::string(1, static_cast<char>(byte)));
  }
  return pieces;
}

/// A byte-level tokenizer.json: the bytes, then `pieces`.
struct ByteJson {
  std::vector<std::string> pieces;
  std::string merges = "[]";
  std::string added = "[]";
  std::string model_flags = R"("ignore_merges":false)";
  std::string normalizer = "null";
  std::string pre_tokenizer =
      R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})";
  std::string post_processor = "null";
  std::string decoder =
      R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";

  std::string text() const {
    std::vector<std::string> all = byte_pieces();
    all.insert(all.end(), pieces.begin(), pieces.end());
    std::string vocab;
    for (std::size_t i = 0; i < all.size(); ++i)
      vocab += (i ? "," : "") + json_string(all[i]) + ":" + std::to_string(i);
    return R"({"version":"1.0","added_tokens":)" + added + R"(,"normalizer":)" + normalizer +
           R"(,"pre_tokenizer":)" + pre_tokenizer + R"(,"post_processor":)" + post_processor +
           R"(,"decoder":)" + decoder + R"(,"model":{"type":"BPE",)" + model_flags +
           R"(,"vocab":{)" + vocab + R"(},"merges":)" + merges + "}}";
  }
  Tokenizer load() const { return Tokenizer::from_json_bytes(text(), "t.json"); }
};

}  // namespace moescope::tokenizer::testing_bytes
