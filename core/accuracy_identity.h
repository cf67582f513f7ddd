// All that an accuracy was made by.  A number that was paid for once is shown a second time only
// where every part of this is equal: another card reads other classes out of the same bytes,
// another kind of processor computes other int8 products, another version of a runtime fuses
// differently.
//
// Every part is text, so that it can be stored and compared as it is.
#pragma once

#include <string>
#include <vector>

namespace pare {

struct AccuracyIdentity {
  std::string candidate_sha256;
  std::string dataset_sha256;  // images and labels: one archive
  std::string card_sha256;     // head, preprocessing, classes and the candidate's input size
  std::string labels;          // a LabelSource by name
  std::string teacher;         // the original and its size, where it is what is scored against
  std::string runtime;         // "executor" or a runtime's name
  std::string runtime_version;
  std::string processor;       // its kind (host/facts.h)
  std::string scoring;         // suppression of boxes, resamples: the engine's rules
  std::string held_back = {};  // how many of the images a search does not go by; empty: none
  friend bool operator==(const AccuracyIdentity&, const AccuracyIdentity&) = default;

  // False where something is not known: such an accuracy is never used again.
  bool is_whole() const noexcept {
    return !candidate_sha256.empty() && !dataset_sha256.empty() && !card_sha256.empty() &&
           !labels.empty() && !runtime.empty() && !runtime_version.empty() && !processor.empty() &&
           !scoring.empty();
  }
};

// Who may score a candidate: a runtime, of that version, on that kind of processor, by those rules.
struct Scorer {
  std::string runtime;
  std::string runtime_version;
  std::string processor;
  std::string scoring;
  friend bool operator==(const Scorer&, const Scorer&) = default;
};

}  // namespace pare
