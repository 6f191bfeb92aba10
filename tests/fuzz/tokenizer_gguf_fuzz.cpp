#include "core/tokenizer/gguf_vocabulary.hpp"
#include "tests/fuzz/tokenizer_fuzz.hpp"

using namespace moescope;

namespace {

/// Takes the input apart: one value after another, each up to its separator.
class Fields {
 public:
  explicit Fields(std::string_view input) : rest_(input) {}
  std::string_view next(char separator) {
    const std::size_t end = std::min(rest_.find(separator), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }
  bool more() const { return !rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<std::uint64_t> id_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return static_cast<unsigned char>(text[0]) - std::uint64_t{'0'};
}

}  // namespace

/// The vocabulary of a GGUF file: a line with the model, one with the pre-tokenizer, one with flags
/// and ids, then a line for each token (type, score, text) up to an empty one, then the merges.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields lines(fuzz::text_of(data, size));
  tokenizer::GgufVocabulary v;
  v.where = "input";
  v.model = lines.next('\n');
  v.pre = lines.next('\n');
  const std::string_view flags = lines.next('\n');
  const auto flag = [&](std::size_t i) -> std::optional<bool> {
    if (i >= flags.size() || flags[i] == '-') return std::nullopt;
    return flags[i] == '1';
  };
  v.bos = id_of(flags.substr(0, 1));
  v.eos = id_of(flags.substr(std::min<std::size_t>(1, flags.size()), 1));
  v.unk = id_of(flags.substr(std::min<std::size_t>(2, flags.size()), 1));
  v.add_bos = flag(3);
  v.add_eos = flag(4);
  v.add_space_prefix = flag(5);
  v.remove_extra_whitespaces = flag(6);
  while (lines.more()) {
    const std::string_view line = lines.next('\n');
    if (line.empty()) break;
    v.token_types.push_back(line[0] - '0');
    v.scores.push_back(line.size() > 1 ? static_cast<float>('a' - line[1]) : 0);
    v.tokens.emplace_back(line.substr(std::min<std::size_t>(2, line.size())));
  }
  while (lines.more()) v.merges.emplace_back(lines.next('\n'));
  fuzz::read_or_refuse([&] { fuzz::exercise(tokenizer::Tokenizer::from_gguf_vocabulary(v)); });
  return 0;
}
