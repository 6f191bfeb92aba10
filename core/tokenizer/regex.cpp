#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/tokenizer/regex.hpp"

#include <pcre2.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::tokenizer {
namespace {

using Clock = std::chrono::steady_clock;

template <auto free_it>
struct Free {
  template <class T>
  void operator()(T* p) const noexcept {
    free_it(p);
  }
};
using CodePtr = std::unique_ptr<pcre2_code, Free<pcre2_code_free>>;
using DataPtr = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>>;
using CompilePtr = std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free>>;
using ContextPtr = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>>;
using StackPtr = std::unique_ptr<pcre2_jit_stack, Free<pcre2_jit_stack_free>>;

constexpr std::size_t kJitStack = 1u << 20;
constexpr std::uint32_t kHeapKib = 64u << 10;
constexpr unsigned kCallsPerLook = 16;

// No pattern in use needs a thousandth of this, so that a busy machine changes nothing.
constexpr double kSeconds = 2.0;
constexpr double kSecondsPerByte = 20e-6;

/// Backtracking steps that matching may take from one starting place. Patterns in use take one or
/// two for each character of a run, as when `\s*[\r\n]+` looks for a line's end among spaces.
std::uint32_t match_limit(std::size_t n_byte) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(n_byte, 1u << 28) * 8 + 10'000);
}

/// How many starting places a search looks at before the clock is asked again.
std::size_t starts_at_once(std::size_t n_byte) {
  constexpr std::size_t kMost = 4096;
  constexpr std::size_t kWork = 1u << 24;
  return std::clamp<std::size_t>(kWork / std::max<std::size_t>(n_byte, 1), 16, kMost);
}

template <class Pointer>
Pointer held(Pointer pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

}  // namespace

struct RegexWorkspace::Data {
  DataPtr match = held(DataPtr(pcre2_match_data_create(1, nullptr)));
  ContextPtr context = held(ContextPtr(pcre2_match_context_create(nullptr)));
  StackPtr stack;
  std::size_t n_limit_byte = SIZE_MAX;
  Clock::time_point deadline = Clock::time_point::max();
  unsigned n_call = 0;

  Data() {
    pcre2_set_heap_limit(context.get(), kHeapKib);
    stack.reset(pcre2_jit_stack_create(1u << 15, kJitStack, nullptr));
    if (stack) pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }

  void look_at_the_clock(bool always) {
    if (!always && ++n_call % kCallsPerLook != 0) return;
    if (Clock::now() > deadline)
      fail(ErrorCode::kBadInput,
           "text: a regular expression of the tokenizer takes too long on it; split it");
  }
};

RegexWorkspace::RegexWorkspace() : data_(std::make_unique<Data>()) {}
RegexWorkspace::~RegexWorkspace() = default;

void RegexWorkspace::begin(std::size_t n_byte) {
  const std::chrono::duration<double> allowed(kSeconds +
                                              kSecondsPerByte * static_cast<double>(n_byte));
  data_->deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(allowed);
}

struct Regex::Code {
  CodePtr code;

  Code(const std::string& pattern, std::string_view shown, std::string_view where) {
    const CompilePtr context = held(CompilePtr(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context.get(), PCRE2_BSR_UNICODE);
    pcre2_set_parens_nest_limit(context.get(), 64);
    int error = 0;
    std::size_t at = 0;
    constexpr std::uint32_t kOptions =
        PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), kOptions,
                             &error, &at, context.get()));
    if (!code) {
      PCRE2_UCHAR text[256] = {};
      pcre2_get_error_message(error, text, sizeof text);
      fail(ErrorCode::kBadInput, "{}: regular expression {}: {}", where,
           json_string(shown.substr(0, 80)), reinterpret_cast<const char*>(text));
    }
    std::uint32_t may_be_empty = 0;
    pcre2_pattern_info(code.get(), PCRE2_INFO_MATCHEMPTY, &may_be_empty);
    if (may_be_empty != 0)
      fail(ErrorCode::kBadInput,
           "{}: regular expression {} matches the empty text, which isn't supported", where,
           json_string(shown.substr(0, 80)));
    // Where there is no JIT, the interpreter does the same.
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  }

  /// The next match that begins in [at, last_start]; false where there is none.
  bool next(std::string_view text, std::size_t at, std::size_t last_start,
            RegexWorkspace::Data& work, TextRange& found) const {
    pcre2_set_offset_limit(work.context.get(), last_start);
    const auto run = [&](std::uint32_t options) {
      return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                         options | PCRE2_NO_UTF_CHECK, work.match.get(), work.context.get());
    };
    int rc = run(0);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = run(PCRE2_NO_JIT);
    if (rc == PCRE2_ERROR_NOMATCH) return false;
    if (rc < 0)
      fail(ErrorCode::kBadInput,
           "text: byte {}: a regular expression of the tokenizer needs too many steps; split it",
           at);
    const PCRE2_SIZE* place = pcre2_get_ovector_pointer(work.match.get());
    found = {place[0], place[1]};
    return true;
  }
};

Regex::Regex(std::string_view pattern, RegexDialect dialect, std::string_view where)
    : code_(std::make_shared<const Code>(to_pcre2(pattern, dialect, where), pattern, where)) {}

Regex Regex::literal(std::string_view text, std::string_view where) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
                       (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain)
      escaped += c;
    else
      escaped += fmt::format("\\x{{{:x}}}", static_cast<unsigned>(c));
  }
  return Regex(std::make_shared<const Code>(escaped, text, where));
}

void Regex::find_all(std::string_view text, RegexWorkspace& workspace,
                     std::vector<TextRange>& out) const {
  RegexWorkspace::Data& work = *workspace.data_;
  if (work.n_limit_byte != text.size()) {
    pcre2_set_match_limit(work.context.get(), match_limit(text.size()));
    work.n_limit_byte = text.size();
  }
  const std::size_t n_start = starts_at_once(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const bool all = text.size() - at <= n_start;
    std::size_t last = all ? text.size() : at + n_start;
    while (!all && (static_cast<unsigned char>(text[last]) & 0xc0u) == 0x80u) --last;
    TextRange found;
    if (code_->next(text, at, last, work, found)) {
      out.push_back(found);
      at = found.end;
    } else {
      at = last;
    }
    work.look_at_the_clock(!all);
  }
}

}  // namespace moescope::tokenizer
