// Comparisons: an A/B experiment between two plans of a job on one of its targets.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/submission.h"
#include "wire/catalog_json.h"

namespace pare::coordinator {
namespace {

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
  const auto experiment = experiment_of(services.store, asked.value());
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
  table.add({"POST", "/v1/comparisons", Body::kJson, Needs::kSubmit,
             "Compares two plans of a job on a target",
             [&services](const Request& r) { return post_comparison(services, r); },
             RouteDoc{.id = "postComparison",
                      .tag = "comparisons",
                      .takes = wire::new_comparison_schema(),
                      .gives = {{200, comparison_schema()}, {201, comparison_schema()}},
                      .keyed = true,
                      .refuses = {422}}});
  table.add({"GET", "/v1/comparisons", Body::kNone, Needs::kRead, "The comparisons",
             [&services](const Request& r) { return list_comparisons(services, r); },
             RouteDoc{.id = "listComparisons",
                      .tag = "comparisons",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Comparisons", comparison_schema())}}}});
  table.add(
      {"GET", "/v1/comparisons/{comparison}", Body::kNone, Needs::kRead,
       "A comparison, and its verdict",
       [&services](const Request& r) { return get_comparison(services, r); },
       RouteDoc{
           .id = "getComparison", .tag = "comparisons", .gives = {{200, comparison_schema()}}}});
}

}  // namespace pare::coordinator
