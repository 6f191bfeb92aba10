#include "cli/text_input.hpp"

#include <cstdio>

#include "cli/share.hpp"
#include "core/base/error.hpp"

namespace moescope::cli {

std::optional<std::string> InputLines::next() {
  std::string line;
  int c = std::getc(stdin);
  if (c == EOF) return std::nullopt;
  ++number_;
  for (; c != EOF && c != '\n'; c = std::getc(stdin)) {
    line += static_cast<char>(c);
    if (line.size() > kMaxLineBytes)
      fail(ErrorCode::kBadInput, "standard input: line {}: over {} bytes", number_, kMaxLineBytes);
  }
  return line;
}

tokenizer::Tokenizer resolve_tokenizer(std::string_view name) {
  const std::filesystem::path path = resolve_model(name);
  if (std::filesystem::is_directory(path)) return tokenizer::Tokenizer::load_model_folder(path);
  if (path.extension() == ".safetensors")
    return tokenizer::Tokenizer::load_model_folder(path.parent_path());
  return tokenizer::Tokenizer::load_file(path);
}

}  // namespace moescope::cli
