#include "cli/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "cli/operands.hpp"
#include "cli/suggest.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

constexpr OptionInfo kCommonOptions[] = {
    {.name = "json", .argument = "", .help = "print one JSON document with a versioned schema"},
    {.name = "quiet", .argument = "", .help = "no progress and no notes on stderr, errors only"},
    {.name = "help", .argument = "", .help = "print this help (-h)"},
};

const OptionInfo* find_option(const CommandInfo& command, std::string_view name) {
  for (const auto options : {command.options, common_options()})
    for (const OptionInfo& option : options)
      if (option.name == name) return &option;
  return nullptr;
}

std::vector<std::string_view> option_names(const CommandInfo& command) {
  std::vector<std::string_view> names;
  for (const auto options : {command.options, common_options()})
    for (const OptionInfo& option : options) names.push_back(option.name);
  return names;
}

[[noreturn]] void usage(const CommandInfo& command, std::string_view message) {
  fail(ErrorCode::kUsage, "moescope {0}: {1}; see 'moescope {0} --help'", command.name, message);
}

const OptionInfo& known_option(const CommandInfo& command, std::string_view name) {
  if (const OptionInfo* option = find_option(command, name)) return *option;
  const auto names = option_names(command);
  std::vector<std::string> dashed;
  for (const auto n : names) dashed.push_back(fmt::format("--{}", n));
  const std::vector<std::string_view> views(dashed.begin(), dashed.end());
  usage(command, unknown_name("option", fmt::format("--{}", name), views));
}

std::string_view name_of_alias(const CommandInfo& command, char letter) {
  if (letter == 'h') return "help";
  if (letter == 'o' && find_option(command, "output")) return "output";
  usage(command, fmt::format("unknown option '-{}'; short options are -h and, where a command "
                             "writes a file, -o; words that begin with '-' go after '--'",
                             escape_terminal(std::string_view(&letter, 1))));
}

void check_choice(const CommandInfo& command, const OptionInfo& option, std::string_view value) {
  const auto known = choices(option);
  if (known.empty() || std::find(known.begin(), known.end(), value) != known.end()) return;
  usage(command,
        fmt::format("option '--{}': {}", option.name, unknown_name("value", value, known)));
}

void check_operands(const CommandInfo& command, const std::vector<std::string>& given) {
  std::size_t most = 0;
  bool endless = false;
  for (const Operand& operand : operands_of(command)) {
    if (operand.required && given.size() <= most)
      usage(command, fmt::format("operand {} is missing", operand.name));
    ++most;
    endless = endless || operand.repeats;
  }
  if (!endless && given.size() > most)
    usage(command, fmt::format("unexpected operand '{}'", escape_terminal(given[most])));
}

/// One option as written: its name and, where the same word carried it, its value.
struct Written {
  std::string_view name;
  std::optional<std::string_view> value;
};

Written split_word(const CommandInfo& command, std::string_view word) {
  if (word.starts_with("--")) {
    word.remove_prefix(2);
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return {word, std::nullopt};
    return {word.substr(0, equals), word.substr(equals + 1)};
  }
  const std::string_view name = name_of_alias(command, word[1]);
  if (word.size() == 2) return {name, std::nullopt};
  return {name, word.substr(2)};
}

}  // namespace

std::span<const OptionInfo> common_options() {
  return kCommonOptions;
}

