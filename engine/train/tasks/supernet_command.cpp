#include "engine/train/tasks/supernet_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/supernet_candidate.h"
#include "engine/train/run/supernet_run.h"
#include "engine/train/run/threads.h"
#include "engine/train/tasks/int8_plans.h"
#include "engine/train/tasks/opened.h"
#include "engine/train/tasks/photographs.h"
#include "engine/train/tasks/plans.h"
#include "engine/train/tasks/training_record.h"
#include "wire/guidance_json.h"
#include "wire/plan_json.h"

namespace pare::engine {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::filesystem::path model, statistics, card, images, out;
  std::filesystem::path checkpoint;  // empty: none
  double checkpoint_seconds = 60;
  std::vector<std::filesystem::path> plans;
  bool int8 = false;
  std::filesystem::path from;      // empty: none
  std::filesystem::path guidance;  // empty: plans differ in widths alone
  std::size_t most_images = 0;     // 0: all
  PoolOptions pool;
  RunOptions run;
  int threads = 0;
};

int fail(const Error& error) {
  std::fprintf(stderr, "pare-train: %s\n", error.message.c_str());
  return 1;
}

void say(const Json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

// Those that were asked for, trained and judged.
Result<Plans> read_plans(const std::vector<std::filesystem::path>& files, const Detector& detector,
                         const TensorFile& statistics) {
  auto orders = load_orders(statistics, Importance::kGram);
  if (!orders) return orders.error();
  Plans plans{std::move(orders).value(), {}, {}};
  for (const auto& path : files) {
    const auto text = read_text(path);
    if (!text) return text.error();
    const auto plan = wire::parse_plan(text.value());
    if (!plan) return plan.error();
    const auto share = share_removed(detector, statistics, plan.value());
    if (!share) return share.error();
    plans.pool.push_back(
        {plan.value().widths, share.value(), {}, {plan.value().skip, plan.value().kernels}});
  }
  std::ranges::sort(plans.pool, {}, &PoolPlan::share);
  plans.judged = plans.pool;
  return plans;
}

// What `prepare` answered as its guidance.
Result<Guidance> read_guidance_file(const std::filesystem::path& path) {
  if (path.empty()) return Guidance{};
  const auto text = read_text(path);
  if (!text) return text.error();
  return wire::parse_guidance(text.value());
}

Json of_plans(const std::vector<PoolPlan>& plans, const TrainedCorrection& trained) {
  Json list = Json::array();
  for (std::size_t j = 0; j < plans.size(); ++j) {
    list.push_back({{"share", plans[j].share},
                    {"closed_form", trained.before[j]},
                    {"trained", trained.after[j]}});
    if (!trained.seen.empty()) list.back()["on_images_seen"] = trained.seen[j];
  }
  return list;
}

// The super-network that training goes on from; nullopt: the original.
Result<std::optional<Supernet>> read_from(const Arguments& arguments, const std::string& model) {
  if (arguments.from.empty()) return std::optional<Supernet>{};
  const auto file = read_tensor_file(arguments.from);
  if (!file) return file.error();
  auto supernet = load_supernet(file.value());
  if (!supernet) return supernet.error();
  const auto own = check_lineage(supernet.value(), model);
  if (!own) return own.error();
  return std::optional(std::move(supernet).value());
}

Json of_progress(const RunProgress& p, double seconds) {
  Json line = {{"step", p.step},         {"steps", p.steps}, {"loss", p.loss},
               {"features", p.features}, {"heads", p.heads}, {"rate", p.rate},
               {"seconds", seconds}};
  if (!p.closed_form.empty()) line["closed_form"] = p.closed_form;
  if (!p.held_out.empty()) line["held_out"] = p.held_out;
  return line;
}

Result<std::monostate> train(const Arguments& arguments) {
  const auto card = read_card(arguments.card);
  if (!card) return card.error();
  const auto opened = open_model(arguments.model, arguments.statistics, card.value());
  if (!opened) return opened.error();
  const OpenedModel& model = opened.value();
  const Detector& detector = model.detector;
  const ElasticBody body{detector.body, detector.observed, detector.groups,
                         detector.head, model.statistics,  all_ops()};
  const auto from = read_from(arguments, model.model_sha256);
  if (!from) return from.error();
  const auto guidance = read_guidance_file(arguments.guidance);
  if (!guidance) return guidance.error();
  auto plans = arguments.plans.empty() ? draw_plans(arguments.pool, arguments.run.knots, detector,
                                                    body, model.file, parts_in(guidance.value()))
                                       : read_plans(arguments.plans, detector, model.file);
  if (!plans) return plans.error();
  const Supernet* const before = from.value() ? &*from.value() : nullptr;
  const Int8Networks int8 = int8_networks(detector, model.file, before);
  if (arguments.int8) plans = in_int8(std::move(plans).value());
  const InputForm form{detector.card.height, detector.card.width, detector.card.preprocessing};
  const auto photographs = load_photographs(arguments.images, arguments.most_images, form);
  if (!photographs) return photographs.error();
  const RunImages images{photographs.value().trained_on, photographs.value().held_out, form,
                         photographs.value().seen};
  RunOptions options = arguments.run;
  if (arguments.int8) options.int8 = &int8;
  FileKeeper keeper(arguments.checkpoint, arguments.checkpoint_seconds);
  if (!arguments.checkpoint.empty()) options.keeper = &keeper;
  options.about = "model " + model.model_sha256 + ", statistics " + model.statistics_sha256 +
                  ", images " + photographs.value().sha256 + told_apart(parts_in(guidance.value()));
  say({{"images", images.trained_on.size()},
       {"held_out", photographs.value().held_out_count},
       {"pool", plans.value().pool.size()}});
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto trained =
      train_supernet(body, plans.value().orders, plans.value().pool, plans.value().judged, images,
                     options, [&](const RunProgress& p) { say(of_progress(p, seconds())); });
  if (!trained) return trained.error();
  Training record = training_of(trained.value(), options, plans.value(), photographs.value());
  Supernet supernet = trained.value().supernet;
  if (arguments.int8) {
    record = with_int8(before, trained.value(), std::move(record));
    supernet = with_int8(before, std::move(supernet));
  }
  supernet = with_lineage(std::move(supernet), record, model.model_sha256, model.statistics_sha256);
  const auto written = write_tensor_file(to_tensor_file(supernet), arguments.out);
  if (!written) return written;
  for (const std::string& note : trained.value().notes) say({{"note", note}});
  say({{"steps", supernet.lineage.steps},
       {"skipped", trained.value().skipped},
       {"seconds", seconds()},
       {"kept_knots", trained.value().kept},
       {"held_out", of_plans(plans.value().judged, trained.value())}});
  return std::monostate{};
}

Result<std::monostate> check_knots(const std::vector<double>& knots) {
  double before = 0;
  for (const double knot : knots) {
    if (!(knot > before && knot <= 1)) {
      return Error{ErrorCode::kInvalidArgument, "--knots must ascend from above 0 to 1 at most, " +
                                                    std::to_string(knot) + " comes after " +
                                                    std::to_string(before)};
    }
    before = knot;
  }
  return std::monostate{};
}

}  // namespace

