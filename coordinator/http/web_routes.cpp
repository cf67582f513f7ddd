// The dashboard: one page for all of its addresses, and the files that it is made of.  No token is
// asked for: there is nothing of anybody's in it, and what it asks the API for needs one.
#include "coordinator/http/groups.h"
#include "coordinator/http/web_files.h"

namespace pare::coordinator {
namespace {

// What the page shows under each it reads from the address itself (web/src/router.ts).
constexpr const char* kPages[] = {
    "/",
    "/jobs",
    "/jobs/{job}",
    "/plans/{plan}",
    "/candidates/{candidate}",
    "/models",
    "/models/{model}",
    "/datasets",
    "/datasets/{dataset}",
    "/fleet",
    "/comparisons",
    "/comparisons/{comparison}",
    "/new",
    "/system",
};

}  // namespace

void add_web_routes(RouteTable& table, const Services& services) {
  for (const char* const page : kPages) {
    table.add({"GET", page, Body::kNone, Needs::kNothing, "The dashboard",
               [&services](const Request& r) { return reply_page(r, services.pages); }});
  }
  table.add({"GET", "/assets/{file}", Body::kNone, Needs::kNothing, "A file of the dashboard",
             [&services](const Request& r) {
               return reply_asset(r, services.pages, r.captured("file"));
             }});
}

}  // namespace pare::coordinator
