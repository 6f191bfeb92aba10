#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moescope::cli {

enum class ColorDepth { kNone, k8, k256 };

/// What may be written to one stream.
struct Terminal {
  bool is_terminal = false;
  int width = 80;  ///< columns, at least 20
  ColorDepth colors = ColorDepth::kNone;
  bool utf8 = false;         ///< the locale's encoding
  bool can_rewrite = false;  ///< the cursor can go back over a line
  bool operator==(const Terminal&) const = default;
};

/// What the decision rests on; absent variables are empty.
struct TerminalFacts {
  bool is_terminal = false;
  int system_columns = 0;  ///< as the terminal driver says; 0: unknown
  std::string columns = {}, term = {}, no_color = {}, lc_all = {}, lc_ctype = {}, lang = {};
};

TerminalFacts terminal_facts(int file_descriptor);

/// Decides from the facts alone. `color`: "auto", "always" or "never". NO_COLOR counts when it is
/// not empty and gives way to "always".
Terminal terminal_of(const TerminalFacts& facts, std::string_view color = "auto");

/// Text that went through escape_terminal, as the encoding can show it: where it is not UTF-8, in
/// ASCII forms (\n, _, -), and on a terminal without any other character outside ASCII.
std::string shown_on(const Terminal& terminal, std::string_view text);

/// The terminal behind stdout or stderr.
Terminal stdout_terminal(std::string_view color = "auto");
Terminal stderr_terminal();

}  // namespace moescope::cli
