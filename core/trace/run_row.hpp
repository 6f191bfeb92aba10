#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/trace/run_info.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::trace {

std::int64_t insert_run(Database& db, const RunInfo& info);

/// The fields in which the stored run differs from the wanted one: "prompts_hash (…)", best known
/// first; empty when the run can go on.
std::vector<std::string> differences(Database& db, std::int64_t run, const RunInfo& info);

/// The same for what is dear to know: the hash of the model's files where the run has one; else
/// their names, sizes and times, which matter once a prompt was recorded.
std::vector<std::string> weight_differences(Database& db, std::int64_t run, const RunInfo& info,
                                            const std::function<std::string()>& model_hash);

/// Marks a stored run as running again under this process.
void reopen_run(Database& db, std::int64_t run, const RunInfo& info);

}  // namespace moescope::trace
