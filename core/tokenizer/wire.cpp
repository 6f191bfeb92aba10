#include "core/tokenizer/wire.hpp"

#include "core/base/error.hpp"

namespace moescope::tokenizer {

bool WireReader::next(WireField& field) {
  if (at_ == message_.size()) return false;
  field = WireField();
  field.offset = base_ + at_;
  const std::uint64_t tag = varint();
  if (tag > UINT32_MAX || tag >> 3 == 0)
    fail(ErrorCode::kBadInput, "{}: byte {}: expected a field, got tag {}", where_, field.offset,
         tag);
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<std::uint32_t>(tag & 7);
  switch (field.type) {
    case 0:
      field.value = varint();
      return true;
    case 1:
      field.value = fixed(8);
      return true;
    case 5:
      field.value = fixed(4);
      return true;
    case 2:
      break;
    default:
      fail(ErrorCode::kBadInput, "{}: byte {}: field {} has wire type {}, expected 0, 1, 2 or 5",
           where_, field.offset, field.number, field.type);
  }
  const std::uint64_t size = varint();
  if (size > message_.size() - at_)
    fail(ErrorCode::kBadInput, "{}: byte {}: field {} claims {} bytes, {} are left", where_,
         field.offset, field.number, size, message_.size() - at_);
  field.bytes = message_.substr(at_, static_cast<std::size_t>(size));
  at_ += static_cast<std::size_t>(size);
  return true;
}

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == message_.size())
      fail(ErrorCode::kBadInput, "{}: byte {}: the file ends inside a number", where_, base_ + at_);
    const auto byte = static_cast<unsigned char>(message_[at_++]);
    if (shift == 63 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  fail(ErrorCode::kBadInput, "{}: byte {}: a number of over 64 bits", where_, base_ + at_);
}

std::uint64_t WireReader::fixed(std::size_t n_byte) {
  if (message_.size() - at_ < n_byte)
    fail(ErrorCode::kBadInput, "{}: byte {}: the file ends inside a number", where_, base_ + at_);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n_byte; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(message_[at_ + i])} << (8 * i);
  at_ += n_byte;
  return value;
}

}  // namespace moescope::tokenizer
