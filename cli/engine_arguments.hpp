#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "core/hooks/intervention.hpp"
#include "core/hooks/request.hpp"
#include "core/model/engine.hpp"

/// Options that every command has which runs a model.
namespace moescope::cli {

inline constexpr OptionInfo kEngineOptions[] = {
    {.name = "threads", .argument = "N", .help = "threads (default: OMP_NUM_THREADS or all cores)"},
    {.name = "batch",
     .argument = "N",
     .help = "tokens that pass through the model together (default 512)"},
    {.name = "context", .argument = "N", .help = "longest sequence (default: the model's context)"},
};

inline constexpr OptionInfo kInterventionOptions[] = {
    {.name = "intervene",
     .argument = "PLAN",
     .help = "change an expert: mask|zero|mean|force:L3.E1, swap:L3.E1,E5, scale:L3.E1,0.5, or a "
             "JSON file",
     .repeatable = true},
    {.name = "means",
     .argument = "FILE",
     .help = "expert means for 'mean', from record --means-out"},
};

inline constexpr OptionInfo kSamplingOptions[] = {
    {.name = "temperature", .argument = "T", .help = "0: the likeliest token (default)"},
    {.name = "top-k", .argument = "K", .help = "draw from the K likeliest"},
    {.name = "top-p", .argument = "P", .help = "draw from the likeliest that together reach P"},
    {.name = "min-p",
     .argument = "P",
     .help = "drop what is less likely than P times the likeliest"},
    {.name = "seed", .argument = "N", .help = "seed of the draws (default 0)"},
};

/// Errors: kUsage: among others a context beyond the model's.
model::EngineOptions engine_options(const Arguments& arguments, const model::Model& model);
/// Errors: kUsage: limits of draws without a temperature, under which nothing is drawn.
hooks::Sampling sampling_options(const Arguments& arguments);
/// The texts of --stop. Errors: kUsage: an empty one.
std::vector<std::string> stop_texts(const Arguments& arguments);

/// The plan of --intervene and --means. Reading means hashes the model.
hooks::InterventionPlan intervention_plan(const Arguments& arguments, const model::Model& model);

}  // namespace moescope::cli
