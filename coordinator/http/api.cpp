#include "coordinator/http/api.h"

#include "coordinator/http/groups.h"
#include "coordinator/http/openapi.h"

namespace pare::coordinator {

RouteTable make_routes(const Services& services) {
  RouteTable table;
  add_blob_routes(table, services);
  add_model_routes(table, services);
  add_dataset_routes(table, services);
  add_target_routes(table, services);
  add_health_routes(table, services);
  add_job_routes(table, services);
  add_trial_routes(table, services);
  add_plan_routes(table, services);
  add_comparison_routes(table, services);
  add_report_routes(table, services);
  add_task_routes(table, services);
  add_supernet_routes(table, services);
  add_token_routes(table, services);
  add_enrolment_routes(table, services);
  add_web_routes(table, services);
  add_openapi_route(table, services.tokens == nullptr ? Access::kOpen : Access::kTokens);
  return table;
}

}  // namespace pare::coordinator
