#include "cli/command_table.hpp"

namespace moescope::cli {
namespace {

constexpr const CommandInfo* kCommands[] = {
    &kInspectCommand, &kGenerateCommand, &kRecordCommand,   &kUsageCommand,      &kTokensCommand,
    &kCompareCommand, &kSqlCommand,      &kExportCommand,   &kSuitesCommand,     &kAuditCommand,
    &kScoreCommand,   &kTokenizeCommand, &kTemplateCommand, &kLogprobsCommand,   &kVerifyCommand,
    &kDoctorCommand,  &kHelpCommand,     &kManCommand,      &kCompletionCommand,
};

}  // namespace

std::span<const CommandInfo* const> commands() {
  return kCommands;
}

}  // namespace moescope::cli
