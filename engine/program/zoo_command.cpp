#include "engine/program/zoo_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/result.h"
#include "engine/executor/observe.h"
#include "engine/onnx/onnx_io.h"
#include "engine/passes/passes.h"
#include "engine/pipeline/detector.h"
#include "engine/zoo/zoo.h"
#include "wire/summary_json.h"

namespace pare::engine {
namespace {

using nlohmann::ordered_json;

struct Wanted {
  ZooRequest detector;
  std::filesystem::path out;
  bool deployed = false;
};

void say(const ordered_json& line) {
  std::printf("%s\n", line.dump().c_str());
}

template <typename Parts>
ordered_json names_of(const Parts& parts) {
  ordered_json list = ordered_json::array();
  for (const auto& part : parts) {
    list.push_back({{"name", part.name}, {"description", part.description}});
  }
  return list;
}

void list_parts() {
  ordered_json backbones = ordered_json::array();
  for (const BackboneDef& backbone : all_backbones()) {
    backbones.push_back({{"name", backbone.name}, {"source", backbone.source}});
  }
  say({{"backbones", backbones},
       {"necks", names_of(all_necks())},
       {"heads", names_of(all_zoo_heads())}});
}

Result<std::monostate> write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (file.flush()) return std::monostate{};
  return Error{ErrorCode::kResourceExhausted, "cannot write " + path.string()};
}

std::string card_of(const ZooRequest& request) {
  const PartialCard card{.head = request.head,
                         .preprocessing = zoo_preprocessing(),
                         .height = request.size,
                         .width = request.size,
                         .classes = {}};
  return wire::card_to_json(card) + "\n";
}

Result<ordered_json> build(const Wanted& wanted) {
  auto made = make_zoo_detector(wanted.detector);
  if (!made) return made.error();
  Graph graph = std::move(made).value().graph;
  const auto observed = observe(graph);
  if (!observed) return observed.error();
  const Graph shipped = deployed(graph, observed.value());
  const auto shapes = observe(shipped);
  if (!shapes) return shapes.error();
  const auto cost = cost_of(shipped, shapes.value());
  if (!cost) return cost.error();
  if (wanted.deployed) graph = shipped;
  std::filesystem::path card = wanted.out;
  card.replace_extension(".json");
  if (auto put = write_file(wanted.out, export_onnx(graph)); !put) return put.error();
  if (auto put = write_file(card, card_of(wanted.detector)); !put) return put.error();
  return ordered_json{{"macs", cost.value().macs}, {"parameters", cost.value().parameters}};
}

}  // namespace

void add_zoo_commands(CLI::App& app) {
  CLI::App* zoo = app.add_subcommand("zoo", "detectors to train from scratch");
  zoo->require_subcommand(1);
  zoo->add_subcommand("list", "the parts there are, as JSON")->callback(list_parts);
  auto wanted = std::make_shared<Wanted>();  // owned by the callback
  CLI::App* one = zoo->add_subcommand("build", "a detector with fresh weights, and its card");
  ZooRequest& request = wanted->detector;
  one->add_option("backbone", request.backbone)->required();
  one->add_option("--neck", request.neck);
  one->add_option("--head", request.head);
  one->add_option("--classes", request.classes);
  one->add_option("--input", request.size);
  one->add_option("--neck-channels", request.neck_channels);
  one->add_option("--seed", request.seed);
  one->add_flag("--deployed", wanted->deployed, "as it is shipped; it cannot be trained then");
  one->add_option("-o,--output", wanted->out)->required();
  one->callback([wanted] {
    const auto built = build(*wanted);
    say(built ? built.value() : ordered_json{{"error", built.error().message}});
  });
}

}  // namespace pare::engine
