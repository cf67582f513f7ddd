// What an accuracy was scored against: never shown without it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/names.h"

namespace pare {

enum class LabelSource : std::uint8_t {
  kGroundTruth,  // the dataset's boxes: mAP
  kTeacher,      // no boxes: the original's own detections stand for them
  kRawOutputs,   // the head is not known: agreement with the original's raw outputs
};

inline constexpr std::array kLabelSourceNames = {
    Named<LabelSource>{LabelSource::kGroundTruth, "ground_truth"},
    Named<LabelSource>{LabelSource::kTeacher, "teacher"},
    Named<LabelSource>{LabelSource::kRawOutputs, "raw_outputs"},
};
constexpr std::string_view name_of(LabelSource labels) noexcept {
  return name_in(kLabelSourceNames, labels);
}

// The head of a detector whose outputs nobody here can read as boxes.
inline constexpr std::string_view kRawHead = "raw";

// What is scored against, for a detector with this head on such a dataset.
constexpr LabelSource label_source(std::string_view head, bool dataset_labelled) noexcept {
  if (head == kRawHead) return LabelSource::kRawOutputs;
  return dataset_labelled ? LabelSource::kGroundTruth : LabelSource::kTeacher;
}

}  // namespace pare
