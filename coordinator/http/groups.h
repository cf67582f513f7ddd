// The groups of routes, one file each; make_routes() adds them all.
#pragma once

#include "coordinator/http/api.h"

namespace pare::coordinator {

void add_blob_routes(RouteTable& table, const Services& services);
void add_model_routes(RouteTable& table, const Services& services);
void add_dataset_routes(RouteTable& table, const Services& services);
void add_target_routes(RouteTable& table, const Services& services);
void add_health_routes(RouteTable& table, const Services& services);
void add_job_routes(RouteTable& table, const Services& services);
void add_trial_routes(RouteTable& table, const Services& services);
void add_plan_routes(RouteTable& table, const Services& services);
void add_comparison_routes(RouteTable& table, const Services& services);
void add_report_routes(RouteTable& table, const Services& services);
void add_task_routes(RouteTable& table, const Services& services);
void add_supernet_routes(RouteTable& table, const Services& services);
void add_token_routes(RouteTable& table, const Services& services);
void add_enrolment_routes(RouteTable& table, const Services& services);
void add_web_routes(RouteTable& table, const Services& services);

}  // namespace pare::coordinator
