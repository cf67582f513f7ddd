#include "cli/runtime_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/engine.h"
#include "cli/table.h"

namespace pare::cli {
namespace {

using nlohmann::json;

struct CheckArguments {
  std::vector<std::string> command;
  std::vector<std::string> only;
  std::string engine;
};

// A table of all, then each broken one with what it was asked and what it said.
std::string checks_text(const json& document, int width) {
  Table table({{"check"}, {"end"}, {"note"}});
  std::string broken;
  for (const json& check : document.at("checks")) {
    const bool failed = check.at("end") == "broken";
    table.add({check.at("check"), check.at("end"), failed ? "see below" : check.at("why")});
    if (!failed) continue;
    broken += "\nbroken: " + check.at("check").get<std::string>() + "\n  " +
              check.at("why").get<std::string>() + "\n  asked    " +
              check.at("request").get<std::string>() + "\n  answered " +
              check.at("answer").get<std::string>() + "\n";
  }
  const std::string name = document.at("runtime").get<std::string>() + " " +
                           document.at("version").get<std::string>() + "\n";
  return name + table.text(width) + broken;
}

Exit check_runtime(const Common& common, const CheckArguments& given) {
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  std::vector<std::string> words = {"check", "--scratch", folder.value().path().string()};
  for (const std::string& part : given.only) words.insert(words.end(), {"--only", part});
  words.emplace_back("--");
  words.insert(words.end(), given.command.begin(), given.command.end());
  const auto done = ask_engine(given.engine, words);
  if (!done) return report_usage(done.error());
  const auto shown =
      show(common, done, [&](const json& said) { return checks_text(said, common.width); });
  if (shown != Exit::kOk) return shown;
  const bool broken = std::ranges::any_of(
      done.value().at("checks"), [](const json& check) { return check.at("end") == "broken"; });
  return broken ? Exit::kFailed : Exit::kOk;
}

}  // namespace

void add_runtime_commands(CLI::App& app, Action& chosen) {
  CLI::App* runtime = app.add_subcommand("runtime", "Harnesses of runtimes: check");
  runtime->require_subcommand(1);
  auto given = std::make_shared<CheckArguments>();  // owned by the callback
  given->engine = program_beside("pare-engine");
  CLI::App* check = runtime->add_subcommand(
      "check",
      "Does a harness keep to the contract (docs/runtimes.md)? Half a minute; ends with 1 "
      "where it does not");
  check->add_option("command", given->command, "The harness, behind -- where it has options")
      ->required();
  check->add_option("--only", given->only, "Checks with these words in their name")
      ->allow_extra_args(false);
  check->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  check->callback([given, &chosen] {
    chosen = [given](const Common& common) { return check_runtime(common, *given); };
  });
}

}  // namespace pare::cli