std::vector<std::string_view> choices(const OptionInfo& option) {
  std::vector<std::string_view> out;
  std::string_view rest = option.argument;
  if (rest.find('|') == std::string_view::npos) return out;
  const bool capital =
      std::any_of(rest.begin(), rest.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (capital) return out;
  for (;;) {
    const auto bar = rest.find('|');
    out.push_back(rest.substr(0, bar));
    if (bar == std::string_view::npos) return out;
    rest.remove_prefix(bar + 1);
  }
}

Arguments parse_arguments(const CommandInfo& command, std::span<const std::string> words,
                          std::stop_token stop) {
  Arguments out(command);
  out.stop_ = std::move(stop);
  out.command_line_ = fmt::format("moescope {}", command.name);
  for (const std::string& word : words) out.command_line_ += ' ' + word;

  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      out.positionals_.insert(out.positionals_.end(),
                              words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      out.positionals_.push_back(word);
      continue;
    }
    Written written = split_word(command, word);
    const OptionInfo& option = known_option(command, written.name);
    auto& values = out.given_[std::string(option.name)];
    if (option.argument.empty()) {
      if (written.value) usage(command, fmt::format("option '--{}' takes no value", option.name));
      values.emplace_back();
      continue;
    }
    if (!written.value) {
      if (i + 1 == words.size())
        usage(command, fmt::format("option '--{}' needs {}", option.name, option.argument));
      written.value = words[++i];
    }
    if (!values.empty() && !option.repeatable)
      usage(command, fmt::format("option '--{}' stands twice", option.name));
    check_choice(command, option, *written.value);
    values.emplace_back(*written.value);
  }
  if (!out.flag("help")) check_operands(command, out.positionals_);
  return out;
}

const std::string& Arguments::positional(std::size_t i) const {
  if (i >= positionals_.size())
    throw std::logic_error(fmt::format("{}: no operand {}", command_->name, i));
  return positionals_[i];
}

std::optional<std::string> Arguments::optional_positional(std::size_t i) const {
  if (i >= positionals_.size()) return std::nullopt;
  return positionals_[i];
}

const std::vector<std::string>& Arguments::given(std::string_view name) const {
  static const std::vector<std::string> kNone;
  if (!find_option(*command_, name))
    throw std::logic_error(
        fmt::format("{}: option '{}' is not in the table", command_->name, name));
  const auto it = given_.find(name);
  return it == given_.end() ? kNone : it->second;
}

bool Arguments::flag(std::string_view name) const {
  return !given(name).empty();
}

std::optional<std::string_view> Arguments::value(std::string_view name) const {
  const auto& all = given(name);
  if (all.empty()) return std::nullopt;
  return all.back();
}

std::string_view Arguments::value_or(std::string_view name, std::string_view fallback) const {
  return value(name).value_or(fallback);
}

std::vector<std::string_view> Arguments::values(std::string_view name) const {
  const auto& all = given(name);
  return {all.begin(), all.end()};
}

std::optional<std::int64_t> Arguments::integer(std::string_view name, std::int64_t lo,
                                               std::int64_t hi) const {
  const auto text = value(name);
  if (!text) return std::nullopt;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error == std::errc() && end == text->data() + text->size() && out >= lo && out <= hi)
    return out;
  std::string range;
  if (hi != INT64_MAX)
    range = fmt::format(" from {} to {}", lo, hi);
  else if (lo != INT64_MIN)
    range = fmt::format(" of at least {}", lo);
  usage_error(fmt::format("option '--{}': expected a whole number{}, got '{}'", name, range,
                          escape_terminal(*text)));
}

std::optional<std::uint64_t> Arguments::seed(std::string_view name) const {
  const auto text = value(name);
  if (!text) return std::nullopt;
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error == std::errc() && end == text->data() + text->size()) return out;
  usage_error(fmt::format("option '--{}': expected a whole number from 0 to {}, got '{}'", name,
                          UINT64_MAX, escape_terminal(*text)));
}

std::optional<double> Arguments::number(std::string_view name, double lo, double hi) const {
  const auto text = value(name);
  if (!text) return std::nullopt;
  double out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (whole && std::isfinite(out) && out >= lo && out <= hi) return out;
  usage_error(fmt::format("option '--{}': expected a number from {} to {}, got '{}'", name, lo, hi,
                          escape_terminal(*text)));
}

void Arguments::usage_error(std::string_view message) const {
  usage(*command_, message);
}

}  // namespace moescope::cli
