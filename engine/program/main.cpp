// pare-engine: one task on one model, in a child process with limits.
//
//   pare-engine run --task task.json --outcome outcome.json --scratch DIR
//   pare-engine facts: what it scores accuracies with, for a worker's probe
//
// docs/tasks.md is the contract.  Exit 0 whether the task succeeded or failed; anything else, or no
// outcome, is a crash.  Progress goes to stdout, one JSON object a line.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "core/stopwatch.h"
#include "core/version.h"
#include "engine/pipeline/scoring.h"
#include "engine/program/tasks.h"
#include "wire/task_json.h"

namespace {

using pare::Error;
using pare::ErrorCode;
using pare::Result;

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + path};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Whole or not at all: a reader never sees half an outcome.
bool write_text(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return false;
  std::error_code failed;
  std::filesystem::rename(part, path, failed);
  return !failed;
}

// A worker asks once, when it starts.
int say_facts() {
  const auto [executor, rules] = pare::engine::scoring_facts();
  const std::string facts = nlohmann::json{{"executor", executor}, {"scoring", rules}}.dump();
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("%s\n", facts.c_str());
    std::fflush(stdout);
  }
  return 0;
}

pare::wire::TaskOutcome run(const std::string& task_path, const std::string& scratch) {
  const auto start = std::chrono::steady_clock::now();
  pare::Stopwatch watch;
  const auto ended = [&](auto end) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    return pare::wire::TaskOutcome{std::move(end), spent.count(), watch.seconds()};
  };
  const auto failed = [&](const Error& error) {
    return ended(pare::wire::TaskFailure{error.code, error.message});
  };
  try {
    const auto text = read_text(task_path);
    if (!text) return failed(text.error());
    const auto task = pare::wire::parse_task(text.value());
    if (!task) return failed(task.error());
    auto success = pare::engine::run_task(task.value(), scratch, watch);
    if (!success) return failed(success.error());
    return ended(std::move(success).value());
  } catch (const std::bad_alloc&) {
    return failed({ErrorCode::kInternal, "the task needs more memory than there is"});
  } catch (const std::exception& thrown) {
    // A library threw where none of us expected it: a reason beats a core file.
    return failed({ErrorCode::kInternal, std::string("unexpected failure: ") + thrown.what()});
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"pare-engine: one task on one model (docs/tasks.md)"};
  app.set_version_flag("--version", pare::kVersion);
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
  CLI11_PARSE(app, argc, argv);
  if (facts->parsed()) return say_facts();
  if (write_text(outcome, pare::wire::outcome_to_json(run(task, scratch)))) return 0;
  std::fprintf(stderr, "pare-engine: cannot write the outcome %s\n", outcome.c_str());
  return 1;
}
