#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "audits/importer.hpp"
#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/grid.hpp"
#include "cli/json_output.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/suggest.hpp"
#include "cli/suites_import.hpp"
#include "cli/suites_show.hpp"
#include "cli/terminal.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

using audits::ImporterInfo;
using audits::Suite;

/// A suite that comes with moescope, or what is wrong with its file.
struct Shipped {
  std::string name;
  Suite suite;
  std::string error;
};

std::vector<Shipped> read_shipped() {
  std::vector<Shipped> out;
  for (const auto& path : shipped_suites()) {
    Shipped row{.name = path.stem().string(), .suite = {}, .error = ""};
    try {
      row.suite = audits::read_suite(path);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadInput) throw;
      row.error = e.message();
    }
    out.push_back(std::move(row));
  }
  return out;
}

void print_table(const std::string& corner, const std::vector<std::string>& names,
                 std::vector<GridColumn> columns) {
  const Terminal terminal = stdout_terminal();
  Grid grid{.corner = corner, .names = names};
  grid.groups.push_back({.title = "", .columns = std::move(columns)});
  write_out(render_grid(grid, terminal));
}

void list_shipped(const std::vector<Shipped>& shipped) {
  std::vector<std::string> names;
  GridColumn items{.header = "items"};
  GridColumn language{.header = "language", .left = true};
  GridColumn probe{.header = "probe", .left = true};
  for (const Shipped& row : shipped) {
    names.push_back(escape_terminal(row.name));
    items.cells.push_back(grid_cell(with_commas(row.suite.items.size())));
    language.cells.push_back(grid_cell(escape_terminal(row.suite.info.language)));
    probe.cells.push_back(grid_cell(row.error.empty()
                                        ? row.suite.probe + (row.suite.is_draft() ? " (draft)" : "")
                                        : "cannot be read"));
  }
  if (!names.empty()) print_table("suite", names, {items, language, probe});
  if (names.empty()) write_out("no suites come with this installation\n");
  for (const Shipped& row : shipped)
    if (!row.error.empty()) message(row.error);
}

void list_importers() {
  std::vector<std::string> names;
  GridColumn probe{.header = "probe", .left = true};
  GridColumn licence{.header = "licence of the texts", .left = true};
  GridColumn title{.header = "imports", .left = true};
  for (const ImporterInfo* importer : audits::importer_table()) {
    names.emplace_back(importer->name);
    probe.cells.push_back(grid_cell(std::string(importer->probe)));
    licence.cells.push_back(grid_cell(std::string(importer->licence) +
                                      (importer->local_only ? " (not to be passed on)" : "")));
    title.cells.push_back(grid_cell(std::string(importer->title)));
  }
  print_table("importer", names, {title, probe, licence});
}

int run_list(const Arguments& arguments) {
  const std::vector<Shipped> shipped = read_shipped();
  if (!arguments.json()) {
    list_shipped(shipped);
    write_out("\n");
    list_importers();
    return 0;
  }
  JsonOutput out = json_result("suites-list");
  out["suites"] = JsonOutput::array();
  for (const Shipped& row : shipped)
    out["suites"].push_back({{"name", row.name},
                             {"title", row.suite.info.title},
                             {"language", row.suite.info.language},
                             {"probe", row.suite.probe},
                             {"n_item", row.suite.items.size()},
                             {"error", row.error.empty() ? JsonOutput() : JsonOutput(row.error)}});
  out["importers"] = JsonOutput::array();
  for (const ImporterInfo* importer : audits::importer_table())
    out["importers"].push_back({{"name", importer->name},
                                {"title", importer->title},
                                {"summary", importer->summary},
                                {"files", importer->files},
                                {"languages", importer->languages},
                                {"origin", importer->origin},
                                {"licence", importer->licence},
                                {"share_alike", importer->share_alike},
                                {"local_only", importer->local_only},
                                {"probe", importer->probe},
                                {"cluster", importer->cluster}});
  print_json(out);
  return 0;
}

int run_show(const Arguments& arguments) {
  constexpr std::int64_t kFirst = 3;
  const auto n = arguments.integer("first", 0, 1'000'000).value_or(kFirst);
  show_suite(resolve_suite(arguments.positional(1)), static_cast<std::size_t>(n), arguments.json());
  return 0;
}

int run_validate(const Arguments& arguments) {
  JsonOutput out = json_result("suites-validate");
  out["files"] = JsonOutput::array();
  bool sound = true;
  for (std::size_t i = 1; i < arguments.positionals().size(); ++i) {
    const std::string& name = arguments.positional(i);
    JsonOutput row = {{"file", name}, {"n_item", nullptr}, {"error", nullptr}};
    try {
      const Suite suite = audits::read_suite(name);
      row["n_item"] = suite.items.size();
      if (!arguments.json())
        print("{}: sound, {}{}\n", escape_terminal(name), counted(suite.items.size(), "item"),
              suite.is_draft() ? ", draft" : "");
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadInput) throw;
      sound = false;
      row["error"] = e.message();
      message(e.message());
    }
    out["files"].push_back(std::move(row));
  }
  if (arguments.json()) print_json(out);
  return sound ? 0 : static_cast<int>(ErrorCode::kBadInput);
}

