#include "cli/suites_show.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "audits/suite_summary.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/share.hpp"
#include "cli/suggest.hpp"
#include "cli/terminal.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {
namespace fs = std::filesystem;

using audits::Suite;
using audits::SuiteInfo;
using audits::SuiteSummary;

constexpr std::size_t kLabelColumn = 14;

/// Lines of names and texts, wrapped to the terminal.
class Sheet {
 public:
  void line(std::string_view label, const std::string& text) {
    if (text.empty()) return;
    write_out(shown_on(terminal_, beside(label, escape_terminal(text), kLabelColumn,
                                         static_cast<std::size_t>(std::max(terminal_.width, 60)))));
  }
  void gap() { write_out("\n"); }

 private:
  Terminal terminal_ = stdout_terminal();
};

std::string people(const std::vector<audits::Author>& authors) {
  std::string out;
  for (const audits::Author& author : authors)
    out += fmt::format("{}{}{}", out.empty() ? "" : ", ", author.name,
                       author.is_model ? " (a model)" : "");
  return out;
}

std::string reviewers(const Suite& suite) {
  std::string out;
  for (const audits::Review& review : suite.info.reviews) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", review.language,
                       counted(review.n_reviewer, "native reviewer"));
    if (review.agreement) out += fmt::format(", agreement {:.2f}", *review.agreement);
  }
  if (suite.is_draft())
    out += fmt::format("{}draft: fewer than two native reviewers in a language, exploratory only",
                       out.empty() ? "" : "; ");
  return out;
}

std::string licence_text(const SuiteInfo& info) {
  std::string out = info.licence;
  if (info.share_alike) out += "; texts may be passed on under the same licence only";
  if (info.local_only) out += "; texts may not be passed on";
  return out;
}

std::string counts_text(const std::map<std::string, std::size_t>& counts) {
  std::string out;
  for (const auto& [name, n] : counts)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, with_commas(n));
  return out;
}

void print_counts(Sheet& sheet, const Suite& suite, const SuiteSummary& summary) {
  sheet.line("probe", suite.probe);
  sheet.line("items", with_commas(summary.n_item));
  for (const audits::ClusterSummary& cluster : summary.clusters)
    sheet.line("clusters", fmt::format("{} by {}, worth {:.1f} of equal size; the largest has "
                                       "{:.1f} % of the items",
                                       with_commas(cluster.n_cluster), cluster.key,
                                       cluster.effective, 100 * cluster.largest_share));
  sheet.line("roles", counts_text(summary.roles));
  sheet.line("labels", counts_text(summary.n_values));
  sheet.line("languages", counts_text(summary.languages));
  std::string formats;
  for (const probes::Format& format : suite.formats)
    formats += (formats.empty() ? "" : ", ") + format.name;
  sheet.line("formats", formats);
  for (const audits::Hypothesis& hypothesis : suite.hypotheses)
    sheet.line("hypothesis",
               fmt::format("{}: {} within {} of neutral: {}", hypothesis.id, hypothesis.estimand,
                           hypothesis.margin, hypothesis.reason));
  if (suite.hypotheses.empty()) sheet.line("hypotheses", "none: exploratory, no verdict");
}

void print_item(Sheet& sheet, const probes::Item& item) {
  sheet.gap();
  sheet.line("item", item.id);
  std::string labels;
  for (const auto& [key, value] : item.labels)
    labels += fmt::format("{}{}={}", labels.empty() ? "" : "  ", key, value);
  sheet.line("labels", labels);
  sheet.line("prompt", item.prompt);
  for (const probes::Candidate& candidate : item.candidates)
    sheet.line(candidate.role, (candidate.prompt ? *candidate.prompt + " | " : std::string()) +
                                   candidate.text + (candidate.correct ? "  (right)" : ""));
}

void print_suite(const Suite& suite, std::size_t n_first) {
  const SuiteInfo& info = suite.info;
  Sheet sheet;
  sheet.line("suite", fmt::format("{}, version {}", info.name, info.version));
  sheet.line("title", info.title);
  sheet.line("language", info.language);
  sheet.line("measures", info.construct);
  sheet.line("cannot show", info.cannot_show);
  sheet.line("authors", people(info.authors));
  sheet.line("reviewed", reviewers(suite));
  sheet.line("licence", licence_text(info));
  sheet.line("origin", info.origin);
  sheet.line("published", info.first_published.value_or(""));
  sheet.line("made by", info.generator.value_or(""));
  sheet.line("sensitive", info.sensitive.value_or(""));
  sheet.line("sha-256", suite.sha256);
  for (const audits::SourceFile& source : info.sources)
    sheet.line("source", fmt::format("{}: {}, {} malformed, sha-256 {}", source.name,
                                     counted(source.n_row, "row"), with_commas(source.n_malformed),
                                     source.sha256));
  sheet.gap();
  print_counts(sheet, suite, audits::summarise(suite));
  for (std::size_t i = 0; i < std::min(n_first, suite.items.size()); ++i)
    print_item(sheet, suite.items[i]);
}

