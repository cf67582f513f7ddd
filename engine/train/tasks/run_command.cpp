#include "engine/train/tasks/run_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "core/task_kind.h"
#include "engine/train/tasks/train_task.h"
#include "engine/train/tasks/training_record.h"
#include "wire/task_file.h"

namespace pare::engine {

int run_run(int argc, char** argv) {
  std::string task, outcome, scratch;
  CLI::App app("Carries out one task (docs/tasks.md).");
  app.add_option("--task", task, "The task document")->required()->check(CLI::ExistingFile);
  app.add_option("--outcome", outcome, "Where the outcome goes")->required();
  app.add_option("--scratch", scratch, "A folder for its files")
      ->required()
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  const auto say = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  return wire::carry_out("pare-train", task, outcome,
                         [&](const wire::TaskDocument& document, Stopwatch& watch) {
                           return run_train_task(document, scratch, watch, say);
                         });
}

int run_hello() {
  const nlohmann::json hello = {{"contract", 1},
                                {"capabilities", {std::string(kTraining)}},
                                {"library", training_library()},
                                {"device", "cpu"}};
  return wire::answer_each_line(hello.dump());
}

}  // namespace pare::engine
