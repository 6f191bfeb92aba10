#include "core/base/text_width.hpp"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include "core/base/utf8.hpp"

namespace moescope {
namespace {

/// wcwidth speaks of the thread's locale; this makes it UTF-8 whatever the user's is, and leaves
/// every other locale category alone.
class Utf8Characters {
 public:
  Utf8Characters() {
    static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (kUtf8) before_ = uselocale(kUtf8);
  }
  ~Utf8Characters() {
    if (before_) uselocale(before_);
  }
  Utf8Characters(const Utf8Characters&) = delete;
  Utf8Characters& operator=(const Utf8Characters&) = delete;

 private:
  locale_t before_ = nullptr;
};

std::size_t width_of(char32_t code) {
  if (code < 0x7f) return 1;
  const int width = wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

/// Calls use(bytes of one character, its width) until it returns false.
template <class Use>
void each_character(std::string_view text, Use&& use) {
  const Utf8Characters scope;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    const std::size_t n_byte = c ? c->n_byte : 1;
    if (!use(text.substr(at, n_byte), c ? width_of(c->code) : 1)) return;
    at += n_byte;
  }
}

/// The ASCII form of a character that moescope draws by itself; empty for every other one.
std::string ascii_form(char32_t code) {
  switch (code) {
    case 0x2409:
      return "\\t";
    case 0x240a:
      return "\\n";
    case 0x240d:
      return "\\r";
    case 0x2013:
      return "-";
    case 0x2026:
      return "...";
    case 0x2581:
      return "_";
    default:
      break;
  }
  if (code == 0x2421) return "\\x7f";
  if (code < 0x2400 || code >= 0x2420) return "";
  return fmt::format("\\x{:02x}", static_cast<unsigned>(code - 0x2400));
}

/// ASCII stays, what has a form in ASCII gets it, `other` says what becomes of the rest.
template <class Other>
std::string in_ascii(std::string_view text, const Other& other) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    const std::string_view bytes = text.substr(at, c ? c->n_byte : 1);
    const std::string form = c ? ascii_form(c->code) : "";
    if (c && c->code < 0x80)
      out += bytes;
    else
      out += form.empty() ? other(bytes) : form;
    at += bytes.size();
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  each_character(text, [&](std::string_view, std::size_t w) {
    width += w;
    return true;
  });
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width, bool utf8) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string out;
  std::size_t used = 0;
  each_character(text, [&](std::string_view bytes, std::size_t w) {
    if (used + w > width - 1) return false;
    out += bytes;
    used += w;
    return true;
  });
  return out + (utf8 ? "…" : "~");
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string ascii_forms(std::string_view text) {
  return in_ascii(text, [](std::string_view bytes) { return std::string(bytes); });
}

std::string ascii_only(std::string_view text) {
  return in_ascii(text, [](std::string_view) { return std::string("?"); });
}

}  // namespace moescope
