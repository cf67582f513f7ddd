// Question: how fast are the steps that a super-network is trained with, and where does the time
// go?  Image-steps a second and GFLOP/s for each detector, at one and more threads, beside a plain
// loop over a large convolution in the same run.
//
//   ./dev bench train-speed --model yolox_nano_416.onnx ... [--threads 1 2] [--operators]
//
// An image-step is the original's forward and two sub-networks' forward and back.  Operations are
// counted as two for each multiply-accumulate, three times as many for a sub-network as its
// forward has.
#include <ATen/record_function.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <span>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/detector.h"
#include "engine/prune/importance.h"
#include "engine/train/data/augment.h"
#include "engine/train/graph/torch_tensor.h"
#include "engine/train/run/supernet_run.h"
#include "engine/train/run/threads.h"

namespace {

using namespace pare::engine;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of all threads of this process: what a machine that others use, too, does not change.
double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// Time of each operator, those that it calls included.
struct OperatorTimes {
  std::map<std::string, double> seconds;

  struct Start : at::ObserverContext {
    Clock::time_point at = Clock::now();
  };
  static OperatorTimes& all() {
    static OperatorTimes times;
    return times;
  }
  static void watch() {
    at::addGlobalCallback(at::RecordFunctionCallback(
        [](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
          return std::make_unique<Start>();
        },
        [](const at::RecordFunction& f, at::ObserverContext* start) {
          all().seconds[f.name()] += seconds_since(static_cast<Start*>(start)->at);
        }));
  }
  void print() const {
    std::vector<std::pair<double, std::string>> sorted;
    for (const auto& [name, time] : seconds) sorted.emplace_back(time, name);
    std::ranges::sort(sorted, std::greater{});
    for (std::size_t i = 0; i < std::min<std::size_t>(30, sorted.size()); ++i) {
      std::printf("    %-45s %8.3f s\n", sorted[i].second.c_str(), sorted[i].first);
    }
  }
};

// GFLOP of a processor second: 64 -> 64 channels, 3 x 3, 52 x 52, forward and back.
double plain_convolution() {
  const auto last = at::MemoryFormat::ChannelsLast;
  torch::Tensor x = torch::randn({4, 64, 52, 52}).contiguous(last).set_requires_grad(true);
  torch::Tensor w = torch::randn({64, 64, 3, 3}).contiguous(last).set_requires_grad(true);
  const auto once = [&] { torch::conv2d(x, w, {}, 1, 1).sum().backward(); };
  double best = 1e9;
  for (int i = 0; i < 12; ++i) {
    const double start = processor_seconds();
    for (int repeat = 0; repeat < 5; ++repeat) once();
    best = std::min(best, (processor_seconds() - start) / 5);
  }
  return 3 * 2.0 * 4 * 52 * 52 * 64 * 64 * 9 / best * 1e-9;
}

struct Subject {
  Detector detector;
  Statistics statistics;
  Ranking ranking;
  double flops = 0;  // of one forward

