#include "core/formats/other_formats.hpp"

#include <array>

#include "core/base/error.hpp"

namespace moescope::formats {
namespace {

struct OtherFormat {
  std::string_view magic;
  std::string_view advice;
};

constexpr std::array<OtherFormat, 8> kOtherFormats{{
    {"version https://git-lfs", "a Git LFS pointer; fetch the weights themselves: git lfs pull"},
    {"GGUF", "a GGUF file"},
    {"PK\x03\x04", "a PyTorch file or zip archive; convert it to safetensors"},
    {"<!DOCTYPE", "a web page; download the file again"},
    {"lmgg", "a GGML file, which GGUF replaced; convert the model again"},
    {"fmgg", "a GGMF file, which GGUF replaced; convert the model again"},
    {"tjgg", "a GGJT file, which GGUF replaced; convert the model again"},
    {"algg", "a GGLA adapter, which GGUF replaced; convert the adapter again"},
}};

}  // namespace

void refuse_other_formats(std::string_view text, std::string_view expected,
                          std::string_view where) {
  for (const OtherFormat& other : kOtherFormats)
    if (text.starts_with(other.magic))
      fail(ErrorCode::kBadInput, "{}: expected {}, got {}", where, expected, other.advice);
}

}  // namespace moescope::formats
