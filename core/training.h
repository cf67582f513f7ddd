// What training a super-network came to: how it went, on what, and what it gained where.
//
// Held-out losses are distances to the original on images that nothing learned from; nothing in it
// is an accuracy.  Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pare {

// A share of the multiply-accumulates at which a change of its own was trained.
struct TrainedKnot {
  double removed = 0;
  bool kept = false;  // it is better than none, as judged on images held out
  friend bool operator==(const TrainedKnot&, const TrainedKnot&) = default;
};

// One sub-network that was judged on the images held out.
struct JudgedShare {
  double removed = 0;      // of the multiply-accumulates
  double closed_form = 0;  // its loss before any training
  double trained = 0;
  friend bool operator==(const JudgedShare&, const JudgedShare&) = default;
};

// What was trained for int8 beside the knots: one change for all plans in int8.
struct TrainedInt8 {
  std::int64_t steps = 0;
  bool kept = false;     // it is better than none, as judged on images held out
  double untrained = 0;  // mean loss of the int8 networks that were judged
  double trained = 0;
  friend bool operator==(const TrainedInt8&, const TrainedInt8&) = default;
};

// The checkpoint that the run went on from, of an earlier attempt.
struct TrainingParent {
  std::string sha256;
  std::int64_t step = 0;
  friend bool operator==(const TrainingParent&, const TrainingParent&) = default;
};

struct Training {
  std::int64_t steps = 0;
  std::int64_t skipped = 0;  // steps whose gradients were not finite
  int images = 0;            // learned from
  int held_out_images = 0;
  double seconds = 0;  // of the attempt that ended it
  int threads = 0;
  std::uint64_t seed = 0;
  std::vector<TrainedKnot> knots;   // ascending
  std::vector<JudgedShare> judged;  // by ascending share
  bool parts = false;               // some of what was trained lacked blocks or had smaller kernels
  std::optional<TrainedInt8> int8 = {};
  std::string program;    // the library that trained, with its version
  std::string processor;  // its kind
  std::optional<TrainingParent> parent = {};
  std::vector<std::string> notes = {};  // for people, one sentence each
  friend bool operator==(const Training&, const Training&) = default;
};

// True if the result is better than closed form at some knot.
bool gained(const Training& training);

// True if plans in int8 begin with weights of their own.
inline bool gained_for_int8(const Training& training) {
  return training.int8 && training.int8->kept;
}

// What is left of closed form's loss at that share: between what was judged, in a straight line,
// from 1 at no share at all; behind the last, as there.
double left_of_loss(const Training& training, double removed);

}  // namespace pare
