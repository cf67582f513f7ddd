// pare-train: trains detectors and super-networks.
//
//   pare-train --data boards --out detector.onnx --epochs 30 --checkpoint run.pt
//   pare-train detector --model m.onnx --images boards --minutes 60 -o detector.onnx
//   pare-train supernet --model m.onnx --statistics s --images DIR --minutes 60 -o m.supernet
//   pare-train cut --model m.onnx --statistics s --supernet m.supernet --plan p.json -o c.onnx
//   pare-train importance --model m.onnx --statistics s --images DIR -o s.learned
//   pare-train torchscript candidate.onnx -o candidate.pt
//   pare-train run --task task.json --outcome outcome.json --scratch DIR
//   pare-train hello
//
// The last two are for workers: the task `train` of docs/tasks.md, and what it can do.
// The first trains the detector of the circuit-board example from scratch and writes, beside the
// ONNX file, the model card (detector.json).
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/onnx/onnx_io.h"
#include "engine/train/detector_command.h"
#include "engine/train/tasks/importance_command.h"
#include "engine/train/tasks/run_command.h"
#include "engine/train/tasks/supernet_command.h"
#include "engine/train/torchscript_command.h"
#include "engine/train/trainer.h"
#include "engine/train/training_set.h"
#include "engine/zoo/board_detector.h"

namespace {

using namespace pare::engine;

struct Arguments {
  std::filesystem::path data, out;
  int size = 256;
  int threads = 0;
  TrainOptions train;
};

int fail(const std::string& message) {
  std::fprintf(stderr, "pare-train: %s\n", message.c_str());
  return 1;
}

std::string card_of(const std::vector<std::string>& classes, int size) {
  const nlohmann::ordered_json card = {{"head", "yolox"},
                                       {"preprocessing",
                                        {{"color", "bgr"},
                                         {"resize", "letterbox_top_left"},
                                         {"pad", 114},
                                         {"mean", {0, 0, 0}},
                                         {"std", {1, 1, 1}}}},
                                       {"input", {size, size}},
                                       {"classes", classes}};
  return card.dump(2) + "\n";
}

bool write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  return static_cast<bool>(file.flush());
}

int train(const Arguments& arguments) {
  if (arguments.threads > 0) at::set_num_threads(arguments.threads);
  const auto set =
      load_training_set(arguments.data, arguments.data / "labels.json", arguments.size);
  if (!set) return fail(set.error().message);
  const auto classes = static_cast<int>(set.value().classes.size());
  std::printf("%lld images, %d classes\n", static_cast<long long>(set.value().images.size(0)),
              classes);
  const ZooDetector detector = make_board_detector(classes, arguments.size, arguments.train.seed);
  const auto start = std::chrono::steady_clock::now();
  const auto report = [&](const TrainProgress& p) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    std::printf(
        "epoch %d/%d step %lld/%lld loss %.3f box %.3f objectness %.3f classes %.3f lr %.5f %.0f "
        "s\n",
        p.epoch, p.epochs, static_cast<long long>(p.step), static_cast<long long>(p.steps), p.loss,
        p.box, p.objectness, p.classes, p.learning_rate, passed.count());
    std::fflush(stdout);
  };
  const auto trained = train_detector(detector, set.value(), arguments.train, report);
  if (!trained) return fail(trained.error().message);
  std::filesystem::path card = arguments.out;
  card.replace_extension(".json");
  if (!write_file(arguments.out, export_onnx(trained.value())) ||
      !write_file(card, card_of(set.value().classes, arguments.size))) {
    return fail("cannot write " + arguments.out.string());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "detector") return pare::engine::run_detector(argc - 1, argv + 1);
  if (command == "supernet") return pare::engine::run_supernet(argc - 1, argv + 1);
  if (command == "run") return pare::engine::run_run(argc - 1, argv + 1);
  if (command == "hello") return pare::engine::run_hello();
  if (command == "cut") return pare::engine::run_cut(argc - 1, argv + 1);
  if (command == "importance") return pare::engine::run_importance(argc - 1, argv + 1);
  if (command == "torchscript") return pare::engine::run_torchscript(argc - 1, argv + 1);
  Arguments arguments;
  TrainOptions& options = arguments.train;
  options.symmetry = Symmetry::kAnyWayUp;
  CLI::App app("Trains the circuit-board detector on images with COCO labels.");
  app.add_option("--data", arguments.data, "Folder with labels.json and its images")->required();
  app.add_option("--out", arguments.out, "ONNX file to write")->required();
  app.add_option("--size", arguments.size, "Input height and width")->check(CLI::Range(64, 1024));
  app.add_option("--epochs", options.epochs)->check(CLI::Range(1, 10000));
  app.add_option("--batch", options.batch)->check(CLI::Range(1, 512));
  app.add_option("--crop", options.crop, "Height and width of the pieces trained on");
  app.add_option("--learning-rate", options.learning_rate)->check(CLI::PositiveNumber);
  app.add_option("--weight-decay", options.weight_decay)->check(CLI::NonNegativeNumber);
  app.add_option("--warmup-epochs", options.warmup_epochs)->check(CLI::NonNegativeNumber);
  app.add_option("--average-decay", options.average_decay)->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", options.seed);
  app.add_option("--checkpoint", options.checkpoint, "Saved after every epoch, resumed if there");
  app.add_option("--threads", arguments.threads, "0: one a core");
  CLI11_PARSE(app, argc, argv);
  if (arguments.size % 32 != 0 || options.crop % 32 != 0 || options.crop > arguments.size) {
    return fail("--size " + std::to_string(arguments.size) + " and --crop " +
                std::to_string(options.crop) + " must be multiples of 32, the crop no larger");
  }
  return train(arguments);
}
