// Datasets: an archive of images and labels that was uploaded as a blob.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "wire/catalog_json.h"
#include "wire/dataset_archive.h"
#include "wire/field_errors.h"
#include "wire/task_json.h"

namespace pare::coordinator {
namespace {

NewTask inspection(const std::string& sha256) {
  NewTask task;
  task.kind = TaskKind::kInspectDataset;
  task.subject.dataset_sha256 = sha256;
  wire::TaskDocument document;
  document.params = wire::InspectDatasetParams{};
  document.blobs = {{"dataset", sha256}};
  task.document_json = wire::task_to_json(document);
  return task;
}

// PUT /v1/datasets: what is in it, a worker looks at
Response put_dataset(const Services& services, const Request& request) {
  const auto dataset = wire::parse_new_dataset(request.body);
  if (!dataset) return failure(dataset.error());

  const auto& [name, sha256] = dataset.value();
  const auto blob = services.blobs.find(sha256);
  if (!blob) {
    return failure({ErrorCode::kInvalidArgument,
                    "dataset: no blob " + sha256 + "; upload it first (PUT /v1/blobs/...)",
                    "sha256", "\"" + sha256 + "\""});
  }
  const auto outline = wire::check_dataset_outline(blob.value().file);
  if (!outline) return failure(outline.error());

  const auto added =
      services.store.add_dataset({name, sha256, request.principal.owner}, inspection(sha256));
  if (!added) return failure(wire::with_field(added.error(), "name", name));

  services.work_added();
  return reply(202, view_of(added.value().value));
}

// GET /v1/datasets
Response list_datasets(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto datasets = services.store.datasets(one_more(page.value()));
  if (!datasets) return failure(datasets.error());
  ListReply list(page.value());
  for (const Dataset& dataset : datasets.value()) list.add(dataset.cursor, view_of(dataset));
  return list.reply();
}

// GET /v1/datasets/{dataset}
Response get_dataset(const Services& services, const Request& request) {
  const auto dataset = services.store.dataset(request.captured("dataset"));
  if (!dataset) return failure(dataset.error());
  return reply(200, view_of(dataset.value()));
}

}  // namespace

void add_dataset_routes(RouteTable& table, const Services& services) {
  table.add({"PUT", "/v1/datasets", Body::kJson, Needs::kSubmit,
             "Registers an uploaded archive of images",
             [&services](const Request& r) { return put_dataset(services, r); },
             RouteDoc{.id = "putDataset",
                      .tag = "datasets",
                      .takes = wire::new_dataset_schema(),
                      .gives = {{202, dataset_schema()}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/datasets", Body::kNone, Needs::kRead, "The datasets",
             [&services](const Request& r) { return list_datasets(services, r); },
             RouteDoc{.id = "listDatasets",
                      .tag = "datasets",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Datasets", dataset_schema())}}}});
  table.add({"GET", "/v1/datasets/{dataset}", Body::kNone, Needs::kRead, "A dataset",
             [&services](const Request& r) { return get_dataset(services, r); },
             RouteDoc{.id = "getDataset", .tag = "datasets", .gives = {{200, dataset_schema()}}}});
}

}  // namespace pare::coordinator
