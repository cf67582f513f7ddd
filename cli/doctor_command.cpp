// pare doctor: what is wrong with this installation, and what to do about it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/diagnosis.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::array<const char*, 3> kConditionNames = {"good", "odd", "broken"};

const char* name_of(Condition condition) {
  return kConditionNames[static_cast<std::size_t>(condition)];
}

std::vector<Finding> diagnose(const Common& common, const std::string& data) {
  const fs::path programs = fs::path(program_beside("pare")).parent_path();
  std::vector<Finding> all;
  const auto add = [&](std::vector<Finding> found) {
    std::ranges::move(found, std::back_inserter(all));
  };
  add(diagnose_programs(programs));
  add(diagnose_database());
  add(diagnose_data(data));
  add(diagnose_runtimes(programs / "runtimes.json", (programs / "pare-engine").string()));
  add(diagnose_machine(host::machine_facts(), host::machine_state({0})));
  add(diagnose_service(common.url));
  return all;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string text_of(const std::vector<Finding>& findings) {
  constexpr std::size_t kConditionWidth = 8, kPartWidth = 10;
  std::string out;
  for (const Finding& finding : findings) {
    out += padded(name_of(finding.condition), kConditionWidth) + padded(finding.part, kPartWidth) +
           finding.says + "\n";
    if (finding.help.empty()) continue;
    out += std::string(kConditionWidth + kPartWidth, ' ') + "-> " + finding.help + "\n";
  }
  return out;
}

json json_of(const std::vector<Finding>& findings) {
  json out = json::array();
  for (const Finding& finding : findings) {
    json one = {
        {"condition", name_of(finding.condition)}, {"part", finding.part}, {"says", finding.says}};
    if (!finding.help.empty()) one["help"] = finding.help;
    out.push_back(std::move(one));
  }
  return out;
}

Exit examine(const Common& common, const std::string& data) {
  const std::vector<Finding> findings = diagnose(common, data);
  common.json ? print_json(json_of(findings)) : print(text_of(findings));
  const bool broken = std::ranges::any_of(
      findings, [](const Finding& one) { return one.condition == Condition::kBroken; });
  return broken ? Exit::kFailed : Exit::kOk;
}

}  // namespace

void add_doctor_command(CLI::App& app, Action& chosen) {
  auto data = std::make_shared<std::string>(default_data_folder().string());  // the callback's
  CLI::App* command =
      app.add_subcommand("doctor", "What is wrong with this installation, and what to do about it");
  command->add_option("--data", *data, "The data folder of `pare up`")->capture_default_str();
  command->callback([data, &chosen] {
    chosen = [data](const Common& common) { return examine(common, *data); };
  });
}

}  // namespace pare::cli