  ElasticBody body() const {
    return {detector.body, detector.observed, detector.groups,
            detector.head, statistics,        all_ops()};
  }
};

// Statistics of noise: what is timed does not depend on them.
pare::Result<Subject> open(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string onnx(std::istreambuf_iterator<char>(in), {});
  auto detector = open_detector(std::as_bytes(std::span(onnx)), {});
  if (!detector) return detector.error();
  Subject subject{std::move(detector).value(), {}, {}};
  auto collector = GramCollector::make(subject.detector.body, subject.detector.observed,
                                       subject.detector.groups);
  if (!collector) return collector.error();
  GramCollector grams = std::move(collector).value();
  auto module = GraphModule::make(subject.detector.body, Trainable::kNothing);
  if (!module) return module.error();
  GraphModule run = std::move(module).value();
  torch::manual_seed(1);
  const auto& size = subject.detector.body.inputs[0].shape;
  const auto values = run.forward({torch::rand({2, 3, size[2], size[3]}) * 255}, grams.tensors());
  if (!values) return values.error();
  for (std::int64_t image = 0; image < 2; ++image) {
    std::vector<Tensor> one;
    for (const torch::Tensor& value : values.value())
      one.push_back(from_torch(value.narrow(0, image, 1)));
    if (const auto added = grams.add_image(one); !added) return added.error();
  }
  auto statistics = grams.finish();
  if (!statistics) return statistics.error();
  subject.statistics = std::move(statistics).value();
  auto ranking = rank_by_gram(subject.detector.body, subject.detector.groups, subject.statistics);
  if (!ranking) return ranking.error();
  subject.ranking = std::move(ranking).value();
  const auto cost = cost_of(subject.detector.body, subject.detector.observed);
  if (!cost) return cost.error();
  subject.flops = 2 * static_cast<double>(cost.value().macs);
  return subject;
}

struct Speed {
  double image_steps = 0, gflops = 0;  // a second
  double gflop_of_processor_second = 0;
};

pare::Result<Speed> time_steps(const Subject& subject, int batch, std::int64_t steps) {
  const ElasticBody body = subject.body();
  const auto space = space_of_widths(body, subject.ranking);
  if (!space) return space.error();
  const auto plans = expected_plans(space.value(), {0.1, 0.4});
  const auto& card = subject.detector.card;
  const InputForm form{card.height, card.width, card.preprocessing};
  Image grey;
  grey.height = grey.width = 480;
  grey.bgr.assign(3 * 480 * 480, 90);
  for (std::size_t i = 0; i < grey.bgr.size(); i += 7) grey.bgr[i] = static_cast<std::uint8_t>(i);
  const std::vector<Image> images(4, grey);
  const std::vector<torch::Tensor> held = {torch::rand({2, 3, card.height, card.width}) * 255};
  RunOptions options;
  options.knots = {0.25, 0.5};
  options.steps = steps;
  options.batch = batch;
  options.looks = 1;
  Clock::time_point start = Clock::now();
  double seconds = 0, begun = 0, spent = 0;
  std::int64_t first = 0, last = 0;
  const auto done = train_supernet(body, subject.ranking.orders, plans, plans, {images, held, form},
                                   options, [&](const RunProgress& p) {
                                     if (first == 0) {
                                       first = p.step;
                                       start = Clock::now();
                                       begun = processor_seconds();
                                     } else if (p.held_out.empty()) {
                                       last = p.step;
                                       seconds = seconds_since(start);
                                       spent = processor_seconds() - begun;
                                     }
                                   });
  if (!done) return done.error();
  double flops = subject.flops;
  for (const PoolPlan& plan : plans) flops += 3 * subject.flops * (1 - plan.share);
  const double images_seen = static_cast<double>((last - first) * batch);
  return Speed{images_seen / seconds, images_seen * flops / seconds * 1e-9,
               images_seen * flops / spent * 1e-9};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> models;
  std::vector<int> threads = {1, 2};
  int batch = 8;
  std::int64_t steps = 31;
  bool operators = false;
  CLI::App app("Image-steps a second of super-network training.");
  app.add_option("--model", models, "ONNX files")->required();
  app.add_option("--threads", threads);
  app.add_option("--batch", batch)->check(CLI::Range(1, 256));
  app.add_option("--steps", steps, "20 of them at least are timed")->check(CLI::Range(31, 10000));
  app.add_flag("--operators", operators, "Where the time goes, by operator");
  CLI11_PARSE(app, argc, argv);
  if (operators) OperatorTimes::watch();
  for (const std::string& model : models) {
    const auto subject = open(model);
    if (!subject) {
      std::fprintf(stderr, "%s: %s\n", model.c_str(), subject.error().message.c_str());
      return 1;
    }
    for (const int count : threads) {
      set_threads(count);
      const double plain = plain_convolution();
      OperatorTimes::all().seconds.clear();
      const auto speed = time_steps(subject.value(), batch, steps);
      if (!speed) {
        std::fprintf(stderr, "%s: %s\n", model.c_str(), speed.error().message.c_str());
        return 1;
      }
      std::printf(
          "%s: %d threads, batch %d: %.2f image-steps/s, %.1f GFLOP/s; of a processor second %.1f "
          "GFLOP (a plain 3x3 convolution: %.1f)\n",
          model.c_str(), count, batch, speed.value().image_steps, speed.value().gflops,
          speed.value().gflop_of_processor_second, plain);
      if (operators) OperatorTimes::all().print();
      std::fflush(stdout);
    }
  }
  return 0;
}
