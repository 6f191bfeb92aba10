#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <system_error>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/json_output.hpp"
#include "cli/output.hpp"
#include "cli/recorded.hpp"
#include "cli/row_text.hpp"
#include "cli/suggest.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/atomic_file.hpp"
#include "core/formats/npz_writer.hpp"
#include "core/formats/safetensors_writer.hpp"
#include "core/trace/canonical.hpp"
#include "core/trace/olmoe.hpp"
#include "core/trace/query.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/run_arrays.hpp"

namespace moescope::cli {
namespace {

namespace fs = std::filesystem;

/// Where text goes: stdout, or a file that appears whole or never.
class TextSink {
 public:
  explicit TextSink(const std::optional<fs::path>& path) {
    if (path) file_ = std::make_unique<formats::AtomicFile>(*path);
  }
  void write(std::string_view text) {
    if (file_)
      file_->append(text);
    else
      write_out(text);
  }
  void commit() {
    if (file_) file_->commit();
  }

 private:
  std::unique_ptr<formats::AtomicFile> file_;
};

/// A stream that hands everything to a TextSink; what it throws passes through.
class SinkBuffer : public std::streambuf {
 public:
  explicit SinkBuffer(TextSink& sink) : sink_(sink) {}

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char one = traits_type::to_char_type(c);
    sink_.write({&one, 1});
    return c;
  }
  std::streamsize xsputn(const char* text, std::streamsize n) override {
    sink_.write({text, static_cast<std::size_t>(n)});
    return n;
  }

 private:
  TextSink& sink_;
};

struct Job {
  const Arguments& arguments;
  trace::Database& db;
  std::optional<std::int64_t> run;
  std::optional<fs::path> output;
  std::vector<fs::path> written = {};  ///< files, in the order in which they were finished
};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

fs::path needed_output(const Job& job, std::string_view format) {
  if (!job.output) job.arguments.usage_error(fmt::format("--format {} needs -o FILE", format));
  if (is_folder(*job.output))
    fail(ErrorCode::kUsage, "{}: expected a file name, got a folder",
         escape_terminal(job.output->string()));
  return *job.output;
}

/// Tables and views that have a column of runs are cut down to one when --run is given.
void export_relation(Job& job, const trace::Relation& relation, bool jsonl,
                     const std::optional<fs::path>& path) {
  std::string sql = "SELECT * FROM " + sql_identifier(relation.name);
  const auto& columns = relation.columns;
  const bool by_run = std::find(columns.begin(), columns.end(), "run") != columns.end();
  if (job.run && by_run) sql += fmt::format(" WHERE run = {}", *job.run);
  trace::Statement rows = job.db.prepare(sql);
  TextSink sink(path);
  if (!jsonl) sink.write(csv_header(rows));
  while (rows.step()) sink.write(jsonl ? jsonl_row(rows) : csv_row(rows));
  sink.commit();
  if (path) job.written.push_back(*path);
}

/// Errors: kBadInput where there is no place for it, or a file.
void make_folder(const fs::path& path) {
  if (is_folder(path)) return;
  std::error_code error;
  fs::create_directory(path.has_filename() ? path : path.parent_path(), error);
  if (error)
    fail(ErrorCode::kBadInput, "{}: no folder can be made there: {}",
         escape_terminal(path.string()), error.message());
}

void export_rows(Job& job, bool jsonl) {
  const auto relations = trace::list_relations(job.db);
  const auto wanted = job.arguments.values("table");
  std::vector<const trace::Relation*> chosen;
  std::vector<std::string_view> names;
  for (const trace::Relation& relation : relations) names.push_back(relation.name);
  for (const std::string_view name : wanted) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end())
      fail(ErrorCode::kBadInput, "{}: {}", escape_terminal(job.db.name()),
           unknown_name("table", escape_terminal(name), names));
    chosen.push_back(&relations[static_cast<std::size_t>(at - names.begin())]);
  }
  if (wanted.empty() && job.output)
    for (const trace::Relation& relation : relations) chosen.push_back(&relation);
  if (chosen.empty())
    job.arguments.usage_error(
        fmt::format("--table NAME says which rows, or -o FOLDER takes all of them; tables: {}",
                    fmt::join(names, ", ")));
  if (chosen.size() > 1 && !job.output) job.arguments.usage_error("several tables need -o FOLDER");
  const bool into_folder =
      job.output && (chosen.size() > 1 || !job.output->has_filename() || is_folder(*job.output));
  if (into_folder) make_folder(*job.output);
  for (const trace::Relation* relation : chosen) {
    auto path = job.output;
    if (into_folder) path = *job.output / (relation->name + (jsonl ? ".jsonl" : ".csv"));
    export_relation(job, *relation, jsonl, path);
  }
}

void export_csv(Job& job) {
  export_rows(job, false);
}
void export_jsonl(Job& job) {
  export_rows(job, true);
}

void export_safetensors(Job& job) {
  const fs::path path = needed_output(job, "safetensors");
  const trace::RunRow run = trace::find_run(job.db, job.run);
  const auto arrays = trace::run_arrays(job.db, run);
  std::vector<formats::TensorSpec> specs;
  for (const trace::RunArray& array : arrays)
    specs.push_back({.name = array.name,
                     .type = array.type,
                     .shape = formats::Shape(array.shape.begin(), array.shape.end())});
  formats::SafetensorsWriter writer(path, specs,
                                    {{"format", "moescope.run_arrays.v1"},
                                     {"model", run.model},
                                     {"model_hash", run.model_hash.value_or("")},
                                     {"run", std::to_string(run.id)}});
  for (const trace::RunArray& array : arrays)
    trace::write_run_array(job.db, run, array, [&](auto bytes) { writer.append(bytes); });
  writer.commit();
  job.written.push_back(path);
}

