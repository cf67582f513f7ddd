// What the coordinator goes by of a worker's probe, which is otherwise only shown: the kind of its
// processor, and how its engine scores.
#pragma once

#include <string>
#include <string_view>

namespace pare::wire {

struct ProbeFacts {
  // The kind (host/facts.h); of a probe from before there were kinds, its model.  Empty: not told.
  // PostgreSQL says the same in device.processor.
  std::string processor;
  bool engine = false;   // it says what its engine is
  std::string executor;  // its version
  std::string scoring;   // the rules
};

// Whatever is not there, or is of another kind than it should be, is empty: a worker of any version
// may work.
ProbeFacts probe_facts(std::string_view device_json);

}  // namespace pare::wire
