// pare-engine: one task on one model, in a child process with limits.
//
//   pare-engine run --task task.json --outcome outcome.json --scratch DIR
//   pare-engine facts: what it scores accuracies with, for a worker's probe
//   pare-engine label: what a detector finds in images, for another to learn from
//   pare-engine zoo list|build: detectors to train from scratch
//   pare-engine draw MODEL -o OUT: a picture of it, in Graphviz's language
//   pare-engine check COMMAND...: does a harness keep to docs/runtimes.md?
//   pare-engine join MODEL -o OUT: a model and the files of its weights as one file
//
// docs/tasks.md is the contract.  Exit 0 whether the task succeeded or failed; anything else, or no
// outcome, is a crash.  Progress goes to stdout, one JSON object a line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "core/printable.h"
#include "core/version.h"
#include "engine/pipeline/scoring.h"
#include "engine/program/check_command.h"
#include "engine/program/draw_command.h"
#include "engine/program/join_command.h"
#include "engine/program/label_command.h"
#include "engine/program/tasks.h"
#include "engine/program/zoo_command.h"
#include "wire/task_file.h"

namespace {

// A worker asks once, when it starts.
int say_facts() {
  const auto [executor, rules] = pare::engine::scoring_facts();
  return pare::wire::answer_each_line(
      nlohmann::json{{"executor", executor}, {"scoring", rules}}.dump());
}

int run(int argc, char** argv) {
  CLI::App app{"pare-engine: one task on one model (docs/tasks.md)"};
  app.set_version_flag("--version", std::string("pare-engine ") + pare::kVersion);
  app.require_subcommand(1);
  std::string task;
  std::string outcome;
  std::string scratch;
  CLI::App* const command = app.add_subcommand("run", "run one task");
  command->add_option("--task", task, "the task document")->required()->check(CLI::ExistingFile);
  command->add_option("--outcome", outcome, "where the outcome goes")->required();
  command->add_option("--scratch", scratch, "a folder for its files")
      ->required()
      ->check(CLI::ExistingDirectory);
  CLI::App* const facts = app.add_subcommand(
      "facts", "for every line on stdin, say on one line what accuracies are scored with");
  pare::engine::add_label_command(app);
  pare::engine::add_zoo_commands(app);
  pare::engine::add_join_command(app);
  pare::engine::add_draw_command(app);
  pare::engine::add_check_command(app);
  CLI11_PARSE(app, argc, argv);
  if (facts->parsed()) return say_facts();
  if (!command->parsed()) return 0;  // the others have answered
  return pare::wire::carry_out(
      "pare-engine", task, outcome,
      [&](const pare::wire::TaskDocument& document, pare::Stopwatch& watch) {
        return pare::engine::run_task(document, scratch, watch);
      });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pare-engine: %s\n", pare::printable(error.what()).c_str());
    return 1;
  }
}
