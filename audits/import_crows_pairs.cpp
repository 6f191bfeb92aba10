#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"

namespace moescope::audits {
namespace {

/// Mac OS Roman, its upper half.
/// Source: the mapping table ROMAN.TXT of the Unicode Consortium.
constexpr std::array<char16_t, 128> kMacRoman = {
    0x00c4, 0x00c5, 0x00c7, 0x00c9, 0x00d1, 0x00d6, 0x00dc, 0x00e1, 0x00e0, 0x00e2, 0x00e4, 0x00e3,
    0x00e5, 0x00e7, 0x00e9, 0x00e8, 0x00ea, 0x00eb, 0x00ed, 0x00ec, 0x00ee, 0x00ef, 0x00f1, 0x00f3,
    0x00f2, 0x00f4, 0x00f6, 0x00f5, 0x00fa, 0x00f9, 0x00fb, 0x00fc, 0x2020, 0x00b0, 0x00a2, 0x00a3,
    0x00a7, 0x2022, 0x00b6, 0x00df, 0x00ae, 0x00a9, 0x2122, 0x00b4, 0x00a8, 0x2260, 0x00c6, 0x00d8,
    0x221e, 0x00b1, 0x2264, 0x2265, 0x00a5, 0x00b5, 0x2202, 0x2211, 0x220f, 0x03c0, 0x222b, 0x00aa,
    0x00ba, 0x03a9, 0x00e6, 0x00f8, 0x00bf, 0x00a1, 0x00ac, 0x221a, 0x0192, 0x2248, 0x2206, 0x00ab,
    0x00bb, 0x2026, 0x00a0, 0x00c0, 0x00c3, 0x00d5, 0x0152, 0x0153, 0x2013, 0x2014, 0x201c, 0x201d,
    0x2018, 0x2019, 0x00f7, 0x25ca, 0x00ff, 0x0178, 0x2044, 0x20ac, 0x2039, 0x203a, 0xfb01, 0xfb02,
    0x2021, 0x00b7, 0x201a, 0x201e, 0x2030, 0x00c2, 0x00ca, 0x00c1, 0x00cb, 0x00c8, 0x00cd, 0x00ce,
    0x00cf, 0x00cc, 0x00d3, 0x00d4, 0xf8ff, 0x00d2, 0x00da, 0x00db, 0x00d9, 0x0131, 0x02c6, 0x02dc,
    0x00af, 0x02d8, 0x02d9, 0x02da, 0x00b8, 0x02dd, 0x02db, 0x02c7,
};

std::string from_mac_roman(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(out, byte < 0x80 ? char32_t{byte} : char32_t{kMacRoman[byte - 0x80]});
  }
  return out;
}

/// Words in lower case without punctuation at their ends.
std::vector<std::string> words_of(std::string_view sentence) {
  constexpr std::string_view kPunctuation = ".,;:!?\"'()[]";
  std::vector<std::string> out;
  for (const std::string& word : split(sentence, ' ')) {
    const std::size_t begin = word.find_first_not_of(kPunctuation);
    if (begin == std::string::npos) continue;
    const std::size_t end = word.find_last_not_of(kPunctuation);
    out.push_back(ascii_lower(std::string_view(word).substr(begin, end - begin + 1)));
  }
  return out;
}

/// The words of each that are not in their longest common subsequence.
std::pair<std::string, std::string> difference(const std::vector<std::string>& a,
                                               const std::vector<std::string>& b) {
  constexpr std::size_t kMaxWord = 1000;
  if (a.size() > kMaxWord || b.size() > kMaxWord) refuse_row("a sentence of over 1000 words");
  std::vector<std::vector<std::uint16_t>> common(a.size() + 1,
                                                 std::vector<std::uint16_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      common[i][j] = a[i] == b[j] ? static_cast<std::uint16_t>(common[i + 1][j + 1] + 1)
                                  : std::max(common[i + 1][j], common[i][j + 1]);
  std::pair<std::string, std::string> out;
  const auto put = [](std::string& to, const std::string& word) {
    to += (to.empty() ? "" : " ") + word;
  };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i;
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      put(out.first, a[i++]);
    } else {
      put(out.second, b[j++]);
    }
  }
  return out;
}

