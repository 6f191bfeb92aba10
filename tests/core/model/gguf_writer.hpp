#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/formats/gguf_metadata.hpp"
#include "core/formats/tensor.hpp"

/// Writes small GGUF files of version 3 for the tests.
/// Source: docs/gguf.md of ggml.
namespace moescope::model::testing_support {

struct GgufTensor {
  std::string name;
  ElementType type = ElementType::kF32;
  formats::Shape shape;  ///< row-major, the slowest dimension first
  std::string bytes;
};

class GgufWriter {
 public:
  void text(std::string_view key, std::string_view value) {
    begin(key, formats::GgufType::kString);
    put_text(keys_, value);
  }
  void uint(std::string_view key, std::uint32_t value) {
    begin(key, formats::GgufType::kUint32);
    put(keys_, value);
  }
  void number(std::string_view key, float value) {
    begin(key, formats::GgufType::kFloat32);
    put(keys_, value);
  }
  void flag(std::string_view key, bool value) {
    begin(key, formats::GgufType::kBool);
    put(keys_, static_cast<std::uint8_t>(value));
  }
  void tensor(GgufTensor tensor) { tensors_.push_back(std::move(tensor)); }

  void write(const std::filesystem::path& path) const {
    constexpr std::size_t kAlign = 32;
    std::string head = "GGUF";
    put(head, std::uint32_t{3});
    put(head, static_cast<std::uint64_t>(tensors_.size()));
    put(head, n_key_);
    head += keys_;
    std::string data;
    for (const GgufTensor& t : tensors_) {
      put_text(head, t.name);
      put(head, static_cast<std::uint32_t>(t.shape.size()));
      for (auto d = t.shape.rbegin(); d != t.shape.rend(); ++d)
        put(head, static_cast<std::uint64_t>(*d));
      put(head, static_cast<std::uint32_t>(info(t.type).gguf_id));
      put(head, static_cast<std::uint64_t>(data.size()));
      data += t.bytes;
      data.resize((data.size() + kAlign - 1) / kAlign * kAlign);
    }
    head.resize((head.size() + kAlign - 1) / kAlign * kAlign);
    std::ofstream(path, std::ios::binary) << head << data;
  }

 private:
  template <class T>
  static void put(std::string& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
  }
  static void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint64_t>(text.size()));
    out += text;
  }
  void begin(std::string_view key, formats::GgufType type) {
    ++n_key_;
    put_text(keys_, key);
    put(keys_, static_cast<std::uint32_t>(type));
  }

  std::uint64_t n_key_ = 0;
  std::string keys_;
  std::vector<GgufTensor> tensors_;
};

}  // namespace moescope::model::testing_support
