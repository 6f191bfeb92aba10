#include "core/base/utf8.hpp"
#include "core/tokenizer/chat_machine.hpp"
#include "core/tokenizer/chat_unicode.hpp"

/// Changes of text that methods and filters share.
namespace moescope::tokenizer {
namespace {

constexpr char32_t kSigma = 0x3a3;
constexpr char32_t kFinalSigma = 0x3c2;

bool ends_line(char32_t code) {
  return (code >= 0x0a && code <= 0x0d) || (code >= 0x1c && code <= 0x1e) || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

}  // namespace

Value change_case(Machine& machine, const ChatText& text, std::string_view how) {
  TextWriter out(machine.budget());
  TextReader reader(text);
  bool in_word = false;  // of title: behind a cased letter; of capitalize: behind the first
  while (reader.next()) {
    const char32_t code = reader.code();
    LetterCase to = LetterCase::kLower;
    if (how == "upper") to = LetterCase::kUpper;
    if ((how == "title" || how == "capitalize") && !in_word) to = LetterCase::kTitle;
    in_word = how == "capitalize" || is_cased(code);
    const bool foreign = reader.foreign();
    if (to == LetterCase::kLower && code == kSigma && is_final_sigma(text.bytes, reader.begin())) {
      out.add_character(kFinalSigma, foreign);
      continue;
    }
    const CaseMapping mapping = map_case(code, to);
    out.add_character(mapping.to[0], foreign);
    for (const char32_t more : {mapping.to[1], mapping.to[2]})
      if (more != 0) out.add_character(more, foreign);
  }
  return machine.make(out.take());
}

Value replace_text(Machine& machine, const ChatText& text, const ChatText& from, const ChatText& to,
                   std::int64_t most) {
  TextWriter out(machine.budget());
  const std::string& bytes = text.bytes;
  machine.budget().work(bytes.size());
  std::size_t done = 0;
  if (from.bytes.empty()) {
    // Before every character and at the end.
    for (; most != 0; --most) {
      machine.budget().step();
      out.add(to);
      if (done == bytes.size()) break;
      const std::size_t n = decode_utf8(bytes, done).value_or(Utf8Char{0, 1}).n_byte;
      out.add(text, done, done + n);
      done += n;
    }
  }
  while (!from.bytes.empty() && most != 0) {
    const std::size_t at = find_part(bytes, from.bytes, done);
    if (at == std::string::npos) break;
    out.add(text, done, at);
    out.add(to);
    done = at + from.bytes.size();
    --most;
  }
  out.add(text, done, bytes.size());
  return machine.make(out.take());
}

Value strip_text(Machine& machine, const ChatText& text, const Value* chars, StripEnds ends) {
  const ChatText* set = chars == nullptr ? nullptr : chars->text();
  machine.budget().work(text.bytes.size() * (set == nullptr ? 1 : 1 + set->bytes.size() / 16));
  const std::string_view view = set == nullptr ? std::string_view() : set->bytes;
  const Span kept = strip_range(text.bytes, set == nullptr ? nullptr : &view, ends);
  TextWriter out(machine.budget());
  out.add(text, kept.begin, kept.end);
  ChatText stripped = out.take();
  stripped.safe = text.safe;
  return machine.make(std::move(stripped));
}

std::vector<Value> split_lines(Machine& machine, const ChatText& text) {
  std::vector<Value> out;
  const auto put = [&](std::size_t begin, std::size_t end) {
    TextWriter line(machine.budget());
    line.add(text, begin, end);
    out.push_back(machine.make(line.take()));
  };
  TextReader reader(text);
  std::size_t begin = 0;
  while (reader.next()) {
    machine.budget().step();
    if (!ends_line(reader.code())) continue;
    const std::size_t end = reader.begin();
    if (reader.code() == '\r' && reader.end() < text.bytes.size() &&
        text.bytes[reader.end()] == '\n')
      reader.next();
    put(begin, end);
    begin = reader.end();
  }
  if (begin < text.bytes.size()) put(begin, text.bytes.size());
  return out;
}

}  // namespace moescope::tokenizer
