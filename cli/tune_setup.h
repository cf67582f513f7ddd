// What `pare tune` needs before it can ask for a search: the model, the images and the targets, in
// the service.  What is there already is taken as it is.
//
// One thread.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/tune_arguments.h"

namespace pare::cli {

class TuneSetup {
 public:
  // All three outlive this.
  TuneSetup(const Common& common, const TuneArguments& given, const Service& service)
      : common_(common), given_(given), service_(service) {}

  // Brings them, saying a line on each; or says what is wrong and what to end with.
  Exit run();

  // An object: the SHA-256 of `model` and `dataset`, `card`, and the names of the `targets`.
  // REQUIRES: run() was kOk.
  const nlohmann::json& question() const noexcept { return question_; }

 private:
  Exit bring_model(const std::filesystem::path& scratch);
  Exit bring_images(const std::filesystem::path& scratch);
  Exit bring_targets();
  Result<nlohmann::json> registered_model(const std::string& file, const std::string& sha256) const;
  Result<nlohmann::json> registered_images(const std::filesystem::path& archive,
                                           const std::string& sha256) const;
  Result<std::vector<std::string>> runtimes() const;

  const Common& common_;
  const TuneArguments& given_;
  const Service& service_;
  nlohmann::json question_;
};

}  // namespace pare::cli
