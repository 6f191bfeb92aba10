#include "core/formats/gguf.hpp"
#include "core/formats/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

namespace {

/// Reads a value by each getter; a getter may refuse it.
void read_value(const formats::GgufMetadata& metadata, std::string_view key) {
  std::size_t sum = 0;
  const auto touch = [&](const auto& get) { fuzz::read_or_refuse([&] { sum += get(); }); };
  touch([&] { return metadata.string(key).size(); });
  touch([&] { return metadata.uint(key) & 1; });
  touch([&] { return metadata.number(key) > 0 ? 1u : 0u; });
  touch([&] { return metadata.boolean(key) ? 1u : 0u; });
  touch([&] { return metadata.integers(key).size(); });
  touch([&] { return metadata.floats(key).size(); });
  touch([&] { return metadata.booleans(key).size(); });
  touch([&] { return metadata.uint_per_layer(key, 3, 1000).size(); });
  touch([&] {
    std::size_t n = 0;
    for (const std::string_view text : metadata.strings(key))
      n += text.empty() ? 0 : static_cast<unsigned char>(text.back());
    return n;
  });
  fuzz::require(sum < SIZE_MAX, "values were read");
}

}  // namespace

/// The head of a GGUF file: every value and every tensor lies inside the file, no tensor on
/// another.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  fuzz::read_or_refuse([&] {
    const auto header = formats::read_gguf_header(bytes, "input");
    for (const formats::GgufEntry& entry : header.metadata.entries()) {
      fuzz::require(header.metadata.find(entry.key) == &entry.value, "a value has its key");
      fuzz::require(entry.value.bytes.size() <= size, "a value lies in the file");
      read_value(header.metadata, entry.key);
    }
    std::size_t total = 0;
    volatile unsigned sum = 0;
    for (const formats::TensorView& t : header.tensors) {
      total += t.bytes.size();
      sum = sum + std::to_integer<unsigned>(t.bytes.front()) +
            std::to_integer<unsigned>(t.bytes.back());
      fuzz::require(formats::checked_n_byte(t.type, t.shape) == t.bytes.size(),
                    "shape and type give the size");
      fuzz::require(formats::find_tensor(header.tensors, t.name) == &t, "a tensor has its name");
      fuzz::require(t.shape.size() <= 4 && t.name.size() <= 64, "limits of the format hold");
    }
    fuzz::require(total <= size, "tensors fit the file");
  });
  return 0;
}
