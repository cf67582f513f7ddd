#include "cli/candidate_file.h"

#include <nlohmann/json.hpp>

#include "cli/output_file.h"

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
  auto created = OutputFile::create(file);
  if (!created) return report_usage(created.error());
  OutputFile out = std::move(created).value();
  const auto size = service.download("/v1/candidates/" + sha256 + "/file", sha256, out);
  if (out.failed()) return report_usage(out.failure());
  if (!size) return report(size.error());
  if (const auto kept = out.keep(); !kept) return report_usage(kept.error());
  written = {sha256, size.value(), floats_of(service, sha256)};
  return Exit::kOk;
}

std::string floats_note(const CandidateFile& file) {
  if (file.floats == "fp32") return "";
  return "It was measured computing in " + file.floats +
         ": load it so, as OpenVINO does with INFERENCE_PRECISION_HINT=" + file.floats + "\n";
}

}  // namespace pare::cli
