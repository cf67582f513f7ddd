// What the command line of `pare tune` says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/card.h"
#include "cli/command.h"

namespace pare::cli {

struct TuneArguments {
  std::string file;
  CardArguments card;
  std::string images;                 // a folder: split, unless `calibration` is another one
  std::string calibration;            // empty: none
  std::string labels;                 // COCO JSON; empty: none
  std::size_t most_images = 512;      // of a folder that is split: scored on
  std::vector<std::string> runtimes;  // empty: the usual ones that a worker has
  std::vector<std::string> targets;   // that are there, instead of runtimes
  int threads = 1;
  double within = 1.0;  // mAP points that may be lost
  int trials = 60;
  std::optional<double> train;  // minutes, of a super-network
  std::uint64_t seed = 1;
  std::string data;  // of a service that is started; empty: where `pare up` keeps them
  std::string out;   // folder for the results
  std::string engine = program_beside("pare-engine");
  bool no_compare = false;
};

}  // namespace pare::cli
