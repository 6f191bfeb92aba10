#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {

/// A folder of its own for one test, removed afterwards.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "moescope-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  std::filesystem::path path_;
};

inline ErrorCode code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode{0};
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string le64(std::uint64_t value) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

/// A safetensors file of the given header and `n_data` bytes 0, 1, 2, …
inline std::string safetensors(std::string_view header, std::size_t n_data) {
  std::string out = le64(header.size());
  out += header;
  for (std::size_t i = 0; i < n_data; ++i) out += static_cast<char>(i & 0xff);
  return out;
}

/// A header that holds f32 vectors of one element, in that order.
inline std::string scalars(std::initializer_list<std::string_view> names) {
  std::string header = "{";
  std::size_t at = 0;
  for (const std::string_view name : names) {
    header += at == 0 ? "\"" : ",\"";
    header += name;
    header += "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + std::to_string(at) + "," +
              std::to_string(at + 4) + "]}";
    at += 4;
  }
  return safetensors(header + "}", at);
}

}  // namespace moescope::formats
