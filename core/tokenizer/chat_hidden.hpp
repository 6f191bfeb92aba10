#pragma once

#include <string>
#include <vector>

#include "core/tokenizer/chat_ast.hpp"

namespace moescope::tokenizer {

/// Finds the names that are set in a scope of the template and not looked at in it before: until
/// they are set, inner loops and macros see them as undefined, whatever the caller passed under
/// that name. Fills Statement::hidden and gives the names of the outermost scope.
/// Source: idtracking.py of Jinja 3.1.
std::vector<std::string> find_hidden_names(Body& body);

}  // namespace moescope::tokenizer
