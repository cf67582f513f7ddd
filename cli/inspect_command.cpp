// pare inspect: what Pare understands of a file.  Needs no service: it starts pare-engine.
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/card.h"
#include "cli/command.h"
#include "cli/format.h"
#include "host/child.h"
#include "wire/sha256.h"
#include "wire/summary_json.h"
#include "wire/task_json.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct InspectArguments {
  std::string file;
  std::string preset;
  std::string card;
  std::string engine;
};

struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "pare-inspect-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

std::string read_available(int descriptor) {
  std::string out;
  std::array<char, 4096> block{};
  for (ssize_t n = 0; (n = ::read(descriptor, block.data(), block.size())) > 0;) {
    out.append(block.data(), static_cast<std::size_t>(n));
  }
  return out;
}

// Runs the program to its end; what it wrote to stderr is the reason if it ended badly.
Result<host::ExitStatus> run_to_end(const std::vector<std::string>& command) {
  auto started = host::Child::start({.command = command, .directory = {}, .cores = {}});
  if (!started) return started.error();
  host::Child child = std::move(started).value();
  child.close_input();
  std::string errors;
  for (;;) {
    const auto status = child.poll();
    read_available(child.output());  // progress, which nobody waits long enough to see
    errors += read_available(child.errors());
    if (status && (status->code != 0 || status->signal != 0)) {
      return Error{ErrorCode::kUnavailable,
                   command[0] + " ended with " + describe(*status) + ": " + errors};
    }
    if (status) return *status;
    std::array<pollfd, 3> waits = {pollfd{child.ended(), POLLIN, 0},
                                   pollfd{child.output(), POLLIN, 0},
                                   pollfd{child.errors(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), 100);
  }
}

Result<wire::TaskDocument> task_for(const InspectArguments& given, const json& card) {
  const auto sha256 = wire::sha256_file(given.file);
  if (!sha256) return sha256.error();
  wire::InspectModelParams params;
  if (!card.empty()) {
    const auto parsed = wire::parse_partial_card(card.dump());
    if (!parsed) return parsed.error();
    params.card = parsed.value();
  }
  wire::TaskDocument task;
  task.params = std::move(params);
  task.blobs = {{"model", sha256.value()}};
  task.files = {{"model", fs::absolute(given.file).string()}};
  return task;
}

Exit inspect(const Common& common, const InspectArguments& given) {
  const auto card = card_of(given.preset, given.card);
  if (!card) return report_usage(card.error());
  const auto task = task_for(given, card.value());
  if (!task) return report_usage(task.error());

  const TemporaryFolder folder;
  const fs::path task_file = folder.path / "task.json";
  const fs::path outcome_file = folder.path / "outcome.json";
  std::ofstream(task_file) << wire::task_to_json(task.value());
  const auto ended = run_to_end({given.engine, "run", "--task", task_file.string(), "--outcome",
                                 outcome_file.string(), "--scratch", folder.path.string()});
  if (!ended) return report_usage(ended.error());

  std::ifstream in(outcome_file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto outcome = wire::parse_outcome(text, TaskKind::kInspectModel);
  if (!outcome) return report_usage(outcome.error());
  if (const auto* failed = std::get_if<wire::TaskFailure>(&outcome.value().end)) {
    report({ErrorCode::kInvalidArgument, given.file + ": " + failed->reason});
    return Exit::kFailed;
  }
  return show(common, json::parse(text)["result"],
              [&](const json& summary) { return summary_text(summary, common.width); });
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<InspectArguments>();  // owned by the callback
  given->engine = program_beside("pare-engine");
  CLI::App* command =
      app.add_subcommand("inspect", "What may change in a model, what is frozen, and why");
  command->add_option("file", given->file, "The ONNX file")->required();
  command->add_option("--preset", given->preset, kPresetHelp)->check(CLI::IsMember(kPresets));
  command->add_option("--card", given->card, "A model card (JSON)");
  command->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return inspect(common, *given); };
  });
}

}  // namespace pare::cli