JsonOutput info_document(const Suite& suite) {
  const SuiteInfo& info = suite.info;
  JsonOutput out = json_result("suites-show");
  out["name"] = info.name;
  out["version"] = info.version;
  out["title"] = info.title;
  out["language"] = info.language;
  out["construct"] = info.construct;
  out["cannot_show"] = info.cannot_show;
  out["licence"] = info.licence;
  out["share_alike"] = info.share_alike;
  out["local_only"] = info.local_only;
  out["origin"] = info.origin;
  out["first_published"] = or_null(info.first_published);
  out["generator"] = or_null(info.generator);
  out["sensitive"] = or_null(info.sensitive);
  out["draft"] = suite.is_draft();
  out["sha256"] = suite.sha256;
  out["sources"] = JsonOutput::array();
  for (const audits::SourceFile& source : info.sources)
    out["sources"].push_back({{"name", source.name},
                              {"sha256", source.sha256},
                              {"rows", source.n_row},
                              {"malformed", source.n_malformed}});
  return out;
}

void print_document(const Suite& suite, std::size_t n_first) {
  const SuiteSummary summary = audits::summarise(suite);
  JsonOutput out = info_document(suite);
  out["probe"] = suite.probe;
  out["n_item"] = summary.n_item;
  out["clusters"] = JsonOutput::array();
  for (const audits::ClusterSummary& cluster : summary.clusters)
    out["clusters"].push_back({{"key", cluster.key},
                               {"n", cluster.n_cluster},
                               {"effective", cluster.effective},
                               {"largest_share", cluster.largest_share}});
  out["roles"] = summary.roles;
  out["labels"] = summary.n_values;
  out["languages"] = summary.languages;
  out["formats"] = JsonOutput::array();
  for (const probes::Format& format : suite.formats) out["formats"].push_back(format.name);
  out["hypotheses"] = JsonOutput::array();
  for (const audits::Hypothesis& hypothesis : suite.hypotheses)
    out["hypotheses"].push_back({{"id", hypothesis.id},
                                 {"estimand", hypothesis.estimand},
                                 {"margin", hypothesis.margin},
                                 {"reason", hypothesis.reason}});
  out["items"] = JsonOutput::array();
  for (std::size_t i = 0; i < std::min(n_first, suite.items.size()); ++i) {
    const probes::Item& item = suite.items[i];
    JsonOutput row = {{"id", item.id}, {"labels", item.labels}, {"prompt", item.prompt}};
    for (const probes::Candidate& candidate : item.candidates)
      row["candidates"].push_back({{"role", candidate.role},
                                   {"text", candidate.text},
                                   {"prompt", or_null(candidate.prompt)},
                                   {"correct", candidate.correct}});
    out["items"].push_back(std::move(row));
  }
  print_json(out);
}

}  // namespace

std::vector<fs::path> shipped_suites() {
  std::vector<fs::path> out;
  const auto share = share_folder();
  if (!share) return out;
  std::error_code error;
  for (fs::directory_iterator at(*share / "suites", error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".schema.json")) out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Suite resolve_suite(std::string_view name) {
  std::vector<std::string> known;
  for (const fs::path& path : shipped_suites()) {
    known.push_back(path.stem().string());
    if (known.back() == name) return audits::read_suite(path);
  }
  std::error_code error;
  if (fs::exists(fs::path(name), error)) return audits::read_suite(fs::path(name));
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto near = nearest_name(name, names);
  fail(ErrorCode::kBadInput,
       "{}: no such file, and no suite of this name comes with moescope{}; 'moescope suites list' "
       "shows those that do",
       escape_terminal(name), near ? fmt::format("; did you mean '{}'?", *near) : "");
}

void show_suite(const Suite& suite, std::size_t n_first, bool json) {
  if (json)
    print_document(suite, n_first);
  else
    print_suite(suite, n_first);
}

}  // namespace moescope::cli
