#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/trace/compare_runs.hpp"
#include "core/trace/compare_tally.hpp"

/// The rows of one side of a comparison, checked as they are read.
namespace moescope::trace {

struct ComparedPrompt {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> group;
  std::string key;  ///< what it is matched by
  bool failed = false;
  bool found = false;  ///< the other run has it too
};

/// The prompts of a run in order of their index, one at a time.
class PromptCursor {
 public:
  PromptCursor(const RecordedRun& of, MatchBy by);
  std::optional<ComparedPrompt> next();

 private:
  MatchBy by_;
  Statement rows_;
};

/// The prompts of a run, to be looked up.
/// Errors: kBadInput: two prompts are matched by the same key.
class PromptTable {
 public:
  PromptTable(const RecordedRun& of, MatchBy by);
  /// Marks the prompt of that key as found. Errors: kBadInput: it was found before; `asked` is
  /// blamed, since keys are unique here.
  const ComparedPrompt* find(const ComparedPrompt& asked, const RecordedRun& of);
  const std::vector<ComparedPrompt>& all() const { return prompts_; }

 private:
  std::vector<ComparedPrompt> prompts_;
  std::unordered_map<std::string, std::size_t> place_;
};

/// Reads the tokens of one prompt after the other, one at a time, with their choices.
/// Errors: kBadInput: values out of range; choices or logits that no recording makes.
class TokenCursor {
 public:
  TokenCursor(const RecordedRun& of, PhaseFilter phase, bool with_logits);

  void begin(std::int64_t prompt);
  bool next() { return tokens_.step(); }

  /// What has to be equal on both sides.
  struct Key {
    std::int64_t pos = 0, id = 0;
    bool is_decoded = false;
    bool operator==(const Key&) const = default;
  };
  Key key() const;
  TokenPlace place(const std::string& prompt) const;
  std::optional<double> logprob() const { return tokens_.maybe_real(5); }
  std::optional<double> entropy() const { return tokens_.maybe_real(6); }

  /// Reads the choices of the present token; false where the model was never fed it.
  bool read_choices();
  Decision decision(std::size_t route) const;

 private:
  void take_choice(std::size_t n);
  void read_logits();
  [[noreturn]] void unexpected(std::size_t n) const;

  RecordedRun of_;
  bool with_logits_;
  Statement tokens_, choices_;
  std::vector<std::uint32_t> expert_;          ///< [n_route, top_k]
  std::vector<std::optional<double>> margin_;  ///< [n_route] smallest of the slots
  std::vector<float> logit_;                   ///< [n_route, n_expert], or empty
};

}  // namespace moescope::trace
