#include "wire/task_file.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>

namespace pare::wire {
namespace {

Result<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + path};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// A reader never sees half an outcome.
bool write_whole(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return false;
  std::error_code failed;
  std::filesystem::rename(part, path, failed);
  return !failed;
}

TaskOutcome outcome_of(const std::string& task_file, const CarryOut& act) {
  const auto start = std::chrono::steady_clock::now();
  Stopwatch watch;
  const auto ended = [&](auto end) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    return TaskOutcome{std::move(end), spent.count(), watch.seconds()};
  };
  const auto failed = [&](const Error& error) {
    return ended(TaskFailure{error.code, error.message});
  };
  try {
    const auto text = read_whole(task_file);
    if (!text) return failed(text.error());
    const auto task = parse_task(text.value());
    if (!task) return failed(task.error());
    auto success = act(task.value(), watch);
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

int carry_out(const std::string& program, const std::string& task_file,
              const std::string& outcome_file, const CarryOut& act) {
  if (write_whole(outcome_file, outcome_to_json(outcome_of(task_file, act)))) return 0;
  std::fprintf(stderr, "%s: cannot write the outcome %s\n", program.c_str(), outcome_file.c_str());
  return 1;
}

int answer_each_line(const std::string& line) {
  for (std::string asked; std::getline(std::cin, asked);) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace pare::wire
