#pragma once

#include "audits/importer.hpp"

/// One declaration an importer; importer.cpp lists them.
namespace moescope::audits {

extern const ImporterInfo kArcImporter;
extern const ImporterInfo kBbqImporter;
extern const ImporterInfo kBecProImporter;
extern const ImporterInfo kBoldImporter;
extern const ImporterInfo kConlluImporter;
extern const ImporterInfo kCrowsPairsImporter;
extern const ImporterInfo kGestImporter;
extern const ImporterInfo kHolisticBiasImporter;
extern const ImporterInfo kHonestImporter;
extern const ImporterInfo kNqOpenImporter;
extern const ImporterInfo kNtrexImporter;
extern const ImporterInfo kPararelImporter;
extern const ImporterInfo kSconeImporter;
extern const ImporterInfo kStereosetImporter;
extern const ImporterInfo kTruthfulqaImporter;
extern const ImporterInfo kWinobiasImporter;
extern const ImporterInfo kWinobiasReferentImporter;
extern const ImporterInfo kWinogenderImporter;
extern const ImporterInfo kWinogeneratedImporter;

/// An answer as text, and as a letter in every rotation of the options.
std::vector<probes::Format> text_and_letter_formats();

}  // namespace moescope::audits
