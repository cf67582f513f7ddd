// What a detector's file says of itself in its metadata, as the card it could have had.
//
// Ultralytics writes "names" ({0: 'person', 1: ...}), "imgsz" ([640, 640]), "stride" and "task" as
// Python prints them; others write JSON, or "class_names", "classes" and "labels".  ONNX itself has
// "Image.BitmapPixelFormat" and "Image.NominalPixelRange" (onnx/docs/MetadataProps.md; Azure Custom
// Vision writes them), Deepness "model_type", "standardization_mean" and "standardization_std" (of
// pixels from 0 to 1).  What cannot be read is said and not used: metadata is text of strangers.
//
// Pure functions, any thread, linear in the text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model_summary.h"

namespace pare::engine {

// What a file says of its pixels.
struct FilePixels {
  std::optional<bool> rgb;
  std::vector<double> mean, std;  // of pixels from 0 to 255; empty: not said
  bool says_any() const { return rgb.has_value() || !std.empty(); }
};

struct FileCard {
  std::vector<std::string> classes;
  std::optional<std::pair<int, int>> size;  // height, width
  int stride = 0;                           // 0: not said
  std::string task;
  FilePixels pixels = {};
  std::vector<std::string> notes;  // what could not be read
};

FileCard file_card(const std::map<std::string, std::string>& metadata);

// The preprocessing, but for what the file says of its pixels.
Preprocessing with_pixels_as(Preprocessing preset, const FilePixels& said);

// The classes that a card ends with: those that the user said, otherwise the file's if the model
// has as many (`model_classes`; 0: not known).  Notes say where they come from, and where user and
// file disagree.
std::vector<std::string> agreed_classes(const std::vector<std::string>& said, const FileCard& file,
                                        int model_classes, std::vector<std::string>& notes);

// Where the file's metadata and its network disagree, one sentence each.  `stride` is the network's
// (0: not known).
std::vector<std::string> disagreements(const FileCard& file, std::pair<int, int> size, int stride);

// A candidate's metadata: the original's, with the size that it has now.
std::map<std::string, std::string> metadata_at(std::map<std::string, std::string> metadata,
                                               std::pair<int, int> size);

}  // namespace pare::engine
