#pragma once

#include "audits/importer.hpp"

/// One declaration an importer; importer.cpp lists them.
namespace moescope::audits {

extern const ImporterInfo kBbqImporter;
extern const ImporterInfo kCrowsPairsImporter;
extern const ImporterInfo kGestImporter;
extern const ImporterInfo kTruthfulqaImporter;
extern const ImporterInfo kWinobiasImporter;

/// An answer as text, and as a letter in every rotation of the options.
std::vector<probes::Format> text_and_letter_formats();

}  // namespace moescope::audits
