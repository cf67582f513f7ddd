// The model card that a command line asks for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>

#include "core/model_summary.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace pare::cli {

// The heads that the engine knows, each with the preprocessing its detectors usually take.
inline const std::set<std::string> kPresets = {
    "centerface", "centernet", "fastestdet",    "fcos",        "nanodet", "nanodet_plus",
    "ppyoloe",    "retinanet", "rtmdet",        "scrfd",       "ssd",     "yolov10",
    "yolov3",     "yolov4",    "yolov5",        "yolov5_maps", "yolov6",  "yolov7_maps",
    "yolov8",     "yolox",     "yolox_decoded", "yunet"};
inline constexpr const char* kPresetHelp =
    "Head and preprocessing: centerface, centernet, fastestdet, fcos, nanodet, nanodet_plus, "
    "ppyoloe, "
    "retinanet, rtmdet, scrfd, ssd, yolov10, yolov3, yolov4, yolov5, yolov5_maps, yolov6, "
    "yolov7_maps, yolov8, yolox, yolox_decoded, yunet";

// What a command line says of a model.
struct CardArguments {
  std::string preset;  // empty: as the card says
  std::string file;    // a card; empty: none
  std::string input;   // "640x480", height first, or "640"; empty: as card and model say
};

// --preset, --card and --input.
void add_card_options(CLI::App& command, CardArguments& given);

// One document of all three; a preset's preprocessing comes with its head.  Fails if they
// contradict each other, the file is no card, or `input` no size.
Result<nlohmann::json> card_of(const CardArguments& given);

// The same, decoded; nullopt if none was given.
Result<std::optional<PartialCard>> partial_card_of(const CardArguments& given);

}  // namespace pare::cli
