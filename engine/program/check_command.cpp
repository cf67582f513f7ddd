#include "engine/program/check_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/check/runtime_check.h"

namespace pare::engine {
namespace {

struct Checking {
  CheckedCommand command;
  std::vector<std::string> only;
  double seconds = 60;  // for one answer
};

const char* name_of_end(CheckEnd end) {
  if (end == CheckEnd::kKept) return "kept";
  return end == CheckEnd::kBroken ? "broken" : "not claimed";
}

std::string in_words(std::string_view name) {
  std::string words(name);
  std::ranges::replace(words, '_', ' ');
  return words;
}

Result<nlohmann::json> checked(const Checking& wanted) {
  const auto runtime = greet(wanted.command);
  if (!runtime) return runtime.error();
  nlohmann::json checks = nlohmann::json::array();
  for (const RuntimeCheck& check : all_runtime_checks()) {
    const std::string name = in_words(check.name);
    const bool asked =
        wanted.only.empty() || std::ranges::any_of(wanted.only, [&](const auto& part) {
          return name.find(part) != std::string::npos;
        });
    if (!asked) continue;
    const CheckOutcome outcome = carry_out(check, wanted.command);
    std::fprintf(stderr, "%s: %s\n", name_of_end(outcome.end), name.c_str());
    checks.push_back({{"check", name},
                      {"end", name_of_end(outcome.end)},
                      {"why", outcome.why},
                      {"request", outcome.request},
                      {"answer", outcome.answer}});
  }
  return nlohmann::json{{"runtime", runtime.value().name},
                        {"version", runtime.value().version},
                        {"checks", std::move(checks)}};
}

}  // namespace

void add_check_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("check", "does a harness keep to docs/runtimes.md?");
  auto wanted = std::make_shared<Checking>();  // owned by the callback
  command->add_option("--scratch", wanted->command.scratch)
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--only", wanted->only, "checks that have this in their name")
      ->allow_extra_args(false);
  command->add_option("--cores", wanted->command.cores, "that it may run on")
      ->allow_extra_args(false);
  command->add_option("--seconds", wanted->seconds, "for one answer")->check(CLI::PositiveNumber);
  command->add_option("command", wanted->command.command, "the harness")->required();
  command->callback([wanted] {
    wanted->command.call_limit = std::chrono::milliseconds(std::llround(1e3 * wanted->seconds));
    const auto answer = checked(*wanted);
    const nlohmann::json line =
        answer ? answer.value() : nlohmann::json{{"error", answer.error().message}};
    std::printf("%s\n",
                line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  });
}

}  // namespace pare::engine
