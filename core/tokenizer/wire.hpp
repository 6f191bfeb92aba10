#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moescope::tokenizer {

/// One field of a protocol buffer message.
struct WireField {
  std::uint32_t number = 0;
  std::uint32_t type = 0;   ///< 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  std::uint64_t value = 0;  ///< of types 0, 1 and 5
  std::string_view bytes;   ///< of type 2
  std::size_t offset = 0;   ///< of the field in the file
};

/// Walks the fields of one message; every length is held against the bytes that are there.
class WireReader {
 public:
  /// `offset` is where the message begins in the file that `where` names.
  WireReader(std::string_view message, std::size_t offset, std::string_view where)
      : message_(message), base_(offset), where_(where) {}

  /// Reads the next field; false at the end of the message.
  /// Errors: kBadInput with the byte offset.
  bool next(WireField& field);
  /// Offset in the file of the bytes of a length-delimited field.
  std::size_t offset_of(std::string_view bytes) const {
    return base_ + static_cast<std::size_t>(bytes.data() - message_.data());
  }

 private:
  std::uint64_t varint();
  std::uint64_t fixed(std::size_t n_byte);

  std::string_view message_;
  std::size_t base_;
  std::string where_;
  std::size_t at_ = 0;
};

}  // namespace moescope::tokenizer
