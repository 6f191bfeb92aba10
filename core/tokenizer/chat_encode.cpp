#include "core/tokenizer/chat_template.hpp"

namespace moescope::tokenizer {

std::vector<Token> encode_chat(const Tokenizer& tokenizer, const RenderedChat& chat) {
  return tokenizer.encode_around(chat.text, chat.foreign);
}

}  // namespace moescope::tokenizer
