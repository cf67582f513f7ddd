// How an image becomes a network's input, and which way was found to fit a detector best.
//
// Plain values; any thread.  The JSON is in wire/preprocessing_json.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace pare {

enum class Resize : std::uint8_t {
  kLetterboxCentre,   // aspect kept, padding on both sides (YOLOv5)
  kLetterboxTopLeft,  // aspect kept, padding right and below (YOLOX)
  kStretch,           // aspect lost
};

struct Preprocessing {
  bool rgb = true;  // false: BGR, as OpenCV reads
  Resize resize = Resize::kLetterboxCentre;
  int pad_value = 114;
  // Per channel in the order the network sees: x = (pixel - mean) / std.
  std::vector<double> mean = {0, 0, 0};
  std::vector<double> std = {255, 255, 255};
  friend bool operator==(const Preprocessing&, const Preprocessing&) = default;
};

// The original on a few labelled images, prepared as its card says and in other ways.
struct PreprocessingTrial {
  struct Tried {
    Preprocessing how;
    double map_50_95 = 0;        // in [0, 1]
    double without_classes = 0;  // the same, any class for any
    friend bool operator==(const Tried&, const Tried&) = default;
  };
  std::vector<Tried> tried = {};  // the card's first; empty: nothing could be tried
  int images = 0;
  std::vector<std::string> findings = {};  // what came of it, one sentence each
  // What a search had better not be spent on, and what to look at.
  std::vector<std::string> alarms = {};
  friend bool operator==(const PreprocessingTrial&, const PreprocessingTrial&) = default;

  // REQUIRES: something was tried, for both.
  const Tried& as_the_card() const { return tried.front(); }
  const Tried& best() const { return *std::ranges::max_element(tried, {}, &Tried::map_50_95); }
};

}  // namespace pare
