#pragma once

#include <string_view>

#include "core/tokenizer/chat_machine.hpp"

namespace moescope::tokenizer {

bool has_text_method(std::string_view name);
/// A method of Python's str, which has_text_method knows.
Value call_text_method(Machine& machine, const ChatText& text, std::string_view name,
                       const Arguments& arguments);

}  // namespace moescope::tokenizer
