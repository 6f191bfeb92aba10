#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/tokenizer/chat_value.hpp"

namespace moescope::tokenizer {

enum class ExpressionKind {
  kText,      ///< text
  kConstant,  ///< constant
  kName,      ///< name
  kMember,    ///< items[0].name
  kItem,      ///< items[0][items[1]]
  kSlice,     ///< items[0][items[1]:items[2]:items[3]], null where left out
  kCall,      ///< items[0](items[1…], keywords)
  kFilter,    ///< items[0] | name(items[1…], keywords); items[0] is null for a filter of a block
  kTest,      ///< items[0] is name(items[1…], keywords)
  kNot,
  kNegate,
  kPlus,
  kAnd,
  kOr,
  kBinary,     ///< items[0] name items[1], name is the operator
  kConcat,     ///< ~ of all items
  kCompare,    ///< items[0] operators[0] items[1] operators[1] items[2] …
  kCondition,  ///< items[0] if items[1] else items[2] (null where left out)
  kList,
  kTuple,
  kDict,  ///< key, value, key, value …
};

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  ExpressionKind kind;
  Place place;
  std::string name = {};
  std::string text = {};
  Value constant = {};
  std::vector<ExpressionPtr> items = {};
  std::vector<std::pair<std::string, ExpressionPtr>> keywords = {};
  std::vector<std::string> operators = {};
};

enum class StatementKind {
  kData,      ///< text
  kPrint,     ///< value
  kIf,        ///< branches; the last may lack a condition
  kFor,       ///< target in value [if test], body, other
  kSet,       ///< target = value
  kSetBlock,  ///< target = body [| value]
  kMacro,     ///< target(parameters), body; text is "caller" where the body names it
  kCall,      ///< value is the call, parameters, body
  kFilter,    ///< body through value
  kWith,      ///< parameters with their values, body
  kGeneration,
  kBreak,
  kContinue,
};

struct Statement;
using Body = std::vector<Statement>;

struct Branch {
  ExpressionPtr condition;
  Body body;
};

/// Names that are set: one, a member of a namespace ("space.member"), or several to unpack into.
struct Target {
  Place place;
  std::string name = {};
  std::string member = {};
  std::vector<Target> parts = {};
  bool is_tuple = false;
};

struct Parameter {
  std::string name;
  ExpressionPtr value;  ///< default, or null
};

struct Statement {
  StatementKind kind;
  Place place;
  std::string text = {};
  ExpressionPtr value = {};
  ExpressionPtr test = {};
  Target target = {};
  std::vector<Branch> branches = {};
  std::vector<Parameter> parameters = {};
  Body body = {};
  Body other = {};
  /// Names that are set in the body and, until then, undefined for everything inside of it.
  std::vector<std::string> hidden = {};
  std::vector<std::string> other_hidden = {};
};

}  // namespace moescope::tokenizer
