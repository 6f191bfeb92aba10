#include "core/tokenizer/chat_hidden.hpp"

#include <algorithm>
#include <set>

namespace moescope::tokenizer {
namespace {

class Names {
 public:
  explicit Names(const Names* outer) : outer_(outer) {}

  std::vector<std::string> hidden;

  void load(const std::string& name) {
    if (!known_outside(name)) seen_.insert(name);
  }
  void store(const std::string& name, bool conditional) {
    if (!seen_.insert(name).second || conditional || known_outside(name)) return;
    hidden.push_back(name);
  }
  void load(const Expression* e) {
    if (e == nullptr) return;
    if (e->kind == ExpressionKind::kName) load(e->name);
    for (const ExpressionPtr& item : e->items) load(item.get());
    for (const auto& [key, value] : e->keywords) load(value.get());
  }
  void store(const Target& target, bool conditional) {
    if (target.is_tuple) {
      for (const Target& part : target.parts) store(part, conditional);
    } else if (!target.member.empty()) {
      load(target.name);
    } else {
      store(target.name, conditional);
    }
  }
  /// What the statements of one scope do in it; scopes within are left out.
  void walk(const Body& body, bool conditional) {
    for (const Statement& s : body) {
      if (s.kind == StatementKind::kSetBlock || s.kind == StatementKind::kMacro) {
        store(s.target, conditional);
        continue;
      }
      load(s.value.get());
      if (s.kind == StatementKind::kSet) store(s.target, conditional);
      if (s.kind == StatementKind::kWith)
        for (const Parameter& p : s.parameters) load(p.value.get());
      for (const Branch& branch : s.branches) {
        load(branch.condition.get());
        walk(branch.body, true);
      }
    }
  }

 private:
  bool known_outside(const std::string& name) const {
    for (const Names* n = outer_; n != nullptr; n = n->outer_)
      if (n->seen_.contains(name)) return true;
    return false;
  }

  const Names* outer_;
  std::set<std::string, std::less<>> seen_;
};

std::vector<std::string> analyse(Body& body, const std::vector<std::string>& first,
                                 const Names* outer);

void analyse_inner(Body& body, const Names& names) {
  for (Statement& s : body) {
    for (Branch& branch : s.branches) analyse_inner(branch.body, names);
    std::vector<std::string> first;
    if (s.kind == StatementKind::kFor) {
      std::vector<const Target*> open{&s.target};
      while (!open.empty()) {
        const Target* t = open.back();
        open.pop_back();
        if (!t->is_tuple) first.push_back(t->name);
        for (const Target& part : t->parts) open.push_back(&part);
      }
    } else {
      for (const Parameter& p : s.parameters) first.push_back(p.name);
    }
    if (!s.body.empty()) s.hidden = analyse(s.body, first, &names);
    if (!s.other.empty()) s.other_hidden = analyse(s.other, {}, &names);
  }
}

std::vector<std::string> analyse(Body& body, const std::vector<std::string>& first,
                                 const Names* outer) {
  Names names(outer);
  for (const std::string& name : first) names.load(name);
  names.walk(body, false);
  analyse_inner(body, names);
  return names.hidden;
}

}  // namespace

std::vector<std::string> find_hidden_names(Body& body) {
  return analyse(body, {}, nullptr);
}

}  // namespace moescope::tokenizer
