#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace moescope::tokenizer {

/// Bounds on a chat template and on what it does; breaking one is an error that names it.
struct ChatLimits {
  std::size_t max_template = 1u << 20;  ///< bytes of the template
  std::size_t max_nesting = 100;        ///< expressions and blocks within one another
  std::size_t max_steps = 10'000'000;   ///< nodes evaluated, items visited, each 64 bytes written
  std::size_t max_turns = 1'000'000;    ///< turns of all loops together
  std::size_t max_depth = 300;          ///< evaluations within one another, macros included
  std::size_t max_memory = 256u << 20;  ///< bytes of values alive at one time
  std::size_t max_output = 64u << 20;   ///< bytes of the text
};

/// A line and a column, from 1; columns count characters.
struct Place {
  unsigned line = 0;
  unsigned column = 0;
};

/// Counts what one rendering uses up.
class Budget {
 public:
  Budget(const ChatLimits& limits, std::string where) : limits_(limits), where_(std::move(where)) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  void step(std::size_t n = 1) {
    n_step_ += n;
    if (n_step_ > limits_.max_steps) broken("steps", limits_.max_steps);
  }
  /// The steps that reading or writing so many bytes is worth.
  void work(std::size_t n_byte) { step(1 + n_byte / 64); }
  void turn() {
    if (++n_turn_ > limits_.max_turns) broken("turns of loops", limits_.max_turns);
  }
  void enter() {
    if (++depth_ > limits_.max_depth) broken("depth", limits_.max_depth);
  }
  void leave() noexcept { --depth_; }
  /// Whether so many bytes more would still fit.
  void expect(std::size_t n_byte) const {
    if (n_byte > limits_.max_memory || n_alive_ > limits_.max_memory - n_byte)
      broken("memory in bytes", limits_.max_memory);
  }
  void take(std::size_t n_byte) {
    expect(n_byte);
    n_alive_ += n_byte;
  }
  void give(std::size_t n_byte) noexcept { n_alive_ -= n_byte; }
  void check_output(std::size_t n_byte) const {
    if (n_byte > limits_.max_output) broken("output in bytes", limits_.max_output);
  }
  void check_nesting(std::size_t depth) const {
    if (depth > limits_.max_nesting) broken("nested values", limits_.max_nesting);
  }
  const std::string& where() const { return where_; }
  /// What is being evaluated, for messages.
  Place now;

 private:
  [[noreturn]] void broken(std::string_view name, std::size_t limit) const;

  ChatLimits limits_;
  std::string where_;
  std::size_t n_step_ = 0, n_turn_ = 0, depth_ = 0, n_alive_ = 0;
};

/// Bytes that a value holds, given back when it goes.
class Charge {
 public:
  Charge() = default;
  Charge(Budget& budget, std::size_t n_byte) : budget_(&budget), n_byte_(n_byte) {
    budget.take(n_byte);
  }
  Charge(Charge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), n_byte_(other.n_byte_) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(n_byte_, other.n_byte_);
    return *this;
  }
  ~Charge() {
    if (budget_ != nullptr) budget_->give(n_byte_);
  }

 private:
  Budget* budget_ = nullptr;
  std::size_t n_byte_ = 0;
};

/// One level of evaluation.
class Level {
 public:
  explicit Level(Budget& budget) : budget_(budget) { budget.enter(); }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  ~Level() { budget_.leave(); }

 private:
  Budget& budget_;
};

}  // namespace moescope::tokenizer
