#include "core/base/error.hpp"
#include "core/tokenizer/parts.hpp"

namespace moescope::tokenizer {

TokenizerParts read_tekken(std::string_view, const std::string& where) {
  fail(ErrorCode::kBadInput, "{}: tekken", where);
}

}  // namespace moescope::tokenizer
