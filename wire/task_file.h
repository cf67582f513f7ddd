// What every program does that carries out tasks: the document comes from a file, the outcome goes
// into one (docs/tasks.md).
#pragma once

#include <functional>
#include <string>

#include "core/result.h"
#include "core/stopwatch.h"
#include "wire/task_json.h"

namespace pare::wire {

using CarryOut = std::function<Result<TaskSuccess>(const TaskDocument& task, Stopwatch& watch)>;

// Reads the task, carries it out and writes the outcome, whole or not at all: of a document that
// cannot be read, a failure and an exception as well.  The process's exit code: 0 where there is an
// outcome; `program` begins what stderr is told where there is none.
int carry_out(const std::string& program, const std::string& task_file,
              const std::string& outcome_file, const CarryOut& act);

// For every line on stdin, says `line`: what a worker asks once, when it starts.  An exit code.
int answer_each_line(const std::string& line);

}  // namespace pare::wire