int run_import(const Arguments& arguments) {
  const auto output = arguments.value("output");
  if (!output) arguments.usage_error("import: expected -o FILE, where the suite is written");
  SuiteImport job{.importer = arguments.positional(1),
                  .output = *output,
                  .force = arguments.flag("force"),
                  .json = arguments.json(),
                  .quiet = arguments.quiet()};
  std::vector<std::string_view> names;
  for (const ImporterInfo* importer : audits::importer_table()) names.push_back(importer->name);
  if (std::find(names.begin(), names.end(), job.importer) == names.end())
    arguments.usage_error(unknown_name("importer", job.importer, names));
  for (std::size_t i = 2; i < arguments.positionals().size(); ++i)
    job.paths.emplace_back(arguments.positional(i));
  job.options.language = arguments.value_or("language", "");
  job.options.lexicon = arguments.value_or("lexicon", "");
  job.options.seed = arguments.seed("seed").value_or(job.options.seed);
  import_to_file(job);
  return 0;
}

/// What `suites` can be told to do: the first operand, what must follow it, its options.
struct Action {
  std::string_view name;
  std::size_t min, max;  ///< operands behind the name
  std::string_view operands;
  std::vector<std::string_view> options;
  int (*run)(const Arguments&);
};

const std::vector<Action>& actions() {
  static const std::vector<Action> kActions = {
      {"list", 0, 0, "nothing behind it", {}, run_list},
      {"show", 1, 1, "a SUITE", {"first"}, run_show},
      {"validate", 1, SIZE_MAX, "one FILE or more", {}, run_validate},
      {"import",
       2,
       SIZE_MAX,
       "an IMPORTER and one PATH or more",
       {"output", "force", "language", "lexicon", "seed"},
       run_import}};
  return kActions;
}

int run(const Arguments& arguments) {
  std::vector<std::string_view> names;
  for (const Action& action : actions()) {
    names.push_back(action.name);
    if (action.name != arguments.positional(0)) continue;
    const std::size_t n = arguments.positionals().size() - 1;
    if (n < action.min || n > action.max)
      arguments.usage_error(fmt::format("{}: expected {}, got {}", action.name, action.operands,
                                        n == 0 ? "nothing" : counted(n, "operand")));
    for (const OptionInfo& option : arguments.command().options) {
      const bool given = option.argument.empty() ? arguments.flag(option.name)
                                                 : arguments.value(option.name).has_value();
      if (given && std::find(action.options.begin(), action.options.end(), option.name) ==
                       action.options.end())
        arguments.usage_error(fmt::format("--{} does not go with {}", option.name, action.name));
    }
    return action.run(arguments);
  }
  arguments.usage_error(unknown_name("action", arguments.positional(0), names));
}

constexpr OptionInfo kOptions[] = {
    {.name = "output", .argument = "FILE", .help = "import: write the suite there"},
    {.name = "force",
     .argument = "",
     .help = "import: replace a file that is not of the same importer"},
    {.name = "language",
     .argument = "TAG",
     .help = "import: language of the files (de, pt-BR), where their names do not tell"},
    {.name = "lexicon",
     .argument = "FILE",
     .help = "import honest: a HurtLex file, whose words completions are held against"},
    {.name = "seed",
     .argument = "N",
     .help = "import: seed of what is drawn from sets that are too large (1)"},
    {.name = "first", .argument = "N", .help = "show: so many items (3)"},
};
constexpr Example kExamples[] = {
    {.command = "moescope suites list", .what = "what there is, and what can be imported"},
    {.command = "moescope suites import crows-pairs ~/data/crows_pairs -o crows.json",
     .what = "a published test set as a suite"},
    {.command = "moescope suites show crows.json --first 10",
     .what = "what it measures, how much is in it, its first items"},
    {.command = "moescope suites validate mine.json",
     .what = "whether a suite is sound, or where it is not"},
};

}  // namespace

constinit const CommandInfo kSuitesCommand = {
    .name = "suites",
    .summary = "list, show, check and import the test sets that audits run",
    .operands = "list|show|validate|import [WHAT...]",
    .description =
        "list: the suites that come with moescope, and the published test sets that it imports.\n\n"
        "show SUITE: what a suite measures and cannot show, its licence and sources, items, "
        "clusters (with how many of equal size they are worth), roles, labels, formats and the "
        "first items. SUITE is a name from the list or a file.\n\n"
        "validate FILE...: reads suites as an audit would; the exit code is 1 when one is not "
        "sound, and the message says in which line and column, and why.\n\n"
        "import IMPORTER PATH... -o FILE: makes a suite from the published files of a test set; a "
        "PATH is such a file or a folder with them. Row ids, origin, licence and SHA-256 of every "
        "file are kept. Malformed rows become no items; they are counted in the suite and named on "
        "standard error. FILE appears whole or not at all; one that is there already is replaced "
        "only if the same importer wrote it, or with --force. The texts keep their licence: some "
        "may be passed on under the same terms only, some not at all, and the suite says so.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli
