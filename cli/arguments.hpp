#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace moescope::cli {

/// The words of one command line, checked against the command's row of the table.
/// Asking for an option that the row lacks is a mistake in the program: std::logic_error.
class Arguments {
 public:
  const CommandInfo& command() const { return *command_; }
  const std::vector<std::string>& positionals() const { return positionals_; }
  /// Operand i; the frame has checked that the required ones are there.
  const std::string& positional(std::size_t i) const;
  /// Operand i, or nothing when an optional one was left out.
  std::optional<std::string> optional_positional(std::size_t i) const;

  bool flag(std::string_view name) const;
  /// The last value given.
  std::optional<std::string_view> value(std::string_view name) const;
  std::string_view value_or(std::string_view name, std::string_view fallback) const;
  /// Every value of a repeatable option, in order.
  std::vector<std::string_view> values(std::string_view name) const;

  /// The value as a whole number in [lo, hi]. Errors: kUsage naming option, range and value.
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t lo = INT64_MIN,
                                      std::int64_t hi = INT64_MAX) const;
  /// The value as a whole number in [0, 2⁶⁴), for seeds.
  std::optional<std::uint64_t> seed(std::string_view name) const;
  /// The value as a finite number in [lo, hi].
  std::optional<double> number(std::string_view name, double lo, double hi) const;

  bool json() const { return flag("json"); }
  bool quiet() const { return flag("quiet"); }

  /// Set when SIGINT or SIGTERM arrives; only for commands with watches_stop.
  const std::stop_token& stop_token() const { return stop_; }
  /// The whole command line, for provenance: "moescope record demo …".
  const std::string& command_line() const { return command_line_; }

  /// Throws kUsage: "moescope COMMAND: <message>; see 'moescope COMMAND --help'".
  [[noreturn]] void usage_error(std::string_view message) const;

 private:
  friend Arguments parse_arguments(const CommandInfo&, std::span<const std::string>,
                                   std::stop_token);
  explicit Arguments(const CommandInfo& command) : command_(&command) {}
  const std::vector<std::string>& given(std::string_view name) const;

  const CommandInfo* command_;
  std::vector<std::string> positionals_;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::stop_token stop_;
  std::string command_line_;
};

/// Reads the words after the command's name: `--name value`, `--name=value`, `-o`, `-h`, `--`.
/// With `--help` among them nothing else is checked.
/// Errors: kUsage; an unknown option's message has the nearest name and the list.
Arguments parse_arguments(const CommandInfo& command, std::span<const std::string> words,
                          std::stop_token stop = {});

/// The words that an option may be ("all|topk|none"); empty when it takes any.
std::vector<std::string_view> choices(const OptionInfo& option);

}  // namespace moescope::cli