/// The pair of terms that the sentences differ in, the same for both orders: "black / white".
std::string term_of(const std::string& more, const std::string& less) {
  auto [a, b] = difference(words_of(more), words_of(less));
  if (a.empty() && b.empty()) std::tie(a, b) = difference(split(more, ' '), split(less, ' '));
  if (b < a) std::swap(a, b);
  return fmt::format("{} / {}", a, b);
}

void read_row(Import& import, const ImportFile& file, const Record& record) {
  const std::string& more = record.at("sent_more");
  const std::string& less = record.at("sent_less");
  if (more == less) refuse_row("both sentences are the same");
  const std::string& direction = record.at("stereo_antistereo");
  if (direction != "stereo" && direction != "antistereo")
    refuse_row("column 'stereo_antistereo': expected 'stereo' or 'antistereo'");
  const std::string& id = record.cell(0);
  if (id.empty()) refuse_row("expected an id, got none");
  probes::Item item{.id = fmt::format("{}/{}", file.language, id),
                    .labels = {{"bias_type", record.at("bias_type")},
                               {"stereo_antistereo", direction},
                               {"term", term_of(more, less)},
                               {"language", file.language},
                               {"row", id}},
                    .candidates = {{"more", more}, {"less", less}}};
  // Who wrote a sentence stays apart from others of the same number elsewhere.
  if (const std::string writer = record.or_empty("anon_writer"); !writer.empty())
    item.labels["writer"] = sha256_hex(file.source.sha256 + "/" + writer).substr(0, 12);
  import.add(std::move(item));
}

void read(Import& import) {
  constexpr std::string_view kNeeded[] = {"sent_more", "sent_less", "stereo_antistereo",
                                          "bias_type"};
  for (ImportFile& file : import.files())
    if (file.language.empty()) file.language = "en";
  expect_one_file_a_language(import);
  for (ImportFile& file : import.files()) {
    if (first_invalid_utf8(file.bytes)) file.bytes = from_mac_roman(file.bytes);
    const std::string_view head = std::string_view(file.bytes).substr(0, file.bytes.find('\n'));
    const bool tabs = head.find('\t') != std::string_view::npos;
    for_each_record(import, file, tabs ? Cells::kTab : Cells::kComma, kNeeded,
                    [&](const Record& record) { read_row(import, file, record); });
    if (file.language == "nl")
      import.set_local_only("the Dutch file states CC0-1.0 for its own part");
  }
  Suite& suite = import.suite();
  if (std::all_of(suite.items.begin(), suite.items.end(),
                  [](const probes::Item& item) { return item.labels.contains("writer"); }))
    suite.cluster = {"writer", "term"};
}

constexpr std::string_view kFiles[] = {"*crows*.csv", "*crows*.tsv"};
constexpr std::string_view kCluster[] = {"term"};

}  // namespace

constinit const ImporterInfo kCrowsPairsImporter = {
    .name = "crows-pairs",
    .title = "CrowS-Pairs",
    .summary =
        "pairs of sentences, one more stereotyping than the other; original, revised and "
        "translated files",
    .authors = "Nangia et al. 2020; Névéol et al. 2022 (revised English, French)",
    .first_published = "2020",
    .origin = "https://github.com/nyu-mll/crows-pairs",
    .licence = "CC-BY-SA-4.0",
    .share_alike = true,
    .files = kFiles,
    .languages =
        "the file's name (_FR_, dutch), else English; bytes that are no UTF-8 are read as "
        "Mac OS Roman",
    .construct =
        "whether a model finds a sentence with a stereotype likelier than the same about "
        "another group",
    .cannot_show =
        "Harm in use. Its authors warn that it may be no good indicator of bias; pairs "
        "differ in length and in how frequent their words are. Files without writers "
        "give intervals that are probably too narrow.",
    .probe = "pair_preference",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits
