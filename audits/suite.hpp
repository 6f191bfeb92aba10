#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/format.hpp"
#include "probes/item.hpp"

namespace moescope::audits {

/// Who wrote a suite, or a part of it.
struct Author {
  std::string name;
  bool is_model = false;
  bool operator==(const Author&) const = default;
};

/// Native speakers who have read a suite in one language.
struct Review {
  std::string language;
  std::size_t n_reviewer = 0;
  std::optional<double> agreement;  ///< share of items on which they agreed
  bool operator==(const Review&) const = default;
};

/// One file that an imported suite was made from.
struct SourceFile {
  std::string name;
  std::string sha256;
  std::uint64_t n_row = 0;        ///< rows that became items
  std::uint64_t n_malformed = 0;  ///< rows that did not
  bool operator==(const SourceFile&) const = default;
};

/// A claim that an audit of this suite is to decide, as the suite's author would put it.
struct Hypothesis {
  std::string id;
  std::string estimand;                           ///< of the suite's probe
  std::optional<std::string> label, label_value;  ///< over these items alone
  double margin = 0;   ///< largest difference from neutral that is of no account
  std::string reason;  ///< why that margin
  bool operator==(const Hypothesis&) const = default;
};

/// What an audit does with a suite's result.
enum class Purpose {
  kMeasure,  ///< it is the finding
  kGate,     ///< it shows whether the model knows the language well enough to be assessed
  kControl,  ///< it must find nothing; where it does, verdicts in its language are withheld
};

/// What tells a suite apart and what a report must say about it.
struct SuiteInfo {
  std::string name;  ///< "occupation-gender-en": letters, digits, '-', '_' and '.'
  std::string version;
  std::string title;
  std::string language;     ///< BCP 47; "mul" where items have a label 'language'
  std::string construct;    ///< what is measured
  std::string cannot_show;  ///< what no result of it shows
  std::string licence;
  std::string origin;
  std::vector<Author> authors;
  std::vector<Review> reviews;
  std::optional<std::string> pilot_exclusions, scored_difference, canary, first_published,
      generator;
  std::optional<std::uint64_t> generator_seed;
  Purpose purpose = Purpose::kMeasure;
  std::optional<std::string> sensitive;  ///< "safety"
  std::vector<SourceFile> sources;
  bool share_alike = false;  ///< texts may be passed on under the same licence only
  bool local_only = false;   ///< texts may not be passed on
  bool operator==(const SuiteInfo&) const = default;
};

/// A declarative audit suite, its grid expanded.
struct Suite {
  SuiteInfo info;
  std::string probe;
  std::vector<probes::Format> formats;  ///< at least one
  /// Label keys of items that hang together. One key: one-way clusters; two: two-way.
  std::vector<std::string> cluster;
  std::vector<std::string> covariates;  ///< labels that are numbers, one a pair
  double alpha = 0.05;
  std::vector<Hypothesis> hypotheses;
  std::vector<probes::Item> items;
  std::string sha256;  ///< of the file's bytes

  /// Of our own or a user's writing with fewer than two native reviewers in a language:
  /// exploratory only. A published set, imported from its files, is not.
  bool is_draft() const;
};

/// Bounds on a suite; breaking one is an error that names it.
struct SuiteLimits {
  std::size_t max_bytes = std::size_t{256} << 20;
  std::size_t max_item = 1'000'000;
  std::size_t max_candidate = 64;
  std::size_t max_text = 1u << 20;
  std::size_t max_slot = 8;
  std::size_t max_slot_entry = 10'000;
  std::size_t max_depth = 12;
};

/// Reads one suite from its JSON text; docs/formats/suite.md has every key.
/// Errors: kBadInput with line, column and key: unknown and missing keys, wrong types, an unknown
/// probe, format, role or slot, an id that stands twice, a label that an item lacks, a bound.
Suite parse_suite(std::string_view bytes, std::string_view where, const SuiteLimits& limits = {});

Suite read_suite(const std::filesystem::path& file, const SuiteLimits& limits = {});

/// The suite as JSON text that parse_suite reads to the same value, grid expanded.
std::string suite_text(const Suite& suite);

/// The same without its items, on one line; parse_suite_head reads it.
std::string suite_head_text(const Suite& suite);
Suite parse_suite_head(std::string_view bytes, std::string_view where);

}  // namespace moescope::audits
