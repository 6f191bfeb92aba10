#pragma once

#include "cli/command.hpp"

/// One declaration a command; command_table.cpp lists them in the order of the help page.
namespace moescope::cli {

extern const CommandInfo kCompareCommand;
extern const CommandInfo kCompletionCommand;
extern const CommandInfo kDoctorCommand;
extern const CommandInfo kExportCommand;
extern const CommandInfo kHelpCommand;
extern const CommandInfo kInspectCommand;
extern const CommandInfo kVerifyCommand;
extern const CommandInfo kTokenizeCommand;
extern const CommandInfo kLogprobsCommand;
extern const CommandInfo kGenerateCommand;
extern const CommandInfo kRecordCommand;
extern const CommandInfo kManCommand;
extern const CommandInfo kSqlCommand;
extern const CommandInfo kAuditCommand;
extern const CommandInfo kScoreCommand;
extern const CommandInfo kSuitesCommand;
extern const CommandInfo kTemplateCommand;
extern const CommandInfo kTokensCommand;
extern const CommandInfo kUsageCommand;

}  // namespace moescope::cli
