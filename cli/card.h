// The model card that a command line asks for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>

#include "core/model_summary.h"
#include "core/result.h"

namespace pare::cli {

// The heads that the engine knows, each with the preprocessing its detectors usually take.
inline const std::set<std::string> kPresets = {
    "centernet", "fastestdet", "nanodet",       "nanodet_plus", "scrfd",  "ssd",
    "yolov10",   "yolov3",     "yolov5",        "yolov5_maps",  "yolov6", "yolov7_maps",
    "yolov8",    "yolox",      "yolox_decoded", "yunet"};
inline constexpr const char* kPresetHelp =
    "Head and preprocessing: centernet, fastestdet, nanodet, nanodet_plus, scrfd, ssd, "
    "yolov10, yolov3, yolov5, yolov5_maps, yolov6, yolov7_maps, "
    "yolov8, yolox, yolox_decoded, yunet";

// The card in `file` (empty: none) with the head of `preset` (empty: as the card says); the
// preset's preprocessing comes with the head.  Fails if the two name different heads, or the file
// is no card.
Result<nlohmann::json> card_of(const std::string& preset, const std::string& file);

// The same, decoded; nullopt if neither was given.
Result<std::optional<PartialCard>> partial_card_of(const std::string& preset,
                                                   const std::string& file);

}  // namespace pare::cli
