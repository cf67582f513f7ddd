// Tasks: what is under way for a job, and the numbers they tell meanwhile.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

ordered_json view_of(const Task& task) {
  const bool known = task.unreadable.empty();
  ordered_json view = {{"id", task.id.value},
                       {"kind", known ? ordered_json(name_of(task.task.kind)) : nullptr},
                       {"state", name_of(task.state)},
                       {"attempt", task.attempt},
                       {"progress", task.progress},
                       {"message", task.message},
                       {"suspended", task.suspended},
                       {"checkpoint_step", nullptr},
                       {"device", nullptr},
                       {"created_at", rfc3339(task.created_at)}};
  if (task.checkpoint) view["checkpoint_step"] = task.checkpoint->step;
  if (!task.ran_on.empty()) view["device"] = task.ran_on;
  if (task.task.subject.trial) view["trial"] = *task.task.subject.trial;
  if (!task.waiting_reason.empty()) view["waiting_reason"] = task.waiting_reason;
  if (!known) view["reason"] = task.unreadable;
  if (known && !task.reason.empty()) view["reason"] = task.reason;
  if (task.finished_at) view["finished_at"] = rfc3339(*task.finished_at);
  return view;
}

// GET /v1/jobs/{job}/tasks
Response list_tasks(const Services& services, const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto job = services.store.job(JobId{id.value()});
  if (!job) return failure(job.error());
  TaskFilter filter;
  filter.job = JobId{id.value()};
  const auto tasks = services.store.tasks(filter, one_more(page.value()));
  if (!tasks) return failure(tasks.error());
  ListReply list(page.value());
  for (const Task& task : tasks.value()) list.add(task.id.value, view_of(task));
  return list.reply();
}

// GET /v1/tasks/{task}/series
Response get_series(const Services& services, const Request& request) {
  const auto id = id_of(request, "task");
  if (!id) return failure(id.error());
  const auto series = services.store.series(TaskId{id.value()});
  if (!series) return failure(series.error());
  ordered_json points = ordered_json::array();
  for (const StoredPoint& stored : series.value()) {
    points.push_back({{"attempt", stored.attempt},
                      {"step", stored.point.step},
                      {"at", rfc3339(stored.at)},
                      {"numbers", stored.point.values}});
  }
  return reply(200, {{"task", id.value()}, {"points", points}});
}

wire::Schema task_schema() {
  return schema::object(
             {schema::must("id", schema::whole(1)),
              schema::must("kind", schema::one_of_all(kAllTaskKinds).or_null()),
              schema::must("state", schema::one_of_all<TaskState>()),
              schema::must("attempt", schema::small()),
              schema::must("progress", schema::number(0, 1)),
              schema::must("message", schema::text()), schema::must("suspended", schema::truth()),
              schema::must("checkpoint_step", schema::whole().or_null()),
              schema::must("device", schema::text().or_null()),
              schema::must("created_at", schema::time()), schema::may("trial", schema::small(1)),
              schema::may("waiting_reason", schema::text()), schema::may("reason", schema::text()),
              schema::may("finished_at", schema::time())})
      .named("Task");
}

wire::Schema series_schema() {
  const wire::Schema point =
      schema::object({schema::must("attempt", schema::small(1)),
                      schema::must("step", schema::whole()), schema::must("at", schema::time()),
                      schema::must("numbers", schema::by_name(schema::number()))});
  return schema::object(
             {schema::must("task", schema::whole(1)), schema::must("points", schema::list(point))})
      .named("Series");
}

}  // namespace

void add_task_routes(RouteTable& table, const Services& services) {
  table.add({"GET", "/v1/jobs/{job}/tasks", Body::kNone, Needs::kRead, "Lists the tasks of a job",
             [&services](const Request& r) { return list_tasks(services, r); },
             RouteDoc{.id = "listTasks",
                      .tag = "tasks",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Tasks", task_schema())}}}});
  table.add({"GET", "/v1/tasks/{task}/series", Body::kNone, Needs::kRead,
             "The numbers that a task told step by step",
             [&services](const Request& r) { return get_series(services, r); },
             RouteDoc{.id = "getSeries", .tag = "tasks", .gives = {{200, series_schema()}}}});
}

}  // namespace pare::coordinator
