#pragma once

#include <string_view>

namespace moescope::formats {

/// Refuses a file that begins like one of another format, by that format's name.
/// Errors: kBadInput: "<where>: expected <expected>, got <what it is, and what to do>".
void refuse_other_formats(std::string_view text, std::string_view expected, std::string_view where);

}  // namespace moescope::formats
