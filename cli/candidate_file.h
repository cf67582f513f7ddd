// A candidate's ONNX on this machine, and what must be known to run it as it was measured.
//
// One thread.
#pragma once

#include <string>

#include "cli/command.h"
#include "core/units.h"

namespace pare::cli {

struct CandidateFile {
  std::string sha256;
  Bytes bytes;
  // What its numbers are while it computes ("fp32", "bf16", ...): the file alone does not make a
  // runtime do so.
  std::string floats;
};

// The candidate that a SHA-256 (or a part of one) of a candidate or a plan stands for.  Fails as
// Service.
Result<std::string> candidate_of(const Service& service, const std::string& name);

// Writes the file, verified, or says why not and what to end with.
Exit write_candidate(const Service& service, const std::string& sha256, const std::string& file,
                     CandidateFile& written);

// How to load it where that is not plain fp32: a line, or nothing.
std::string floats_note(const CandidateFile& file);

}  // namespace pare::cli
