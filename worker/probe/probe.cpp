#include "worker/probe/probe.h"

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/conversation.h"
#include "host/facts.h"

namespace pare::worker {
namespace {

using nlohmann::json;

constexpr auto kHelloLimit = std::chrono::seconds(60);  // a cold Python start on a small board
constexpr auto kPatience = std::chrono::seconds(2);

bool is_texts(const json& value) {
  if (!value.is_array()) return false;
  for (const json& entry : value) {
    if (!entry.is_string()) return false;
  }
  return true;
}

Result<RuntimeInfo> ask_hello(const std::string& name, const std::vector<std::string>& command) {
  auto started = host::Conversation::start(name, {.command = command}, {});
  if (!started) return started.error();
  host::Conversation harness = std::move(started).value();
  const auto line = harness.ask(R"({"do": "hello"})", "hello", kHelloLimit);
  if (!line) return line.error();
  harness.end(kPatience);
  const json hello = json::parse(line.value(), nullptr, false);
  const bool whole = hello.is_object() && hello.contains("contract") && hello["contract"] == 1 &&
                     hello.contains("version") && hello["version"].is_string() &&
                     hello.contains("precisions") && is_texts(hello["precisions"]);
  if (!whole) {
    return Error{ErrorCode::kInvalidArgument,
                 name + " answered hello with " + line.value().substr(0, 200)};
  }
  return RuntimeInfo{.name = name,
                     .version = hello["version"].get<std::string>(),
                     .precisions = hello["precisions"].get<std::vector<std::string>>()};
}

// What a program of ours says of itself on one line.
Result<std::string> ask_program(const std::filesystem::path& file, const std::string& what) {
  const std::string name = file.filename().string();
  auto started = host::Conversation::start(name, {.command = {file.string(), what}}, {});
  if (!started) return started.error();
  host::Conversation program = std::move(started).value();
  auto line = program.ask("{}", what, kHelloLimit);
  if (line) program.end(kPatience);
  return line;
}

// Null: it does not say.
json engine_facts(const std::filesystem::path& engine) {
  const auto line = ask_program(engine, "facts");
  return line ? json::parse(line.value(), nullptr, false) : json(nullptr);
}

}  // namespace

Result<Commands> read_commands(const std::filesystem::path& file) {
  std::ifstream input(file);
  if (!input) return Error{ErrorCode::kNotFound, file.string() + " cannot be opened"};
  const json document = json::parse(input, nullptr, false);
  if (!document.is_object()) {
    return Error{ErrorCode::kInvalidArgument, file.string() + " is no JSON object"};
  }
  Commands commands;
  for (const auto& [name, command] : document.items()) {
    if (!is_texts(command) || command.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   "\"" + name + "\" in " + file.string() + " is no command: " + command.dump()};
    }
    commands[name] = command.get<std::vector<std::string>>();
  }
  return commands;
}

Runtimes probe_runtimes(const Commands& commands) {
  Runtimes runtimes;
  for (const auto& [name, command] : commands) {
    auto info = ask_hello(name, command);
    if (!info) {
      runtimes.warnings.push_back(info.error().message);
      continue;
    }
    runtimes.infos.push_back(std::move(info).value());
    runtimes.commands.emplace(name, command);
  }
  return runtimes;
}

std::vector<std::string> probe_capabilities(const std::filesystem::path& trainer,
                                            std::string& warning) {
  std::error_code absent;
  if (trainer.empty() || !std::filesystem::is_regular_file(trainer, absent)) return {};
  const auto line = ask_program(trainer, "hello");
  const json hello = line ? json::parse(line.value(), nullptr, false) : json(nullptr);
  const bool whole = hello.is_object() && hello.contains("contract") && hello["contract"] == 1 &&
                     hello.contains("capabilities") && is_texts(hello["capabilities"]);
  if (whole) return hello["capabilities"].get<std::vector<std::string>>();
  warning = line ? trainer.string() + " answered hello with " + line.value().substr(0, 200)
                 : line.error().message;
  return {};
}

std::string probe_device(const std::vector<int>& cores, const std::filesystem::path& engine) {
  const host::MachineFacts facts = host::machine_facts();
  const host::MachineState state = host::machine_state(cores);
  json probe{{"cpu_model", facts.cpu_model},
             {"cpu_flags", facts.cpu_flags},
             {"processor", host::processor_kind(facts)},
             {"cores", facts.cores},
             {"memory_bytes", facts.memory_bytes},
             {"kernel", facts.kernel},
             {"architecture", facts.architecture},
             {"pinned_to", cores}};
  if (state.governor) probe["governor"] = *state.governor;
  if (state.frequency_mhz) probe["frequency_mhz"] = *state.frequency_mhz;
  if (state.temperature_celsius) probe["temperature_celsius"] = *state.temperature_celsius;
  if (!engine.empty()) {
    json says = engine_facts(engine);
    if (says.is_object()) probe["engine"] = std::move(says);
  }
  return probe.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace pare::worker