int run_supernet(int argc, char** argv) {
  Arguments arguments;
  RunOptions& run = arguments.run;
  run.knots = kKnots;
  CLI::App app("Trains a super-network: one correction of the weights for every sub-network.");
  app.add_option("--model", arguments.model, "ONNX file")->required();
  app.add_option("--statistics", arguments.statistics, "What `prepare` made of it")->required();
  app.add_option("--card", arguments.card, "Model card (JSON), where the file says too little");
  app.add_option("--images", arguments.images, "Folder of images, without labels")->required();
  app.add_option("-o,--out", arguments.out, "The artifact")->required();
  app.add_option("--minutes", run.minutes)->check(CLI::PositiveNumber);
  app.add_option("--steps", run.steps, "Instead of minutes")->check(CLI::Range(1, 100'000'000));
  app.add_option("--knots", run.knots, "Shares of the MACs that sub-networks lack");
  app.add_option("--plan", arguments.plans, "Train these plans alone, instead of a pool");
  CLI::Option* const from =
      app.add_option("--from", arguments.from, "The super-network that int8 goes on from");
  from->needs(app.add_flag("--int8", arguments.int8,
                           "Train what int8 asks for, and leave all else as it is"));
  app.add_option("--guidance", arguments.guidance,
                 "What `prepare` answered: blocks and kernels are in the pool as well");
  app.add_option("--pool", arguments.pool.plans, "Sub-networks that are trained")
      ->check(CLI::Range(1, 1000));
  app.add_option("--noise", arguments.pool.noise, "How far they differ from what is expected best")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--most-images", arguments.most_images, "0: all of the folder");
  app.add_option("--batch", run.batch)->check(CLI::Range(1, 256));
  app.add_option("--rate", run.optimizer.rate)->check(CLI::PositiveNumber);
  app.add_option("--decay", run.optimizer.weight_decay)->check(CLI::NonNegativeNumber);
  app.add_option("--looks", run.looks, "At the held-out images")->check(CLI::Range(1, 1000));
  app.add_option("--seed", run.seed);
  app.add_option("--checkpoint", arguments.checkpoint, "Kept every minute, gone on from if there");
  app.add_option("--checkpoint-seconds", arguments.checkpoint_seconds)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--threads", arguments.threads, "0: one a core");
  CLI11_PARSE(app, argc, argv);
  if (const auto fine = check_knots(run.knots); !fine) return fail(fine.error());
  arguments.pool.most = run.knots.back();
  arguments.pool.seed = run.seed;
  set_threads(arguments.threads);
  const auto done = train(arguments);
  return done ? 0 : fail(done.error());
}

}  // namespace pare::engine
