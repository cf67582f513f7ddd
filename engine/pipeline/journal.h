// What a long task keeps of its work as it goes, so that another process goes on from there and
// ends with the same result to the bit.
//
// A task has steps, each with a name and parts that it does in order.  After each part a step tells
// the journal how many are done and how its state is made: whatever the parts behind it need that
// cannot be made again.  The journal decides whether it is time to make and keep it.  A step that
// begins asks first what an earlier process kept of it.
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/graph/tensor_file.h"

namespace pare::engine {

struct StepState {
  std::int64_t done = 0;  // parts
  TensorFile state;
};

class Journal {
 public:
  using MakeState = std::function<TensorFile()>;

  virtual ~Journal() = default;
  // Null: begin with the first part.
  virtual const StepState* kept(const std::string& step) const {
    (void)step;
    return nullptr;
  }
  // `last`: the step is over, and the next one begins.
  virtual void did(const std::string& step, std::int64_t done, bool last, const MakeState& make) {
    (void)step, (void)done, (void)last, (void)make;
  }
  // Named numbers of the part that was done last, for people to look at while it goes on.
  virtual void tell(const std::map<std::string, double>& numbers) { (void)numbers; }
};

// Keeps nothing.
inline Journal& no_journal() {
  static Journal none;
  return none;
}

}  // namespace pare::engine
