#include "cli/candidate_file.h"

#include <nlohmann/json.hpp>

namespace pare::cli {

using nlohmann::json;

namespace {

std::string floats_of(const Service& service, const std::string& candidate) {
  const auto known = service.get("/v1/candidates/" + candidate);
  if (!known) return "fp32";
  const auto plan = service.get("/v1/plans/" + known.value().value("plan_sha256", ""));
  return plan ? plan.value()["plan"].value("floats", "fp32") : "fp32";
}

}  // namespace

Result<std::string> candidate_of(const Service& service, const std::string& name) {
  const auto candidate = service.get("/v1/candidates/" + escaped(name));
  if (candidate) return candidate.value().value("sha256", "");
  if (candidate.error().code != ErrorCode::kNotFound) return candidate.error();
  const auto plan = service.get("/v1/plans/" + escaped(name));
  if (!plan) {
    if (plan.error().code != ErrorCode::kNotFound) return plan.error();
    return Error{ErrorCode::kNotFound, "no plan and no candidate is called " + name};
  }
  for (const json& trial : plan.value()["trials"]) {
    if (trial.contains("candidate_sha256")) return trial.value("candidate_sha256", "");
  }
  return Error{ErrorCode::kNotFound, "plan " + name + " has not been built"};
}

Exit write_candidate(const Service& service, const std::string& sha256, const std::string& file,
                     CandidateFile& written) {
  Bytes size;
  const std::string route = "/v1/candidates/" + sha256 + "/file";
  const Exit done = download_to(service, route, sha256, file, size);
  if (done != Exit::kOk) return done;
  written = {sha256, size, floats_of(service, sha256)};
  return Exit::kOk;
}

std::string floats_note(const CandidateFile& file) {
  if (file.floats == "fp32") return "";
  return "It was measured computing in " + file.floats +
         ": load it so, as OpenVINO does with INFERENCE_PRECISION_HINT=" + file.floats + "\n";
}

}  // namespace pare::cli
