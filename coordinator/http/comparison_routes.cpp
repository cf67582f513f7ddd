// Comparisons: an A/B experiment between two plans of a job on one of its targets.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/tasks.h"
#include "wire/catalog_json.h"
#include "wire/summary_json.h"

namespace pare::coordinator {
namespace {

// The trial of the job that has the plan.
Result<Trial> trial_of(const Services& services, JobId job, const std::string& plan,
                       const std::string& field) {
  const auto trials = services.store.trials_with_plan(plan);
  if (!trials) return unknown_reference(trials.error(), field, plan);
  const auto found = std::ranges::find(trials.value(), job, &Trial::job);
  if (found == trials.value().end()) {
    return about({ErrorCode::kUnsupported,
                  "job " + std::to_string(job.value) + " has no trial with plan \"" + plan + "\""},
                 field, plan);
  }
  return *found;
}

// The target, if the job has it and somebody serves it.
Result<Target> target_of(const Services& services, const Job& job, const std::string& name) {
  if (std::ranges::find(job.targets, name) == job.targets.end()) {
    return about({ErrorCode::kUnsupported,
                  "job " + std::to_string(job.id.value) + " has no target \"" + name + "\""},
                 "target", name);
  }
  auto target = services.store.target(name);
  if (!target) return unknown_reference(target.error(), "target", name);
  const auto workers = services.store.workers();
  if (!workers) return workers.error();
  if (workers_serving(target.value(), workers.value()) == 0) {
    return about({ErrorCode::kUnsupported, "no worker serves target \"" + name + "\""}, "target",
                 name);
  }
  return target;
}

struct Experiment {
  ComparisonDraft draft;
  NewTask task;
};

Result<Experiment> experiment_of(const Services& services, wire::NewComparison asked) {
  const auto job = services.store.job(asked.job);
  if (!job) {
    return unknown_reference(job.error(), "job", std::to_string(asked.job.value));
  }
  const auto target = target_of(services, job.value(), asked.target);
  if (!target) return target.error();
  const auto a = trial_of(services, asked.job, asked.a, "a");
  if (!a) return a.error();
  const auto b = trial_of(services, asked.job, asked.b, "b");
  if (!b) return b.error();
  const auto model =
      services.store.model_version(job.value().model_sha256, job.value().card_version);
  if (!model) return model.error();
  const auto summary = wire::parse_summary(model.value().summary_json);
  if (!summary) return summary.error();

  const auto dataset = services.store.dataset(job.value().dataset_sha256);
  if (!dataset) return dataset.error();
  const LabelSource labels =
      label_source(summary.value().card.head, dataset.value().counts.labelled);

  asked.a = a.value().plan_sha256;
  asked.b = b.value().plan_sha256;
  auto task = compare_task(job.value(), summary.value().card, labels, target.value(), a.value(),
                           b.value(), asked);
  if (!task) return task.error();
  return Experiment{{asked.job, asked.target, asked.a, asked.b, wire::comparison_to_json(asked)},
                    std::move(task).value()};
}

// POST /v1/comparisons
Response post_comparison(const Services& services, const Request& request) {
  const auto asked = wire::parse_new_comparison(request.body);
  if (!asked) return failure(asked.error());
  const auto key = idempotency_of(request);
  if (!key) return failure(key.error());

  if (key.value()) {  // first: what was good when it was posted may be good no more
    const auto made = services.store.comparison_made_by(*key.value());
    if (!made) return failure(made.error());
    if (made.value()) return reply(200, view_of(*made.value()));
  }
  const auto experiment = experiment_of(services, asked.value());
  if (!experiment) return failure(experiment.error());
  const auto added =
      services.store.add_comparison(experiment.value().draft, experiment.value().task, key.value());
  if (!added) return failure(added.error());

  services.work_added();
  return reply(added.value().created ? 201 : 200, view_of(added.value().value));
}

// GET /v1/comparisons
Response list_comparisons(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto comparisons = services.store.comparisons(one_more(page.value()));
  if (!comparisons) return failure(comparisons.error());
  ListReply list(page.value());
  for (const Comparison& comparison : comparisons.value()) {
    list.add(comparison.id.value, view_of(comparison));
  }
  return list.reply();
}

// GET /v1/comparisons/{comparison}
Response get_comparison(const Services& services, const Request& request) {
  const auto id = id_of(request, "comparison");
  if (!id) return failure(id.error());
  const auto comparison = services.store.comparison(ComparisonId{id.value()});
  if (!comparison) return failure(comparison.error());
  return reply(200, view_of(comparison.value()));
}

}  // namespace

void add_comparison_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/comparisons", Body::kJson, "Compares two plans of a job on a target",
             [&services](const Request& r) { return post_comparison(services, r); }});
  table.add({"GET", "/v1/comparisons", Body::kNone, "The comparisons",
             [&services](const Request& r) { return list_comparisons(services, r); }});
  table.add({"GET", "/v1/comparisons/{comparison}", Body::kNone, "A comparison, and its verdict",
             [&services](const Request& r) { return get_comparison(services, r); }});
}

}  // namespace pare::coordinator
