#include "core/tokenizer/byte_level.hpp"

#include <array>
#include <cstdint>

#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

constexpr bool is_seen(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr std::size_t kEnd = 0x144;  // 256 and one for each of the 68 bytes that aren't seen
constexpr std::uint16_t kNone = 0xffff;

struct Alphabet {
  std::array<std::uint16_t, 256> character{};
  std::array<std::uint16_t, kEnd> byte{};
};

constexpr Alphabet make_alphabet() {
  Alphabet a;
  a.byte.fill(kNone);
  std::uint16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    a.character[byte] = is_seen(byte) ? static_cast<std::uint16_t>(byte) : next++;
    a.byte[a.character[byte]] = static_cast<std::uint16_t>(byte);
  }
  return a;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

char32_t byte_character(unsigned char byte) noexcept {
  return kAlphabet.character[byte];
}

std::optional<std::string> bytes_of_piece(std::string_view piece) {
  std::string bytes;
  for (std::size_t at = 0; at < piece.size();) {
    const auto c = decode_utf8(piece, at);
    if (!c || c->code >= kEnd || kAlphabet.byte[c->code] == kNone) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[c->code]);
    at += c->n_byte;
  }
  return bytes;
}

void append_byte_piece(std::string& out, std::string_view bytes) {
  for (const char c : bytes) append_utf8(out, byte_character(static_cast<unsigned char>(c)));
}

}  // namespace moescope::tokenizer
