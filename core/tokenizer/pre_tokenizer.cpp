#include "core/tokenizer/pre_tokenizer.hpp"

#include <algorithm>

#include "core/tokenizer/normalizer.hpp"

namespace moescope::tokenizer {
namespace {

/// A stretch of a piece: a match, or what stands between matches.
struct Part {
  TextRange range;
  bool is_match = false;
};

/// Puts stretches together as the behaviour has it; ranges count from `base`.
class Joiner {
 public:
  Joiner(SplitBehavior behavior, std::size_t base, std::vector<TextRange>& out)
      : behavior_(behavior), base_(base), first_(out.size()), out_(out) {}

  void add(const Part& part) {
    const bool joins = joins_previous(part);
    previous_is_match_ = part.is_match;
    if (behavior_ == SplitBehavior::kRemoved && part.is_match) return;
    const TextRange range{base_ + part.range.begin, base_ + part.range.end};
    if (joins && out_.size() > first_)
      out_.back().end = range.end;
    else
      out_.push_back(range);
  }

 private:
  bool joins_previous(const Part& part) const {
    switch (behavior_) {
      case SplitBehavior::kMergedWithPrevious:
        return part.is_match && !previous_is_match_;
      case SplitBehavior::kMergedWithNext:
        return !part.is_match && previous_is_match_;
      case SplitBehavior::kContiguous:
        return part.is_match == previous_is_match_;
      default:
        return false;
    }
  }

  SplitBehavior behavior_;
  std::size_t base_;
  std::size_t first_;  ///< pieces of `out` before this one are of another text
  std::vector<TextRange>& out_;
  bool previous_is_match_ = false;
};

void apply_step(const SplitStep& step, CutText& cut, RegexWorkspace& workspace) {
  std::vector<TextRange> out;
  std::vector<TextRange> matches;
  const std::string_view all = cut.text.text();
  out.reserve(cut.pieces.size() + all.size() / 4);
  for (const TextRange& piece : cut.pieces) {
    const std::string_view text = all.substr(piece.begin, piece.end - piece.begin);
    matches.clear();
    step.pattern.find_all(text, workspace, matches);
    Joiner joiner(step.behavior, piece.begin, out);
    std::size_t done = 0;
    for (const TextRange& match : matches) {
      if (done < match.begin) joiner.add({{done, match.begin}, step.invert});
      joiner.add({match, !step.invert});
      done = match.end;
    }
    if (done < text.size()) joiner.add({{done, text.size()}, step.invert});
  }
  cut.pieces = std::move(out);
}

/// Puts `prefix` before the pieces for which `wanted` says so.
template <class Wanted>
void put_before_pieces(CutText& cut, std::string_view prefix, Wanted wanted) {
  AlignedText text;
  std::vector<TextRange> pieces;
  for (const TextRange& piece : cut.pieces) {
    const std::size_t begin = text.text().size();
    if (wanted(piece)) text.append(prefix, cut.text.origin(piece.begin, piece.begin + 1));
    text.append(cut.text, piece.begin, piece.end);
    pieces.push_back({begin, text.text().size()});
  }
  cut.text = std::move(text);
  cut.pieces = std::move(pieces);
}

void apply_step(const PrefixSpaceStep&, CutText& cut, RegexWorkspace&) {
  put_before_pieces(cut, " ",
                    [&](const TextRange& piece) { return cut.text.text()[piece.begin] != ' '; });
}

void write_marks(CutText& cut) {
  AlignedText text;
  std::vector<TextRange> pieces;
  const std::string_view in = cut.text.text();
  for (const TextRange& piece : cut.pieces) {
    const std::size_t begin = text.text().size();
    for (std::size_t at = piece.begin; at < piece.end;) {
      const std::size_t space = std::min(in.substr(0, piece.end).find(' ', at), piece.end);
      text.append(cut.text, at, space);
      if (space < piece.end) text.append(kSpaceMark, cut.text.origin(space, space + 1));
      at = space + 1;
    }
    pieces.push_back({begin, text.text().size()});
  }
  cut.text = std::move(text);
  cut.pieces = std::move(pieces);
}

/// Cuts before every mark.
void split_at_marks(CutText& cut) {
  std::vector<TextRange> out;
  const std::string_view in = cut.text.text();
  for (const TextRange& piece : cut.pieces) {
    std::size_t begin = piece.begin;
    for (;;) {
      const std::size_t mark = in.substr(0, piece.end).find(kSpaceMark, begin + 1);
      if (mark == std::string_view::npos) break;
      out.push_back({begin, mark});
      begin = mark;
    }
    out.push_back({begin, piece.end});
  }
  cut.pieces = std::move(out);
}

void apply_step(const MetaspaceStep& step, CutText& cut, RegexWorkspace&) {
  if (cut.text.text().find(' ') != std::string_view::npos) write_marks(cut);
  if (step.prepend != PrependScheme::kNever) {
    const bool always = step.prepend == PrependScheme::kAlways;
    put_before_pieces(cut, kSpaceMark, [&](const TextRange& piece) {
      const bool here = always || cut.text.origin(piece.begin, piece.begin + 1).begin == 0;
      return here && !cut.text.text().substr(piece.begin).starts_with(kSpaceMark);
    });
  }
  if (step.split) split_at_marks(cut);
}

}  // namespace

void PreTokenizer::apply(CutText& cut, RegexWorkspace& workspace) const {
  cut.pieces.clear();
  if (!cut.text.empty()) cut.pieces.push_back({0, cut.text.text().size()});
  for (const PreTokenizerStep& step : steps)
    std::visit([&](const auto& s) { apply_step(s, cut, workspace); }, step);
}

}  // namespace moescope::tokenizer
