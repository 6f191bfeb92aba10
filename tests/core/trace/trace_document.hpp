#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// docs/formats/trace.md, whose examples the tests run.
namespace moescope::trace {

inline std::string trace_document() {
  std::ifstream in(std::filesystem::path(MOESCOPE_SOURCE_DIR) / "docs/formats/trace.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The fenced blocks of one language, in order.
inline std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> out;
  const std::string open = "```" + language + "\n";
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    at += open.size();
    const std::size_t end = text.find("```", at);
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace moescope::trace
