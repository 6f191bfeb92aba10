#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/tokenizer/chat_filters.hpp"

namespace moescope::tokenizer {
namespace {

using Int = std::int64_t;

/// What int() and float() read: white space and underscores between digits gone. Nothing where a
/// sign stands that they cannot read.
std::optional<std::string> number_text(const FilterCall& call, const std::string& text) {
  call.machine.budget().work(text.size());
  const Span kept = strip_range(text, nullptr, {});
  std::string out;
  for (std::size_t i = kept.begin; i < kept.end; ++i) {
    const char c = text[i];
    const auto digit = [&](std::size_t at) {
      return at < kept.end && at >= kept.begin && text[at] >= '0' && text[at] <= '9';
    };
    if ((static_cast<unsigned char>(c) & 0x80u) != 0)
      call.machine.unsupported(fmt::format("'{}' of characters beyond ASCII", call.name));
    if (c == '_' && i > kept.begin && digit(i - 1) && digit(i + 1)) continue;
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  if (out.starts_with('+') && out.size() > 1 && out[1] != '-') out.erase(0, 1);
  return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<double> real_of(const FilterCall& call, const std::string& text) {
  const auto shown = number_text(call, text);
  if (!shown) return std::nullopt;
  const bool minus = shown->starts_with('-');
  const std::string rest = shown->substr(minus ? 1 : 0);
  double out = 0;
  if (rest == "inf" || rest == "infinity") {
    out = std::numeric_limits<double>::infinity();
  } else if (rest == "nan") {
    out = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (rest.empty() || rest.find_first_not_of("0123456789.e+-") != std::string::npos ||
        rest[0] == '-' || rest[0] == '+' || rest[0] == 'e')
      return std::nullopt;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (end != rest.data() + rest.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range)
      call.machine.unsupported("a number out of the range of reals");
    if (error != std::errc()) return std::nullopt;
  }
  return minus ? -out : out;
}

/// The whole number that a real is cut to; nothing for nan.
std::optional<Value> cut(const FilterCall& call, double value) {
  if (std::isnan(value)) return std::nullopt;
  if (std::abs(value) >= 0x1p63) call.machine.unsupported("a whole number beyond 64 bits");
  return Value(static_cast<Int>(value));
}

std::optional<Value> whole_of(const FilterCall& call, const std::string& text) {
  if (const auto shown = number_text(call, text)) {
    Int out = 0;
    const auto [end, error] = std::from_chars(shown->data(), shown->data() + shown->size(), out);
    if (end == shown->data() + shown->size()) {
      if (error == std::errc()) return Value(out);
      if (error == std::errc::result_out_of_range)
        call.machine.unsupported("a whole number beyond 64 bits");
    }
  }
  const auto real = real_of(call, text);
  if (!real || std::isinf(*real)) return std::nullopt;
  return cut(call, *real);
}

Value as_foreign(Value value, const Value& from) {
  const ChatText* text = from.text();
  value.foreign = from.foreign || (text != nullptr && !text->foreign.empty());
  return value;
}

Value to_int(const FilterCall& call) {
  const auto bound = call.bind({"default", "base"});
  call.machine.need_defined(call.value);
  std::optional<Value> out;
  if (const ChatText* text = call.value.text()) {
    if (bound[1] && bound[1]->integer() != 10) call.machine.unsupported("'int' with a base");
    out = whole_of(call, text->bytes);
  } else if (const auto whole = call.value.integer()) {
    out = Value(*whole);
  } else if (const auto real = call.value.number()) {
    if (std::isinf(*real)) call.machine.refuse("cannot convert float infinity to integer");
    out = cut(call, *real);
  }
  if (out) return as_foreign(*out, call.value);
  return bound[0] ? *bound[0] : Value(Int{0});
}

Value to_float(const FilterCall& call) {
  const auto bound = call.bind({"default"});
  call.machine.need_defined(call.value);
  std::optional<double> out = call.value.number();
  if (const ChatText* text = call.value.text()) out = real_of(call, text->bytes);
  if (out) return as_foreign(Value(*out), call.value);
  return bound[0] ? *bound[0] : Value(0.0);
}

Value absolute(const FilterCall& call) {
  call.bind({});
  call.machine.need_defined(call.value);
  if (const auto whole = call.value.integer())
    return *whole < 0 ? negate(call.machine, call.value, true) : Value(*whole, call.value.foreign);
  if (const auto real = call.value.number()) return Value(std::abs(*real), call.value.foreign);
  call.machine.refuse(fmt::format("bad operand type for abs(): '{}'", type_name(call.value)));
}

Value round_real(double value, Int precision) {
  constexpr Int kMostDigits = 330;
  if (!std::isfinite(value) || precision > kMostDigits) return Value(value);
  const std::string shown = fmt::format("{:.{}f}", value, static_cast<int>(precision));
  double out = 0;
  std::from_chars(shown.data(), shown.data() + shown.size(), out);
  return Value(out);
}

Value round(const FilterCall& call) {
  const auto bound = call.bind({"precision", "method"});
  call.machine.need_defined(call.value);
  const auto precision = bound[0] ? bound[0]->integer() : std::optional<Int>(0);
  if (!precision) call.machine.refuse("round expects a whole number as precision");
  if (*precision < 0) call.machine.unsupported("'round' to tens");
  const std::string method = bound[1] ? printed(call.machine, *bound[1]).bytes : "common";
  if (method != "common" && method != "ceil" && method != "floor")
    call.machine.refuse("method must be common, ceil or floor");
  const auto real = call.value.number();
  if (!real) call.machine.refuse(fmt::format("a {} cannot be rounded", type_name(call.value)));
  const bool foreign = call.value.foreign;
  if (method == "common") {
    if (const auto whole = call.value.integer()) return Value(*whole, foreign);
    return as_foreign(round_real(*real, *precision), call.value);
  }
  constexpr Int kMostExact = 15;
  if (!std::isfinite(*real)) call.machine.refuse("cannot convert float to integer");
  if (*precision > kMostExact) call.machine.unsupported("'round' to more than 15 digits");
  const double scale = std::pow(10.0, static_cast<double>(*precision));
  const double scaled = *real * scale;
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale + 0.0, foreign);
}

constexpr FilterRow kRows[] = {
    {"int", to_int}, {"float", to_float}, {"abs", absolute}, {"round", round}};

}  // namespace

std::span<const FilterRow> number_filters() {
  return kRows;
}

}  // namespace moescope::tokenizer
