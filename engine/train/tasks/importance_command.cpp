#include "engine/train/tasks/importance_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/data/preprocess.h"
#include "engine/ops/all_ops.h"
#include "engine/train/data/image_cache.h"
#include "engine/train/importance/gradient_importance.h"
#include "engine/train/importance/learned_gates.h"
#include "engine/train/run/batches.h"
#include "engine/train/run/threads.h"
#include "engine/train/tasks/opened.h"

namespace pare::engine {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kKinds = {Importance::kTaylor, Importance::kFisher, Importance::kFisherGram,
                               Importance::kGates};
constexpr int kLongestSide = 640;

struct Arguments {
  std::filesystem::path model, statistics, card, images, out;
  std::vector<std::string> kinds;
  std::size_t most_images = 128;
  int batch = 4, threads = 0;
  GradientOptions gradients;
  GateOptions gates;
};

void say(const Json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

std::vector<torch::Tensor> inputs_of(const std::vector<Image>& images, const InputForm& form) {
  std::vector<torch::Tensor> inputs;
  for (const Image& image : images) {
    const NetworkInput input = preprocess(image, form.preprocessing, form.height, form.width);
    inputs.push_back(torch::tensor(input.values).view({1, 3, form.height, form.width}));
  }
  return inputs;
}

Result<std::vector<Image>> read_images(const Arguments& arguments) {
  auto files = images_in(arguments.images);
  if (!files) return files.error();
  std::vector<std::filesystem::path> chosen = std::move(files).value();
  if (chosen.size() > arguments.most_images) chosen.resize(arguments.most_images);
  return load_images(chosen, kLongestSide);
}

class Learner {
 public:
  Learner(const Arguments& arguments, const ElasticBody& body, const std::vector<Image>& images,
          InputForm form)
      : arguments_(arguments), body_(body), images_(images), form_(std::move(form)) {}

  Result<UnitOrders> order_by(Importance kind) {
    if (kind == Importance::kGates) return by_gates();
    if (!gradients_) {
      auto made = gradient_importance(body_, inputs_of(images_, form_), arguments_.gradients);
      if (!made) return made.error();
      gradients_ = std::move(made).value();
    }
    if (kind == Importance::kFisherGram) {
      auto ranking = rank_by_gram(body_.graph, body_.groups, body_.statistics, gradients_->worth);
      if (!ranking) return ranking.error();
      return std::move(ranking).value().orders;
    }
    return orders_by_score(body_.groups,
                           kind == Importance::kTaylor ? gradients_->taylor : gradients_->fisher);
  }

 private:
  Result<UnitOrders> by_gates() {
    Batches batches(images_, form_, arguments_.batch, arguments_.gradients.seed);
    const auto gates = learned_gates(
        body_, [&](std::int64_t step) { return batches.at(step); }, arguments_.gates,
        [](const GateProgress& p) {
          say({{"step", p.step}, {"loss", p.loss}, {"closed", p.closed}});
        });
    if (!gates) return gates.error();
    return orders_by_score(body_.groups, gates.value());
  }

  const Arguments& arguments_;
  const ElasticBody& body_;
  const std::vector<Image>& images_;
  InputForm form_;
  std::optional<GradientImportance> gradients_;
};

Result<std::monostate> learn(const Arguments& arguments) {
  const auto card = read_card(arguments.card);
  if (!card) return card.error();
  auto opened = open_model(arguments.model, arguments.statistics, card.value());
  if (!opened) return opened.error();
  OpenedModel model = std::move(opened).value();
  const Detector& detector = model.detector;
  const ElasticBody body{detector.body, detector.observed, detector.groups,
                         detector.head, model.statistics,  all_ops()};
  const auto images = read_images(arguments);
  if (!images) return images.error();
  Learner learner(arguments, body, images.value(),
                  {detector.card.height, detector.card.width, detector.card.preprocessing});
  const std::set<std::string> asked(arguments.kinds.begin(), arguments.kinds.end());
  for (const Importance kind : kKinds) {
    if (!asked.contains(std::string(name_of(kind)))) continue;
    const auto orders = learner.order_by(kind);
    if (!orders) return orders.error();
    store(orders.value(), kind, model.file);
  }
  return write_tensor_file(model.file, arguments.out);
}

std::vector<std::string> names_of_kinds() {
  std::vector<std::string> names;
  for (const Importance kind : kKinds) names.emplace_back(name_of(kind));
  return names;
}

}  // namespace

int run_importance(int argc, char** argv) {
  Arguments arguments;
  arguments.kinds = names_of_kinds();
  CLI::App app("Ranks the units of every group by gradients, beside what `prepare` ranked.");
  app.add_option("--model", arguments.model, "ONNX file")->required();
  app.add_option("--statistics", arguments.statistics, "What `prepare` made of it")->required();
  app.add_option("--card", arguments.card, "Model card (JSON), where the file says too little");
  app.add_option("--images", arguments.images, "Folder of images, without labels")->required();
  app.add_option("-o,--out", arguments.out, "The statistics with these orders")->required();
  app.add_option("--kind", arguments.kinds, "All, unless some are named")
      ->check(CLI::IsMember(names_of_kinds()));
  app.add_option("--most-images", arguments.most_images)->check(CLI::Range(1, 100'000));
  app.add_option("--probes", arguments.gradients.probes, "Of the outputs, an image")
      ->check(CLI::Range(1, 1000));
  app.add_option("--steps", arguments.gates.steps, "Of gates")->check(CLI::Range(1, 1'000'000));
  app.add_option("--closed", arguments.gates.closed, "Share of the MACs that gates close")
      ->check(CLI::Range(0.0, 0.95));
  app.add_option("--batch", arguments.batch, "Of gates")->check(CLI::Range(1, 256));
  app.add_option("--seed", arguments.gradients.seed);
  app.add_option("--threads", arguments.threads, "0: one a core");
  CLI11_PARSE(app, argc, argv);
  set_threads(arguments.threads);
  const auto done = learn(arguments);
  if (done) return 0;
  std::fprintf(stderr, "pare-train: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace pare::engine
