#include "engine/pipeline/complete_card.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/graph/convert.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

constexpr const char* kByCard = "the card";
constexpr const char* kByMetadata = "the file's metadata";

std::string sides(int height, int width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

Result<std::monostate> check_said(const PartialCard& said, const ModelCard& card, int classes) {
  const bool other_size = (said.height > 0 && said.height != card.height) ||
                          (said.width > 0 && said.width != card.width);
  if (other_size) {
    return invalid("the card says input " + sides(said.height, said.width) + ", the file has " +
                   sides(card.height, card.width));
  }
  if (card.head != kRawHead && !said.classes.empty() &&
      std::cmp_not_equal(said.classes.size(), classes)) {
    return invalid("the card names " + std::to_string(said.classes.size()) +
                   " classes, the model has " + std::to_string(classes));
  }
  return std::monostate{};
}

// What the network does itself, in words.
std::string deeds_of(const OwnScaling& own) {
  std::string words = own.scales() ? "scales its image" : "";
  if (own.turns_channels())
    words += std::string(words.empty() ? "" : " and ") + "turns its channels";
  return words;
}

void say_preprocessing(const PartialCard& said, const FileCard& file, const OwnScaling& own,
                       Detector& detector) {
  const bool raw = detector.card.head == kRawHead;
  const std::string preset =
      raw ? "assumed, as nothing says it" : "how " + detector.card.head + " detectors usually are";
  std::string& from = detector.origins.preprocessing;
  std::vector<std::string>& notes = detector.notes;
  if (said.preprocessing) {
    from = kByCard;
  } else if (file.pixels.says_any()) {
    from = kByMetadata;
    notes.push_back("The file's metadata says how images are prepared: " +
                    in_words(detector.card.preprocessing) +
                    "; how they are fitted into the input is assumed.");
  } else if (!is_float(detector.file.inputs.at(0).dtype)) {
    from = "the type of the input";
  } else if (const std::string does = deeds_of(own); !does.empty()) {
    from = "the graph, which " + does + " itself";
    notes.push_back("The network " + does + " itself: images are given as " +
                    in_words(detector.card.preprocessing) + ". A card or a preset says otherwise.");
  } else {
    from = preset;
    notes.push_back(raw ? "Neither the file nor its head says how images are prepared: assumed "
                          "RGB, divided by 255, aspect kept by padding. A card says otherwise."
                        : "The file does not say how images are prepared: assumed as " +
                              detector.card.head +
                              " detectors usually are. A card or a preset says otherwise.");
  }
}

Result<Preprocessing> preset_of(const ModelCard& card) {
  if (card.head == kRawHead) return Preprocessing{};
  const auto known = head_for(card.head, card.head_description);
  if (!known) return known.error();
  return known.value().preset;
}

// Integers take pixels as they are; a card that makes something else of them cannot be meant.
Result<std::monostate> fit_pixels(const PartialCard& said, Detector& detector) {
  const TensorInfo& input = detector.file.inputs.at(0);
  if (!is_float(input.dtype) && !said.preprocessing) {
    detector.card.preprocessing = for_integers(detector.card.preprocessing, input.dtype);
    detector.notes.push_back("Input " + in_quotes(input.name) + " takes " +
                             std::string(name_of(input.dtype)) +
                             ": assumed pixels as they are, not scaled.");
  }
  return check_pixels_fit(detector.card.preprocessing, input);
}

void say_the_rest(const PartialCard& said, const FileCard& file, Detector& detector) {
  const ModelCard& card = detector.card;
  CardOrigins& origins = detector.origins;
  const bool raw = card.head == kRawHead;
  origins.head = !said.head.empty() ? kByCard : raw ? "no head that is known" : "the graph";
  origins.input = said.height > 0 ? kByCard : "the file";
  origins.classes = !said.classes.empty()  ? kByCard
                    : card.classes.empty() ? "nobody: by the dataset's order"
                                           : kByMetadata;
  if (said.head.empty() && !raw) {
    detector.notes.push_back("The head was recognised as " + card.head + " from the graph.");
  }
  if (card.classes.empty() && !raw) {
    detector.notes.push_back("The file does not name its " + std::to_string(detector.head.classes) +
                             " classes: they go in the order of the dataset's categories.");
  }
  for (std::string& note :
       disagreements(file, {card.height, card.width}, largest_stride(detector.head))) {
    detector.notes.push_back(std::move(note));
  }
}

}  // namespace

std::string in_words(const Preprocessing& how) {
  std::string words = how.rgb ? "RGB" : "BGR";
  const auto all = [](const std::vector<double>& values, double value) {
    return values == std::vector<double>(3, value);
  };
  if (all(how.mean, 0) && all(how.std, 1)) return words + " from 0 to 255";
  if (all(how.mean, 0) && all(how.std, 255)) return words + " from 0 to 1";
  return words + ", less a mean and divided";
}

Result<std::monostate> complete_card(const PartialCard& said, const FileCard& file,
                                     std::pair<int, int> size, const OwnScaling& own,
                                     Detector& detector) {
  ModelCard& card = detector.card;
  card.head = detector.head.head;
  card.head_description = detector.head.description;
  card.nms = said.nms;
  card.height = size.first;
  card.width = size.second;
  if (auto sound = check_said(said, card, detector.head.classes); !sound) return sound;
  card.classes = agreed_classes(said.classes, file, detector.head.classes, detector.notes);
  const auto preset = preset_of(card);
  if (!preset) return preset.error();
  card.preprocessing = said.preprocessing.value_or(
      with_pixels_as(given_its_scaling(preset.value(), own), file.pixels));
  say_preprocessing(said, file, own, detector);
  say_the_rest(said, file, detector);
  return fit_pixels(said, detector);
}

}  // namespace pare::engine
