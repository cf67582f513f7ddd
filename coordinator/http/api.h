// The routes of docs/api.md over the store and the blobs.
//
// A handler decodes, asks the store, and encodes; it knows no SQL, no socket and no search.
// Handlers are thread-safe as the store is.
#pragma once

#include <functional>

#include "coordinator/access/token_book.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/http/routes.h"
#include "coordinator/http/web_files.h"
#include "coordinator/jobs/job_view.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

class RequestMetrics;

struct Services {
  Store& store;
  JobViews& views;
  const BlobStore& blobs;
  std::function<void()> work_added;  // a task or a job was added: look for it now
  TokenBook* tokens = nullptr;       // null: none are asked for
  struct Link {                      // what a worker that joins has to know
    std::string public_key;
    int port = 0;
  } link = {};
  WebFiles pages = WebFiles();         // the dashboard
  RequestMetrics* requests = nullptr;  // counted; null: they are not
};

// REQUIRES: `services` outlives the table.
RouteTable make_routes(const Services& services);

}  // namespace pare::coordinator
