// Artifacts between workers, users and the coordinator: bytes under their SHA-256.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "wire/field_errors.h"

namespace pare::coordinator {
namespace {

// PUT /v1/blobs/{sha256}
Response put_blob(const Services& services, const Request& request) {
  const std::string& sha256 = request.captured("sha256");
  auto begun = services.blobs.begin(sha256, request.size);
  if (!begun) return failure(begun.error());
  BlobUpload upload = std::move(begun).value();

  std::optional<Error> failed;
  const bool whole = request.stream([&](std::string_view bytes) {
    const auto written = upload.write(bytes);
    if (!written) failed = written.error();
    return written.has_value();
  });
  if (failed) return failure(*failed);
  if (!whole) return problem(400, "the upload of blob " + sha256 + " broke off");

  const auto stored = upload.commit();
  if (!stored) return failure(wire::with_field(stored.error(), "sha256", sha256));
  const auto recorded = services.store.add_blob(sha256, request.size);
  if (!recorded) return failure(recorded.error());
  return reply(stored.value() == BlobUpload::Stored::kNew ? 201 : 200,
               {{"sha256", sha256}, {"bytes", request.size.count}});
}

// GET, HEAD /v1/blobs/{sha256}
Response get_blob(const Services& services, const Request& request) {
  const std::string& sha256 = request.captured("sha256");
  const auto blob = services.blobs.find(sha256);
  if (!blob) return failure(blob.error());
  return reply_file(request, blob.value(), sha256);
}

wire::Schema blob_schema() {
  return schema::object(
             {schema::must("sha256", schema::sha256()), schema::must("bytes", schema::whole())})
      .named("Blob");
}

}  // namespace

void add_blob_routes(RouteTable& table, const Services& services) {
  table.add({"PUT", "/v1/blobs/{sha256}", Body::kUpload, Needs::kSubmitOrWorker,
             "Stores bytes whose SHA-256 is the name",
             [&services](const Request& r) { return put_blob(services, r); },
             RouteDoc{.id = "putBlob",
                      .tag = "blobs",
                      .gives = {{200, blob_schema()}, {201, blob_schema()}},
                      .refuses = {507}}});
  table.add({"GET", "/v1/blobs/{sha256}", Body::kNone, Needs::kReadOrWorker,
             "The bytes, whole or a range of them",
             [&services](const Request& r) { return get_blob(services, r); },
             RouteDoc{.id = "getBlob", .tag = "blobs", .file = true}});
}

}  // namespace pare::coordinator