void export_npz(Job& job) {
  const fs::path path = needed_output(job, "npz");
  const trace::RunRow run = trace::find_run(job.db, job.run);
  formats::NpzWriter writer(path);
  for (const trace::RunArray& array : trace::run_arrays(job.db, run)) {
    writer.begin({.name = array.name,
                  .type = array.type,
                  .shape = formats::Shape(array.shape.begin(), array.shape.end())});
    trace::write_run_array(job.db, run, array, [&](auto bytes) { writer.append(bytes); });
  }
  writer.commit();
  job.written.push_back(path);
}

void export_olmoe(Job& job) {
  const trace::RunRow run = trace::find_run(job.db, job.run);
  TextSink sink(job.output);
  trace::write_olmoe(job.db, run, [&](std::string_view line) { sink.write(line); });
  sink.commit();
  if (job.output) job.written.push_back(*job.output);
}

void export_canonical(Job& job) {
  TextSink sink(job.output);
  SinkBuffer buffer(sink);
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit);
  trace::write_canonical(job.db, out, job.run);
  sink.commit();
  if (job.output) job.written.push_back(*job.output);
}

struct Format {
  std::string_view name;
  void (*write)(Job&);
};

constexpr Format kFormats[] = {{"csv", export_csv},     {"jsonl", export_jsonl},
                               {"npz", export_npz},     {"safetensors", export_safetensors},
                               {"olmoe", export_olmoe}, {"canonical", export_canonical}};

JsonOutput to_json(std::string_view format, const std::vector<fs::path>& written) {
  JsonOutput out = json_result("export");
  out["format"] = format;
  out["files"] = JsonOutput::array();
  for (const fs::path& path : written) {
    std::error_code error;
    const std::uintmax_t n_byte = fs::file_size(path, error);
    out["files"].push_back(
        {{"path", path.string()}, {"bytes", error ? JsonOutput(nullptr) : JsonOutput(n_byte)}});
  }
  return out;
}

int run(const Arguments& arguments) {
  const auto named = arguments.value("format");
  const bool canonical = arguments.flag("canonical");
  if (canonical && named && *named != "canonical")
    arguments.usage_error("--canonical and --format are two forms: choose one");
  if (!canonical && !named) arguments.usage_error("--format says which form");
  if (arguments.json() && !arguments.value("output"))
    arguments.usage_error(
        "--json needs -o: without it the data itself goes to standard output, where no document "
        "about it can stand");
  const std::string_view format = canonical ? "canonical" : *named;
  if (!arguments.values("table").empty() && format != "csv" && format != "jsonl")
    arguments.usage_error("--table goes with --format csv or jsonl");
  trace::Database db = open_recorded(arguments);
  db.stop_on(arguments.stop_token());
  Job job{.arguments = arguments, .db = db, .run = arguments.integer("run", 1), .output = {}};
  if (const auto output = arguments.value("output")) job.output = fs::path(*output);
  if (job.run) trace::find_run(db, job.run);
  for (const Format& row : kFormats)
    if (row.name == format) row.write(job);
  if (arguments.json()) print_json(to_json(format, job.written));
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "format",
     .argument = "csv|jsonl|npz|safetensors|olmoe|canonical",
     .help = "csv, jsonl: rows of tables (csv: text that a spreadsheet would run as a formula gets "
             "a leading apostrophe); npz, safetensors: arrays of one run; olmoe: the JSON "
             "lines that OLMoE's analysis scripts read; canonical: the text that equal runs share"},
    {.name = "canonical", .argument = "", .help = "the same as --format canonical"},
    {.name = "table",
     .argument = "NAME",
     .help = "this table or view (csv, jsonl); without it and with -o FOLDER: all of them",
     .repeatable = true},
    {.name = "output",
     .argument = "FILE",
     .help = "write there (default: standard output); a folder, made where it is absent, for "
             "several tables. A file appears when it is complete"},
    {.name = "run",
     .argument = "ID",
     .help = "this run (default: arrays and olmoe: the newest complete one; rows and canonical: "
             "every run)"},
};

constexpr Example kExamples[] = {
    {.command = "moescope export run.db --format csv --table v_expert_usage -o usage.csv",
     .what = "one view as comma-separated values"},
    {.command = "moescope export run.db --format npz -o run.npz",
     .what = "token ids, experts, weights and router logits for NumPy"},
    {.command = "moescope export run.db --canonical | sha256sum",
     .what = "a fingerprint that equal runs share on any machine"},
};

}  // namespace

constinit const CommandInfo kExportCommand = {
    .name = "export",
    .summary = "write a recorded run for other programs",
    .operands = "DATABASE",
    .description =
        "Writes what was recorded as rows (csv, jsonl), as arrays (npz, safetensors) or as the "
        "dump that OLMoE's analysis scripts read (olmoe).\n\n"
        "Arrays have one row a token that the model was fed, in order of prompt and position: "
        "prompt, pos, token_id, phase (0 prefill, 1 decode), logprob; expert, weight and margin "
        "[token, layer with a router, choice]; layer; router_logits [token, layer, expert] where "
        "the run kept them all, chosen_logits [token, layer, choice] where it kept those of the "
        "chosen ones.\n\n"
        "olmoe: one line a prompt with input_ids, predicted_token_ids (the likeliest next token "
        "after each; null where the run did not keep it) and exp_ids[token][choice][layer].\n\n"
        "canonical: every row of every table in a fixed order, without what differs between two "
        "equal runs (times, host, paths, ids); reals as their bits.\n\n"
        "With --json, which needs -o, the files are written and listed on standard output with "
        "their sizes.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
