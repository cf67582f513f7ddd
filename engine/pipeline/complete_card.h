// A detector's card, completed: what the user said, then what the file's metadata says, then what
// the graph shows, then what detectors with its head usually have.
//
// Pure functions, any thread.
#pragma once

#include "engine/pipeline/detector.h"
#include "engine/pipeline/file_card.h"
#include "engine/pipeline/own_scaling.h"

namespace pare::engine {

// Fills detector.card, but for `scored`, and origins; notes say what was assumed and where user,
// file and network disagree.  `size` is the network's height and width, `own` what it does to its
// image. Fails with kInvalidArgument if the card contradicts the file. REQUIRES: head and file of
// the detector are known.
Result<std::monostate> complete_card(const PartialCard& said, const FileCard& file,
                                     std::pair<int, int> size, const OwnScaling& own,
                                     Detector& detector);

// "RGB from 0 to 255".
std::string in_words(const Preprocessing& how);

}  // namespace pare::engine
