#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/tokenizer/gguf_vocabulary.hpp"

/// As much of GGUF as a vocabulary needs, for tests of what is made of it.
namespace moescope::tokenizer::testing_gguf {

struct Value {
  std::uint64_t number = 0;
  float real = 0;
  std::string text;
  std::vector<Value> items;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::map<std::string, Value> keys() {
    if (bytes_.substr(0, 4) != "GGUF") fail(ErrorCode::kBadInput, "no GGUF");
    at_ = 4;
    take<std::uint32_t>();
    take<std::uint64_t>();
    std::map<std::string, Value> out;
    for (auto n = take<std::uint64_t>(); n > 0; --n) {
      const std::string key = text();
      out[key] = value(take<std::uint32_t>());
    }
    return out;
  }

 private:
  template <class T>
  T take() {
    if (bytes_.size() - at_ < sizeof(T)) fail(ErrorCode::kBadInput, "the GGUF is cut");
    T out;
    std::memcpy(&out, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return out;
  }
  std::string text() {
    const auto n = take<std::uint64_t>();
    if (bytes_.size() - at_ < n) fail(ErrorCode::kBadInput, "the GGUF is cut");
    at_ += n;
    return std::string(bytes_.substr(at_ - n, n));
  }
  Value value(std::uint32_t type) {
    Value v;
    if (type == 8) {
      v.text = text();
    } else if (type == 9) {
      const auto inner = take<std::uint32_t>();
      for (auto n = take<std::uint64_t>(); n > 0; --n) v.items.push_back(value(inner));
    } else if (type == 6) {
      v.real = take<float>();
    } else if (type == 0 || type == 1 || type == 7) {
      v.number = take<std::uint8_t>();
    } else if (type == 2 || type == 3) {
      v.number = take<std::uint16_t>();
    } else if (type == 4 || type == 5) {
      v.number = take<std::uint32_t>();
    } else {
      v.number = take<std::uint64_t>();
    }
    return v;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// Looks the keys of a GGUF file up.
inline GgufKeys keys_of(std::string_view bytes, std::string where) {
  const auto all = std::make_shared<std::map<std::string, Value>>(Reader(bytes).keys());
  const auto get = [all](std::string_view key) -> const Value* {
    const auto found = all->find(std::string(key));
    return found == all->end() ? nullptr : &found->second;
  };
  const auto lookup = [get](auto convert) {
    return [get, convert](std::string_view key) -> std::optional<decltype(convert(Value()))> {
      const Value* v = get(key);
      if (!v) return std::nullopt;
      return convert(*v);
    };
  };
  const auto list = [](auto convert) {
    return [convert](const Value& v) {
      std::vector<decltype(convert(v))> out;
      for (const Value& item : v.items) out.push_back(convert(item));
      return out;
    };
  };
  const auto string = [](const Value& v) { return v.text; };
  GgufKeys keys;
  keys.where = std::move(where);
  keys.string = lookup(string);
  keys.uint = lookup([](const Value& v) { return v.number; });
  keys.boolean = lookup([](const Value& v) { return v.number != 0; });
  keys.strings = lookup(list(string));
  keys.floats = lookup(list([](const Value& v) { return v.real; }));
  keys.integers = lookup(list([](const Value& v) { return static_cast<std::int64_t>(v.number); }));
  return keys;
}

}  // namespace moescope::tokenizer::testing_gguf
