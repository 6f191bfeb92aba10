#include "audits/worklist.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/random.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

using probes::Format;
using probes::Item;
using probes::Sequence;

/// Usage is counted by label: more values than this tell single items apart and say nothing.
constexpr std::size_t kMaxLabelValues = 50;

/// Label keys of the suite whose usage is worth a table.
std::vector<std::string> counted_keys(const Suite& suite) {
  std::map<std::string, std::set<std::string>> values;
  for (const Item& item : suite.items)
    for (const auto& [key, value] : item.labels)
      if (auto& seen = values[key]; seen.size() <= kMaxLabelValues) seen.insert(value);
  std::vector<std::string> out;
  for (const auto& [key, seen] : values)
    if (seen.size() <= kMaxLabelValues) out.push_back(key);
  return out;
}

/// The suite's formats that an audit asks for, by index. A gate that has none of them keeps its own.
std::vector<std::size_t> wanted_formats(const Suite& suite, const WorklistOptions& options) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < suite.formats.size(); ++i)
    if (options.formats.empty() || std::find(options.formats.begin(), options.formats.end(),
                                             suite.formats[i].name) != options.formats.end())
      out.push_back(i);
  if (out.empty() && suite.info.purpose == Purpose::kGate)
    for (std::size_t i = 0; i < suite.formats.size(); ++i) out.push_back(i);
  return out;
}

void check_formats(std::span<const Suite> suites, const WorklistOptions& options) {
  std::set<std::string> known;
  for (const Suite& suite : suites)
    for (const Format& format : suite.formats) known.insert(format.name);
  for (const std::string& name : options.formats) {
    if (known.contains(name)) continue;
    std::string list;
    for (const std::string& other : known) list += (list.empty() ? "" : ", ") + other;
    fail(ErrorCode::kUsage, "no suite has the format '{}'; formats: {}", escape_terminal(name),
         list);
  }
  for (const Suite& suite : suites)
    if (wanted_formats(suite, options).empty())
      fail(ErrorCode::kUsage, "suite '{}' has none of the formats asked for", suite.info.name);
}

void check_names(std::span<const Suite> suites) {
  for (std::size_t i = 0; i < suites.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (suites[i].info.name == suites[j].info.name)
        fail(ErrorCode::kUsage, "the suite '{}' is named twice", suites[i].info.name);
}

/// Adds the items of one suite to a worklist.
class Planner {
 public:
  Planner(std::span<const Suite> suites, const WorklistOptions& options, Worklist& work)
      : suites_(suites), options_(options), work_(work) {}

  void add_suite(std::size_t index) {
    suite_ = index;
    const Suite& suite = suites_[index];
    keys_ = counted_keys(suite);
    formats_ = wanted_formats(suite, options_);
    for (const std::size_t item : drawn_items(suite, options_)) add_item(item);
  }

 private:
  void add_item(std::size_t index) {
    const Suite& suite = suites_[suite_];
    const Item& item = suite.items[index];
    const probes::ProbeInfo& probe = probes::find_probe(suite.probe);
    PlannedItem planned{.suite = suite_, .item = index};
    for (const std::size_t format : formats_)
      for (const Sequence& sequence : probe.plan(item, suite.formats[format])) {
        planned.sequences.push_back({.format = format,
                                     .key = sequence.key,
                                     .prompt = work_.prompts.size(),
                                     .text_begin = sequence.prompt.size(),
                                     .n_byte = sequence.text.size()});
        work_.prompts.push_back(prompt_of(item, suite.formats[format], sequence));
      }
    work_.items.push_back(std::move(planned));
  }

  trace::PromptInput prompt_of(const Item& item, const Format& format,
                               const Sequence& sequence) const {
    const SuiteInfo& info = suites_[suite_].info;
    const bool alone = sequence.key.purpose == probes::Purpose::kUnconditional;
    trace::PromptInput out;
    out.id = fmt::format("{}/{}/{}/{}.{}{}", info.name, item.id, format.name,
                         sequence.key.candidate, sequence.key.order, alone ? ".alone" : "");
    out.group = item.id;
    std::map<std::string, std::string> labels = {
        {"suite", info.name}, {"format", format.name}, {"role", sequence.key.role}};
    if (info.language != "mul") labels["language"] = info.language;
    for (const std::string& key : keys_)
      if (const auto at = item.labels.find(key); at != item.labels.end()) labels[key] = at->second;
    out.labels.assign(labels.begin(), labels.end());
    out.text = sequence.prompt + sequence.text;
    out.unit = work_.items.size();
    out.score_from = sequence.prompt.size();
    return out;
  }

  std::span<const Suite> suites_;
  const WorklistOptions& options_;
  Worklist& work_;
  std::size_t suite_ = 0;
  std::vector<std::string> keys_;
  std::vector<std::size_t> formats_;
};

}  // namespace

std::vector<std::size_t> drawn_items(const Suite& suite, const WorklistOptions& options) {
  std::vector<std::size_t> all(suite.items.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  if (!options.limit || *options.limit >= all.size()) return all;
  std::map<std::string, std::vector<std::size_t>> by_cluster;
  for (const std::size_t i : all)
    by_cluster[suite.items[i].labels.at(suite.cluster[0])].push_back(i);
  std::vector<const std::vector<std::size_t>*> clusters;
  for (const auto& [name, items] : by_cluster) clusters.push_back(&items);
  Random random(options.seed);
  std::vector<std::size_t> out;
  for (std::size_t n = clusters.size(); n > 0 && out.size() < *options.limit; --n) {
    std::swap(clusters[random.below(n)], clusters[n - 1]);
    out.insert(out.end(), clusters[n - 1]->begin(), clusters[n - 1]->end());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Worklist plan_work(std::span<const Suite> suites, const WorklistOptions& options) {
  check_names(suites);
  check_formats(suites, options);
  Worklist work;
  Planner planner(suites, options, work);
  for (std::size_t i = 0; i < suites.size(); ++i) planner.add_suite(i);
  return work;
}

}  // namespace moescope::audits
