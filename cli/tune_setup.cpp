#include "cli/tune_setup.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "cli/engine.h"
#include "cli/interrupt.h"
#include "cli/registration.h"
#include "cli/tune_images.h"
#include "wire/coco_labels.h"
#include "wire/dataset_archive.h"
#include "wire/sha256.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// What is searched for where nobody says for what, as far as a worker has it.
constexpr std::array<const char*, 2> kUsualRuntimes = {"openvino", "onnxruntime"};

void tell(const Common& common, const std::string& line) {
  if (!common.json) print(line + "\n");
}

bool is_missing(const Result<json>& found) {
  return !found && found.error().code == ErrorCode::kNotFound;
}

bool is_ready(const json& entry) {
  return entry.value("state", "") == "ready";
}

Exit not_ready(const std::string& what, const json& entry) {
  if (interrupted()) {
    say_aside("pare: stopped while " + what + " was inspected; the same command goes on");
    return Exit::kFailed;
  }
  say_aside("pare: " + what + ": " + entry.value("reason", "it was not accepted"));
  return Exit::kFailed;
}

// The file's own name where one can be called so, and digits that tell it from others.
std::string name_for(const std::string& file, const std::string& sha256) {
  constexpr std::size_t kLongest = 80;
  std::string name;
  for (const char c : fs::path(file).lexically_normal().stem().string()) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    name += plain ? c : '_';
  }
  name = name.substr(0, kLongest);
  if (name.empty() || name.front() == '-') name.insert(0, "m");
  return name + "-" + sha256.substr(0, 6);
}

std::string model_line(const json& model) {
  const json card = model.value("summary", json::object()).value("card", json::object());
  std::string line = model.value("name", "");
  if (!card.value("head", "").empty()) line += ", head " + card.value("head", "");
  return line + " (`pare model show " + model.value("name", "") + "`)";
}

std::string images_line(const wire::DatasetListing& listing) {
  return std::to_string(listing.calibration.size()) + " to calibrate on, " +
         std::to_string(listing.validation.size()) + " to score on, " +
         (listing.labelled ? "by their labels" : "by what the original finds (no --labels)");
}

// Base names of the images that the labels speak of; nullopt: no labels.
Result<std::optional<std::set<std::string>>> labelled_images(const std::string& labels) {
  if (labels.empty()) return std::optional<std::set<std::string>>();
  const auto read = wire::read_coco_labels(labels);
  if (!read) return read.error();
  std::set<std::string> names;
  for (const wire::CocoImage& image : read.value().images) names.insert(image.file_name);
  return std::optional(std::move(names));
}

// Two folders that share no image: those that were named, or the one that was, split.
Result<wire::DatasetSource> image_source(const TuneArguments& given, const fs::path& scratch) {
  wire::DatasetSource source{given.calibration, given.images, std::nullopt};
  if (!given.labels.empty()) source.labels = given.labels;
  if (!given.calibration.empty()) return source;
  const auto images = wire::images_in(given.images);
  if (!images) return images.error();
  const auto labelled = labelled_images(given.labels);
  if (!labelled) return labelled.error();
  const auto split = split_images(images.value().images, labelled.value(), given.most_images);
  if (!split) return Error{split.error().code, given.images + ": " + split.error().message};
  if (split.value().left_out > 0) {
    say_aside("pare: " + std::to_string(split.value().left_out) +
              " images more are not scored on: --most-images takes more of them");
  }
  if (const auto linked = link_split(split.value(), scratch); !linked) return linked.error();
  source.calibration = scratch / "calibration";
  source.validation = scratch / "validation";
  return source;
}

}  // namespace

Exit TuneSetup::run() {
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  const fs::path& scratch = folder.value().path();
  if (const Exit done = bring_model(scratch); done != Exit::kOk) return done;
  if (const Exit done = bring_images(scratch); done != Exit::kOk) return done;
  return bring_targets();
}

