#include "coordinator/http/request_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

namespace pare::coordinator {
namespace {

// Seconds: from what is answered from memory to what a prediction takes.
const prometheus::Histogram::BucketBoundaries kBounds = {0.001, 0.005, 0.01, 0.02, 0.05, 0.1,
                                                         0.25,  0.5,   1,    2.5,  5,    10};

}  // namespace

RequestMetrics::RequestMetrics()
    : requests_(prometheus::BuildCounter()
                    .Name("pare_http_requests_total")
                    .Help("Requests that were answered")
                    .Register(registry_)),
      seconds_(prometheus::BuildHistogram()
                   .Name("pare_http_request_seconds")
                   .Help("Time to an answer, from the last byte of the request on")
                   .Register(registry_)) {}

void RequestMetrics::answered(const std::string& method, const std::string& route, int status,
                              Seconds took) {
  requests_.Add({{"method", method}, {"route", route}, {"code", std::to_string(status)}})
      .Increment();
  seconds_.Add({{"method", method}, {"route", route}}, kBounds).Observe(took.count());
}

void RequestMetrics::refused(int status) {
  requests_.Add({{"method", ""}, {"route", ""}, {"code", std::to_string(status)}}).Increment();
}

}  // namespace pare::coordinator
