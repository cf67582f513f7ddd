// Targets, and the workers that serve them.
#include <array>
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "wire/field_errors.h"
#include "wire/target_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

// POST /v1/targets
Response post_target(const Services& services, const Request& request) {
  const auto target = wire::parse_target(request.body);
  if (!target) return failure(target.error());
  const auto added = services.store.add_target(target.value());
  if (!added) return failure(wire::with_field(added.error(), "name", target.value().name));
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  return reply(added.value().created ? 201 : 200, view_of(added.value().value, workers.value()));
}

// GET /v1/targets
Response list_targets(const Services& services, const Request&) {
  const auto targets = services.store.targets();
  if (!targets) return failure(targets.error());
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  ordered_json items = ordered_json::array();
  for (const Target& target : targets.value()) items.push_back(view_of(target, workers.value()));
  return reply(200, {{"items", items}});
}

// GET /v1/targets/{target}
Response get_target(const Services& services, const Request& request) {
  const auto target = services.store.target(request.captured("target"));
  if (!target) return failure(target.error());
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  return reply(200, view_of(target.value(), workers.value()));
}

// GET /v1/workers
Response list_workers(const Services& services, const Request&) {
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  ordered_json items = ordered_json::array();
  for (const Worker& worker : workers.value()) items.push_back(view_of(worker));
  return reply(200, {{"items", items}});
}

}  // namespace

void add_target_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/targets", Body::kJson, Needs::kAdmin, "Adds a target",
             [&services](const Request& r) { return post_target(services, r); },
             RouteDoc{.id = "postTarget",
                      .tag = "targets",
                      .takes = wire::new_target_schema(),
                      .gives = {{200, target_schema()}, {201, target_schema()}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/targets", Body::kNone, Needs::kRead,
             "The targets, and whether anybody serves them",
             [&services](const Request& r) { return list_targets(services, r); },
             RouteDoc{.id = "listTargets",
                      .tag = "targets",
                      .gives = {{200, items_schema("Targets", target_schema())}}}});
  table.add({"GET", "/v1/targets/{target}", Body::kNone, Needs::kRead, "A target",
             [&services](const Request& r) { return get_target(services, r); },
             RouteDoc{.id = "getTarget", .tag = "targets", .gives = {{200, target_schema()}}}});
  table.add({"GET", "/v1/workers", Body::kNone, Needs::kRead, "The workers",
             [&services](const Request& r) { return list_workers(services, r); },
             RouteDoc{.id = "listWorkers",
                      .tag = "targets",
                      .gives = {{200, items_schema("Workers", worker_schema())}}}});
}

}  // namespace pare::coordinator