Exit TuneSetup::bring_model(const fs::path& scratch) {
  const auto whole = sendable_file({.program = given_.engine, .scratch = scratch}, given_.file);
  if (!whole) return report_engine(whole.error());
  const auto sha256 = wire::sha256_file(whole.value());
  if (!sha256) return report_usage(sha256.error());
  const auto card = card_of(given_.card);
  if (!card) return report_usage(card.error());
  question_["model"] = sha256.value();
  question_["card"] = card.value();
  const auto model = registered_model(whole.value(), sha256.value());
  if (!model) return report(model.error());
  if (!is_ready(model.value())) return not_ready(given_.file, model.value());
  tell(common_, "model     " + model_line(model.value()));
  return Exit::kOk;
}

// One that is there stays as it is, unless a card is given.
Result<json> TuneSetup::registered_model(const std::string& file, const std::string& sha256) const {
  const json& card = question_["card"];
  auto model = service_.get("/v1/models/" + sha256);
  if (is_missing(model) || (model && !card.empty())) {
    const std::string name =
        model ? model.value().value("name", "") : name_for(given_.file, sha256);
    model = register_model(service_, file, name, card, upload_progress(common_, given_.file));
  }
  return model ? inspected(service_, "/v1/models/" + sha256) : model;
}

Exit TuneSetup::bring_images(const fs::path& scratch) {
  const auto source = image_source(given_, scratch);
  if (!source) return report_usage(source.error());
  const fs::path archive = scratch / "archive.tar";
  const auto packed = wire::write_dataset_archive(source.value(), archive);
  if (!packed) return report_usage(packed.error());
  for (const std::string& note : packed.value().notes) say_aside("pare: " + note);
  const auto sha256 = wire::sha256_file(archive);
  if (!sha256) return report_usage(sha256.error());
  question_["dataset"] = sha256.value();
  const auto dataset = registered_images(archive, sha256.value());
  if (!dataset) return report(dataset.error());
  if (!is_ready(dataset.value())) return not_ready(given_.images, dataset.value());
  tell(common_, "images    " + images_line(packed.value().listing));
  return Exit::kOk;
}

Result<json> TuneSetup::registered_images(const fs::path& archive,
                                          const std::string& sha256) const {
  auto dataset = service_.get("/v1/datasets/" + sha256);
  if (is_missing(dataset)) {
    dataset = register_dataset(service_, archive, name_for(given_.images, sha256),
                               upload_progress(common_, given_.images));
  }
  return dataset ? inspected(service_, "/v1/datasets/" + sha256) : dataset;
}

// Names of targets: those given, or one a runtime.
Exit TuneSetup::bring_targets() {
  std::vector<std::string> names = given_.targets;
  if (names.empty()) {
    const auto wanted = runtimes();
    if (!wanted) return report(wanted.error());
    for (const std::string& runtime : wanted.value()) {
      names.push_back(runtime + "-" + std::to_string(given_.threads) + "t");
      const auto added = service_.post(
          "/v1/targets",
          {{"name", names.back()}, {"runtime", runtime}, {"threads", given_.threads}});
      if (!added) return report(added.error());
    }
  }
  question_["targets"] = names;
  std::string line = "targets  ";
  for (const std::string& name : names) line += " " + name;
  tell(common_, line);
  return Exit::kOk;
}

// Those asked for; else the usual ones that a worker has.
Result<std::vector<std::string>> TuneSetup::runtimes() const {
  if (!given_.runtimes.empty()) return given_.runtimes;
  const auto workers = service_.list("/v1/workers");
  if (!workers) return workers.error();
  std::set<std::string> there;
  for (const json& worker : workers.value()) {
    for (const json& runtime : worker.value("runtimes", json::array())) {
      there.insert(runtime.value("name", ""));
    }
  }
  std::vector<std::string> usual;
  for (const char* name : kUsualRuntimes) {
    if (there.contains(name)) usual.emplace_back(name);
  }
  if (!usual.empty()) return usual;
  return Error{ErrorCode::kUnavailable,
               "no worker has openvino or onnxruntime: --runtime says what to search for"};
}

}  // namespace pare::cli
