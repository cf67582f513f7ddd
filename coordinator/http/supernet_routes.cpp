// Super-networks: what training made, with where it comes from.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"

namespace pare::coordinator {
namespace {

// GET /v1/supernets
Response list_supernets(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto supernets = services.store.supernets(one_more(page.value()));
  if (!supernets) return failure(supernets.error());
  ListReply list(page.value());
  for (const SupernetRecord& one : supernets.value()) list.add(one.cursor, view_of(one));
  return list.reply();
}

// GET /v1/supernets/{supernet}
Response get_supernet(const Services& services, const Request& request) {
  const auto supernet = services.store.supernet(request.captured("supernet"));
  if (!supernet) return failure(supernet.error());
  return reply(200, view_of(supernet.value()));
}

// GET /v1/supernets/{supernet}/file
Response get_supernet_file(const Services& services, const Request& request) {
  const auto supernet = services.store.supernet(request.captured("supernet"));
  if (!supernet) return failure(supernet.error());
  const auto blob = services.blobs.find(supernet.value().sha256);
  if (!blob) return failure(blob.error());
  return reply_file(request, blob.value(), supernet.value().sha256, "supernet.safetensors");
}

}  // namespace

void add_supernet_routes(RouteTable& table, const Services& services) {
  table.add({"GET", "/v1/supernets", Body::kNone, "The super-networks that were trained",
             [&services](const Request& r) { return list_supernets(services, r); }});
  table.add({"GET", "/v1/supernets/{supernet}", Body::kNone,
             "A super-network: what it was trained on, and what that brought",
             [&services](const Request& r) { return get_supernet(services, r); }});
  table.add({"GET", "/v1/supernets/{supernet}/file", Body::kNone, "The file, a safetensors",
             [&services](const Request& r) { return get_supernet_file(services, r); }});
}

}  // namespace pare::coordinator
