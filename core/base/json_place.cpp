#include "core/base/json_place.hpp"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace moescope {
namespace {

/// Walks over sound JSON and knows at every value what its path is.
class PlaceFinder {
 public:
  PlaceFinder(std::string_view text, std::string_view path, bool of_key)
      : text_(text), wanted_(path), of_key_(of_key) {}

  std::optional<TextPlace> find() {
    value();
    while (!found_ && !open_.empty()) {
      skip();
      if (at_ >= text_.size()) break;
      const char c = text_[at_];
      if (c == '}' || c == ']') {
        ++at_;
        open_.pop_back();
        continue;
      }
      if (c == ',') {
        ++at_;
        continue;
      }
      member();
    }
    return found_;
  }

 private:
  struct Container {
    std::string path;
    bool is_array = false;
    std::size_t n_item = 0;
  };

  /// One item of an array, or key and value of an object.
  void member() {
    Container& in = open_.back();
    if (in.is_array) {
      path_ = fmt::format("{}[{}]", in.path, in.n_item++);
    } else {
      const std::size_t key_at = at_;
      const std::string key = parse_json(string_token(), "key").get<std::string>();
      path_ = in.path.empty() ? key : fmt::format("{}.{}", in.path, key);
      if (of_key_ && path_ == wanted_) found_ = place_of(key_at);
      skip();
      ++at_;  // the colon
    }
    value();
  }

  void value() {
    skip();
    if (!of_key_ && !found_ && path_ == wanted_) found_ = place_of(at_);
    if (at_ >= text_.size()) return;
    const char c = text_[at_];
    if (c == '{' || c == '[') {
      ++at_;
      open_.push_back({path_, c == '['});
    } else if (c == '"') {
      string_token();
    } else {
      while (at_ < text_.size() &&
             std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos)
        ++at_;
    }
  }

  std::string_view string_token() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void skip() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  TextPlace place_of(std::size_t byte) const {
    TextPlace place;
    for (const char c : text_.substr(0, byte)) {
      if (c == '\n') {
        ++place.line;
        place.column = 1;
      } else {
        ++place.column;
      }
    }
    return place;
  }

  std::string_view text_, wanted_;
  bool of_key_;
  std::size_t at_ = 0;
  std::string path_;
  std::vector<Container> open_;
  std::optional<TextPlace> found_;
};

}  // namespace

std::optional<TextPlace> json_place(std::string_view text, std::string_view path, bool of_key) {
  return PlaceFinder(text, path, of_key).find();
}

}  // namespace moescope
