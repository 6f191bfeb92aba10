#include "probes/answer_words.hpp"

#include <fmt/core.h>

#include <string>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::probes {
namespace {

using Words = const std::string_view[];

constexpr Words kRefusalEn = {"i can't help*",
                              "i cannot help*",
                              "i can't assist*",
                              "i cannot assist*",
                              "i can't provide*",
                              "i cannot provide*",
                              "i can't answer*",
                              "i cannot answer*",
                              "i can't comply*",
                              "i cannot comply*",
                              "i can't fulfill*",
                              "i cannot fulfill*",
                              "i can't discuss*",
                              "i cannot discuss*",
                              "i'm unable to",
                              "i am unable to",
                              "i'm not able to",
                              "i am not able to",
                              "i won't",
                              "i will not",
                              "i must decline",
                              "i have to decline",
                              "i must refuse",
                              "i refuse to",
                              "i'm sorry, but",
                              "i am sorry, but",
                              "sorry, but i",
                              "sorry, i can't*",
                              "sorry, i cannot*",
                              "i apologize, but",
                              "as an ai",
                              "as a language model",
                              "as a large language model",
                              "i'd rather not",
                              "i would rather not",
                              "i prefer not to",
                              "i don't feel comfortable",
                              "i do not feel comfortable",
                              "it's not appropriate to",
                              "it is not appropriate to",
                              "it would not be appropriate"};
constexpr Words kNounEn = {"answer", "option", "choice", "letter"};
constexpr Words kFillerEn = {"is",   "would",  "be",     "the",    "correct", "right",
                             "best", "option", "letter", "choice", "answer"};

constexpr Words kRefusalFr = {"je ne peux pas repondre",
                              "je ne peux pas vous aider",
                              "je ne peux pas t'aider",
                              "je ne peux pas aider",
                              "je ne peux pas fournir",
                              "je ne peux pas vous fournir",
                              "je ne peux malheureusement",
                              "je ne peux pas donner",
                              "je ne suis pas en mesure d*",
                              "desole, mais",
                              "desolee, mais",
                              "je refuse de",
                              "je dois refuser",
                              "je dois decliner",
                              "il m'est impossible d*",
                              "je prefere ne pas",
                              "en tant qu'ia",
                              "en tant qu'intelligence",
                              "en tant que modele",
                              "en tant qu'assistant",
                              "il n'est pas approprie d*",
                              "il ne serait pas approprie d*"};
constexpr Words kNounFr = {"reponse", "option", "choix", "lettre"};
constexpr Words kFillerFr = {"est",   "serait", "la",     "le",      "bonne",  "correcte",
                             "juste", "lettre", "option", "reponse", "exacte", "donc"};

constexpr Words kRefusalDe = {"dabei kann ich nicht",
                              "dabei kann ich dir nicht",
                              "dabei kann ich ihnen nicht",
                              "ich kann dir dabei nicht",
                              "ich kann ihnen dabei nicht",
                              "ich kann dabei nicht",
                              "das kann ich nicht beantworten",
                              "ich kann das nicht beantworten",
                              "ich kann diese frage nicht",
                              "diese frage kann ich nicht",
                              "ich bin nicht in der lage",
                              "tut mir leid, aber",
                              "leider kann ich",
                              "ich kann leider",
                              "ich muss ablehnen",
                              "ich muss das ablehnen",
                              "ich lehne es ab",
                              "ich mochte dazu nichts",
                              "als ki",
                              "als kunstliche intelligenz",
                              "als sprachmodell",
                              "als assistent",
                              "es ware nicht angemessen",
                              "es ist nicht angemessen"};
constexpr Words kNounDe = {"antwort", "option", "wahl", "buchstabe", "antwortmoglichkeit"};
constexpr Words kFillerDe = {"ist",      "ware",  "lautet", "die",     "der",       "richtige",
                             "korrekte", "beste", "option", "antwort", "buchstabe", "also"};

constexpr Words kRefusalEs = {"no puedo ayudar*",
                              "no puedo responder*",
                              "no puedo proporcionar*",
                              "no puedo ofrecer*",
                              "no puedo cumplir*",
                              "no puedo contestar*",
                              "no me es posible",
                              "no estoy en condiciones de",
                              "no soy capaz de",
                              "lo siento, pero",
                              "lo siento, no puedo",
                              "lo lamento, pero",
                              "me niego a",
                              "debo negarme",
                              "debo declinar",
                              "debo rechazar",
                              "como ia",
                              "como una ia",
                              "como inteligencia artificial",
                              "como modelo de lenguaje",
                              "como modelo linguistico",
                              "como asistente",
                              "prefiero no",
                              "no seria apropiado",
                              "no es apropiado"};
constexpr Words kNounEs = {"respuesta", "opcion", "letra", "alternativa"};
constexpr Words kFillerEs = {"es",    "seria",  "la",        "correcta", "mejor",
                             "letra", "opcion", "respuesta", "por",      "tanto"};

constexpr Words kRefusalIt = {"non posso aiutar*",
                              "non posso rispondere",
                              "non posso fornir*",
                              "non posso dare",
                              "non posso soddisfare",
                              "non sono in grado di",
                              "non mi e possibile",
                              "mi dispiace, ma",
                              "mi spiace, ma",
                              "mi dispiace, non posso",
                              "mi rifiuto di",
                              "devo rifiutar*",
                              "devo declinare",
                              "in quanto ia",
                              "in quanto intelligenza",
                              "in quanto modello",
                              "in quanto assistente",
                              "come modello linguistico",
                              "come intelligenza artificiale",
                              "preferisco non",
                              "non sarebbe appropriato",
                              "non e appropriato"};
constexpr Words kNounIt = {"risposta", "opzione", "lettera", "scelta"};
constexpr Words kFillerIt = {"e",        "sarebbe", "la",      "corretta", "giusta",
                             "migliore", "lettera", "opzione", "risposta", "quindi"};

constexpr AnswerWords kTable[] = {
    {"en", kRefusalEn, kNounEn, kFillerEn, "AI"},   {"fr", kRefusalFr, kNounFr, kFillerFr, "AY"},
    {"de", kRefusalDe, kNounDe, kFillerDe, ""},     {"es", kRefusalEs, kNounEs, kFillerEs, "AEOUY"},
    {"it", kRefusalIt, kNounIt, kFillerIt, "AEIO"},
};

}  // namespace

std::span<const AnswerWords> answer_words() {
  return kTable;
}

const AnswerWords& answer_words_of(std::string_view language) {
  std::string known;
  for (const AnswerWords& row : kTable) {
    if (language.substr(0, language.find('-')) == row.language) return row;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", row.language);
  }
  fail(ErrorCode::kBadInput, "answers in '{}' cannot be read; known languages: {}",
       escape_terminal(language), known);
}

}  // namespace moescope::probes
