// What became of a candidate, for people: what was cut or lowered, where and why; each layer's
// share of work, bytes, time and int8 error; what it cost on each target.  Pure.
//
// Of a layer, MACs and bytes follow from the plan: channels, taps and pixels that are left, a byte
// a weight in int8, what the plan stores it in elsewhere (four bytes, if it says nothing, whatever
// the layer computes in).  The
// candidate's own totals are those that its build counted.  Expected damage is preparing's, of one
// part alone on calibration images, never a result.  What is not known is absent, and `unknown`
// says why.
//
// Cost: the model's layers times its groups.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/job_context.h"
#include "core/guidance.h"

namespace pare::coordinator {

enum class CutKind : std::uint8_t {
  kInput,
  kWidth,
  kBlock,
  kKernel,
  kInt8,
  kFloats,
  kStorage,
  kZeros
};

struct ReportedCut {
  CutKind kind = CutKind::kWidth;
  std::string what;  // group, block or layer; empty: the whole network
  std::string from;
  std::string to;
  std::string why;
  std::optional<double> damage;            // expected of this part alone (core/guidance.h)
  std::optional<std::int64_t> macs_saved;  // the same
};

struct LayerWork {
  int inputs = 0;  // channels
  int outputs = 0;
  std::int64_t macs = 0;
  std::int64_t bytes = 0;
};

struct LayerTime {
  std::optional<double> ms;
  std::optional<double> original_ms;
};

struct ReportedLayer {
  std::string name;
  std::string op;
  bool gone = false;      // with a block that is left out
  std::string precision;  // "fp32", "int8", ...
  std::string why_float;  // of a layer that an int8 plan leaves in floating point
  LayerWork own;          // zeros where it is gone
  LayerWork original;
  std::map<std::string, LayerTime> times;  // by target
  std::optional<double> int8_damage;       // of the outputs, with this layer alone in int8
};

struct ReportedTarget {
  std::string target;
  std::optional<FrontMember> member;  // what it is there, beside the original; absent: not measured
  std::string infeasible;
};

struct CandidateReport {
  Plan plan;
  std::string description;
  std::vector<ReportedCut> cuts;
  std::vector<ReportedLayer> layers;  // in the order in which they run; empty: not known
  std::vector<ReportedTarget> targets;
  std::vector<std::string> unknown;  // one sentence each
};

// `original`: the job's trial that changes nothing; nullptr: not measured yet.
// Fails with kInternal where the trial's plan cannot be read.
Result<CandidateReport> report_of(const JobContext& context, const Guidance& guidance,
                                  const Trial& trial, const Trial* original);

}  // namespace pare::coordinator
