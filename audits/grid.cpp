#include "audits/grid.hpp"

#include <fmt/core.h>

#include <map>
#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::audits {
namespace {

using probes::Candidate;
using probes::Item;
using probes::Labels;

/// One value of a slot: its texts by field.
struct Entry {
  std::string id;
  std::map<std::string, std::string> fields;
  Labels labels;
};
using Slots = std::map<std::string, std::vector<Entry>>;

constexpr std::string_view kEntryKeys[] = {"id", "text", "fields", "labels"};
constexpr std::string_view kTemplateKeys[] = {"id", "over", "prompt", "candidates", "labels"};
constexpr std::string_view kGridKeys[] = {"slots", "templates"};

Entry read_entry(const JsonNode& node, const SuiteLimits& limits) {
  Entry entry;
  if (node.is_string()) {
    entry.id = read_text(node, limits);
    entry.fields["text"] = entry.id;
    return entry;
  }
  node.allow_only(kEntryKeys);
  entry.id = node.at("id").string();
  if (const auto text = node.find("text")) entry.fields["text"] = read_text(*text, limits);
  if (const auto fields = node.find("fields")) {
    if (!fields->is_object()) fields->expected("an object");
    for (const auto& [key, value] : fields->value().items()) {
      if (key == "text" && entry.fields.contains("text"))
        fields->refuse("'text' stands beside 'fields' already");
      entry.fields[key] = read_text(fields->at(key), limits);
    }
  }
  if (const auto labels = node.find("labels")) entry.labels = read_labels(*labels);
  return entry;
}

Slots read_slots(const JsonNode& node, const SuiteLimits& limits) {
  if (!node.is_object()) node.expected("an object");
  if (node.value().size() > limits.max_slot)
    node.refuse(fmt::format("more than {} slots", limits.max_slot));
  Slots slots;
  for (const auto& [name, value] : node.value().items()) {
    const JsonNode list = node.at(name);
    std::vector<Entry>& entries = slots[name];
    for (const JsonNode& entry : list.items()) {
      if (entries.size() == limits.max_slot_entry)
        list.refuse(fmt::format("more than {} entries", limits.max_slot_entry));
      entries.push_back(read_entry(entry, limits));
      for (std::size_t i = 0; i + 1 < entries.size(); ++i)
        if (entries[i].id == entries.back().id)
          entry.refuse(
              fmt::format("the id '{}' stands twice in its slot", escape_terminal(entries[i].id)));
    }
    if (entries.empty()) list.refuse("a slot without entries");
  }
  return slots;
}

/// The slots of one template with the entry that each has now.
using Choice = std::vector<std::pair<std::string, const Entry*>>;

std::string fill(const std::string& pattern, const Choice& choice, const JsonNode& node) {
  std::vector<std::string> names;
  std::vector<std::string_view> values;
  for (const auto& [slot, entry] : choice)
    for (const auto& [field, value] : entry->fields) {
      names.push_back(field == "text" ? slot : fmt::format("{}.{}", slot, field));
      values.push_back(value);
    }
  std::vector<std::pair<std::string_view, std::string_view>> words;
  for (std::size_t i = 0; i < names.size(); ++i) words.emplace_back(names[i], values[i]);
  try {
    return probes::fill_places(pattern, words);
  } catch (const Error& e) {
    node.refuse(e.message());
  }
}

/// Every combination of the template's slots, the last one running fastest.
class Expansion {
 public:
  Expansion(const JsonNode& node, const Slots& slots, const SuiteLimits& limits)
      : node_(node), limits_(limits), id_(node.at("id").string()) {
    node.allow_only(kTemplateKeys);
    if (const auto prompt = node.find("prompt")) prompt_ = read_text(*prompt, limits);
    candidates_ = read_candidates(node.at("candidates"), limits);
    if (const auto labels = node.find("labels")) labels_ = read_labels(*labels);
    for (const JsonNode& slot : node.at("over").items()) {
      const auto at = slots.find(slot.string());
      if (at == slots.end()) {
        std::string known;
        for (const auto& [name, entries] : slots)
          known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
        slot.refuse(fmt::format("no slot '{}'; slots: {}", escape_terminal(slot.string()), known));
      }
      over_.push_back(&*at);
    }
  }

  void append_to(std::vector<Item>& items) const {
    std::vector<std::size_t> at(over_.size());
    while (true) {
      if (items.size() == limits_.max_item)
        node_.refuse(fmt::format("the grid gives more than {} items", limits_.max_item));
      items.push_back(item(at));
      std::size_t slot = over_.size();
      while (slot > 0 && ++at[slot - 1] == over_[slot - 1]->second.size()) at[--slot] = 0;
      if (slot == 0) return;
    }
  }

 private:
  Item item(const std::vector<std::size_t>& at) const {
    Choice choice;
    for (std::size_t i = 0; i < over_.size(); ++i)
      choice.emplace_back(over_[i]->first, &over_[i]->second[at[i]]);
    Item out{.id = id_, .labels = labels_};
    out.labels["template"] = id_;
    for (const auto& [slot, entry] : choice) {
      out.id += "/" + entry->id;
      out.labels[slot] = entry->id;
      for (const auto& [key, value] : entry->labels) out.labels[key] = value;
    }
    out.prompt = fill(prompt_, choice, node_);
    out.candidates = candidates_;
    for (Candidate& candidate : out.candidates) {
      candidate.text = fill(candidate.text, choice, node_);
      if (candidate.prompt) candidate.prompt = fill(*candidate.prompt, choice, node_);
    }
    return out;
  }

  const JsonNode& node_;
  const SuiteLimits& limits_;
  std::string id_;
  std::string prompt_;
  std::vector<Candidate> candidates_;
  Labels labels_;
  std::vector<const Slots::value_type*> over_;
};

}  // namespace

std::vector<Item> expand_grid(const JsonNode& grid, const SuiteLimits& limits) {
  grid.allow_only(kGridKeys);
  const Slots slots = read_slots(grid.at("slots"), limits);
  std::vector<Item> items;
  for (const JsonNode& node : grid.at("templates").items())
    Expansion(node, slots, limits).append_to(items);
  return items;
}

}  // namespace moescope::audits
