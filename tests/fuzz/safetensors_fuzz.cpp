#include "core/formats/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

namespace {

/// Sums the first and the last byte, so that a view out of bounds is touched.
std::size_t touch(std::span<const std::byte> bytes) {
  if (bytes.empty()) return 0;
  return static_cast<std::size_t>(bytes.front()) + static_cast<std::size_t>(bytes.back());
}

}  // namespace

/// The safetensors header: every tensor lies inside the file and none on another.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  fuzz::read_or_refuse([&] {
    const auto header = formats::read_safetensors_header(bytes, "input");
    std::size_t total = 0;
    volatile std::size_t sum = 0;
    for (const formats::TensorView& t : header.tensors) {
      total += t.bytes.size();
      sum = sum + touch(t.bytes);
      fuzz::require(formats::checked_n_byte(t.type, t.shape) == t.bytes.size(),
                    "shape and type give the size");
      fuzz::require(formats::find_tensor(header.tensors, t.name) == &t, "a tensor has its name");
    }
    fuzz::require(total + 8 <= size, "tensors fit the file");
  });
  return 0;
}
