// What `pare tune` leaves: for each target the fastest that is accurate enough, as ONNX, with its
// plan, what was cut where, and an A/B comparison with the original on the device.
//
// One thread.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/tune_arguments.h"

namespace pare::cli {

// What one target came to.
struct TuneWinner {
  std::string target;
  std::string accuracy;  // what accuracies are called
  std::optional<nlohmann::json>
      member;                  // of its front; nullopt: nothing is faster within the points allowed
  std::filesystem::path file;  // the ONNX
  std::string floats_note;     // how to load it, a line; or nothing
  std::optional<nlohmann::json> comparison;  // nullopt: none
};

// Finds and compares the winner of a target of an ended job, and writes TARGET.onnx,
// TARGET.plan.json and TARGET.md into the folder; or says what is wrong and what to end with.
Exit find_winner(const Service& service, const TuneArguments& given, const std::string& job,
                 TuneWinner& winner);

// "openvino-1t: 2.60 times faster, 0.1 mAP points lost [...]: FOLDER/openvino-1t.onnx", and what
// the comparison said.
std::string winner_text(const TuneWinner& winner, double within);
nlohmann::json winner_json(const TuneWinner& winner);

}  // namespace pare::cli
